/** Comparisons, whose results are 1 for true and 0 for false, and the choice by one. */
import { type Op, apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { filledLike, tensorsOf } from './arithmetic.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { binary, checkFinite } from './elementwise_op.js';
import { sumTo } from './sum.js';

/** 1 where the condition holds and neither operand is NaN, otherwise 0; or the other way round. */
/* @__NO_SIDE_EFFECTS__ */
function comparison(name: string, operator: string, [otherwise, then] = ['0.0', '1.0']) {
  return binary(name, {
    helpers: nonFinite,
    expression: (a, b) =>
      `select(${otherwise}, ${then}, ${a} ${operator} ${b} && !is_nan(${a}) && !is_nan(${b}))`,
    da: null,
    db: null,
  });
}

export const equalOp = comparison('equal', '==');
export const notEqualOp = comparison('not_equal', '==', ['1.0', '0.0']);
export const greaterOp = comparison('greater', '>');
export const greaterEqualOp = comparison('greater_equal', '>=');
export const lessOp = comparison('less', '<');
export const lessEqualOp = comparison('less_equal', '<=');

/**
 * y = 1 where a = b, otherwise 0, in f32, broadcasting. The gradient is 0, as for all comparisons; NaN equals nothing and is
 * neither above nor below anything, as in NumPy.
 *
 * Throws: ShapeError if the shapes do not broadcast; UsageError for two numbers; like all comparisons.
 */
export function equal(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(equalOp, tensorsOf('equal', a, b), {}).y;
}

/** y = 0 where a = b, otherwise 1: NaN differs from everything, itself included. */
export function notEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(notEqualOp, tensorsOf('notEqual', a, b), {}).y;
}

/** y = 1 where a > b, otherwise 0. */
export function greater(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(greaterOp, tensorsOf('greater', a, b), {}).y;
}

/** y = 1 where a ≥ b, otherwise 0. */
export function greaterEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(greaterEqualOp, tensorsOf('greaterEqual', a, b), {}).y;
}

/** y = 1 where a < b, otherwise 0. */
export function less(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(lessOp, tensorsOf('less', a, b), {}).y;
}

/** y = 1 where a ≤ b, otherwise 0. */
export function lessEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(lessEqualOp, tensorsOf('lessEqual', a, b), {}).y;
}

export const whereForward = elementwisePrimitive('where/forward', ['condition', 'a', 'b'], {
  helpers: nonFinite,
  // By its bits: NaN is true, as in NumPy.
  expression: ({ condition, a, b }) => `select(${b}, ${a}, magnitude(${condition}) != 0u)`,
});

export const whereOp: Op<'condition' | 'a' | 'b', 'y', NoAttributes> = {
  name: 'where',
  primitives: [whereForward],
  forward: (inputs) => runPrimitive(whereForward, inputs, {}),
  backward: ({ inputs: { condition, a, b }, gradients }) => {
    const dy = gradients.y as Tensor;
    const nothing = filledLike(dy, 0);
    return {
      condition: null,
      a: () => sumTo(apply(whereOp, { condition, a: dy, b: nothing }, {}).y, a.shape),
      b: () => sumTo(apply(whereOp, { condition, a: nothing, b: dy }, {}).y, b.shape),
    };
  },
};

/**
 * y = a where the condition is not 0, otherwise b, broadcasting. The gradient of an element that was not chosen is 0, even if it
 * is NaN or infinite; the condition has none.
 *
 * Shapes: condition, a and b broadcast, all of one dtype; a and b may be numbers.
 * Throws: ShapeError if the shapes do not broadcast; UsageError for a number that is not finite.
 */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const like = [condition, a, b].findLast((each) => typeof each !== 'number') as Tensor;
  checkTensors('where', { condition, [like === b ? 'b' : 'a']: like });
  const [first, second] = [a, b].map((each) =>
    typeof each === 'number' ? filledLike(like, checkFinite('where', each)) : each,
  ) as [Tensor, Tensor];
  return apply(whereOp, { condition, a: first, b: second }, {}).y;
}

/** y = 1 where both are not 0, otherwise 0. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  checkTensors('logicalAnd', { a, b });
  return where(a, notEqual(b, 0), 0);
}

/** y = 1 where either is not 0, otherwise 0. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  checkTensors('logicalOr', { a, b });
  return where(a, 1, notEqual(b, 0));
}

/** y = 1 where x is 0, otherwise 0. */
export function logicalNot(x: Tensor): Tensor {
  checkTensors('logicalNot', { x });
  return equal(x, 0);
}
