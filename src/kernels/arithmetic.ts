/**
 * Element-wise arithmetic with broadcasting. Letters: a, b the operands, y the result, dy its gradient.
 * Each op is one line of WGSL with the gradients of its operands; gradients of broadcast operands are summed over the broadcast axes.
 */
import { UsageError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import type { Primitive, Shape } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkShape, checkTensors } from '../engine/tensor.js';
import { cast } from './cast.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { binary, checkFinite, unary, withNumbers } from './elementwise_op.js';

export const addOp = binary('add', {
  expression: (a, b) => `${a} + ${b}`,
  da: ({ dy }) => dy,
  db: ({ dy }) => dy,
});
export const subtractOp = binary('subtract', {
  expression: (a, b) => `${a} - ${b}`,
  da: ({ dy }) => dy,
  db: ({ dy }) => negate(dy),
});
export const multiplyOp = binary('multiply', {
  expression: (a, b) => `${a} * ${b}`,
  da: ({ b, dy }) => multiply(dy, b),
  db: ({ a, dy }) => multiply(dy, a),
});
export const divideOp = binary('divide', {
  expression: (a, b) => `${a} / ${b}`,
  da: ({ b, dy }) => divide(dy, b),
  // d(a/b)/db = −a/b² = −y/b
  db: ({ b, y, dy }) => negate(divide(multiply(dy, y), b)),
});

export const negateOp = unary('negate', { expression: (x) => `-${x}`, dx: ({ dy }) => negate(dy) });
export const expOp = unary('exp', {
  helpers: nonFinite,
  expression: (x) => `exp_of(${x})`,
  dx: ({ y, dy }) => multiply(dy, y),
});
export const logOp = unary('log', {
  helpers: nonFinite,
  expression: (x) => `log_of(${x})`,
  dx: ({ x, dy }) => divide(dy, x),
});
export const squareOp = unary('square', {
  expression: (x) => `${x} * ${x}`,
  dx: ({ x, dy }) => multiply(multiply(dy, x), 2),
});
export const sqrtOp = unary('sqrt', {
  expression: (x) => `sqrt(${x})`,
  // d√x/dx = 1 / (2√x)
  dx: ({ y, dy }) => divide(multiply(dy, 0.5), y),
});

export const scaleOp = withNumbers<{ factor: number; offset: number }>('scale', {
  scalars: ['factor', 'offset'],
  expression: (x, { factor, offset }) => `${x} * ${factor} + ${offset}`,
  dx: ({ dy }, { factor }) => scale(dy, factor),
});

type Divisor = { readonly divisor: number; readonly shift: number };

/**
 * y = x / divisor. A divisor near the limits of f32 is scaled, together with x, by a power of two: the reciprocal of
 * such a number may be infinite or 0 in f32, and a GPU may flush a subnormal divisor to 0.
 */
export const divideByOp: Op<'x', 'y', Divisor> = withNumbers<Divisor>('divide_by', {
  scalars: ['divisor', 'shift'],
  expression: (x, { divisor, shift }) => `${x} * ${shift} / ${divisor}`,
  dx: ({ dy }, numbers) => apply(divideByOp, { x: dy }, numbers).y,
});

export const divideIntoOp = withNumbers<{ dividend: number }>('divide_into', {
  scalars: ['dividend'],
  expression: (x, { dividend }) => `${dividend} / ${x}`,
  // d(a/x)/dx = −a/x² = −y/x
  dx: ({ x, y, dy }) => negate(divide(multiply(dy, y), x)),
});

type FillAttributes = { readonly shape: Shape; readonly value: number };

const fillForward: Primitive<never, 'y', FillAttributes> = {
  ...elementwisePrimitive<never, FillAttributes>('fill/forward', [], {
    expression: (_, { value }, __, scalar) => scalar(value),
  }),
  scalars: ['value'],
  shape: (_, { shape }) => ({ y: shape }),
};

export const fillOp: Op<never, 'y', FillAttributes> = {
  name: 'fill',
  primitives: [fillForward],
  scalars: ['value'],
  forward: (_, attributes) => runPrimitive(fillForward, {}, attributes),
  backward: () => ({}),
};

/** y = a + b, broadcasting. Throws: ShapeError if the shapes do not broadcast, like all binary ops. */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  return withOneNumber('add', a, b, {
    tensors: (a, b) => apply(addOp, { a, b }, {}).y,
    right: (a, b) => affine('add', a, 1, b),
    left: (a, b) => affine('add', b, 1, a),
  });
}

/** y = a − b, broadcasting. */
export function subtract(a: Tensor | number, b: Tensor | number): Tensor {
  return withOneNumber('subtract', a, b, {
    tensors: (a, b) => apply(subtractOp, { a, b }, {}).y,
    right: (a, b) => affine('subtract', a, 1, -b),
    left: (a, b) => affine('subtract', b, -1, a),
  });
}

/** y = a · b element by element, broadcasting. */
export function multiply(a: Tensor | number, b: Tensor | number): Tensor {
  return withOneNumber('multiply', a, b, {
    tensors: (a, b) => apply(multiplyOp, { a, b }, {}).y,
    right: (a, b) => affine('multiply', a, b, 0),
    left: (a, b) => affine('multiply', b, a, 0),
  });
}

/** y = a / b element by element, broadcasting. A number divides even if f32 cannot hold its reciprocal. */
export function divide(a: Tensor | number, b: Tensor | number): Tensor {
  return withOneNumber('divide', a, b, {
    tensors: (a, b) => apply(divideOp, { a, b }, {}).y,
    right: (x, b) => {
      if (b === 0)
        throw new UsageError('divide: b is the number 0, expected another; divide by a tensor for ±∞.');
      const shift = shiftOf(checkFinite('divide', b));
      return apply(divideByOp, { x }, { divisor: b * shift, shift }).y;
    },
    left: (dividend, x) => apply(divideIntoOp, { x }, { dividend: checkFinite('divide', dividend) }).y,
  });
}

/** A binary op for two tensors, or for a tensor and a number on either side. */
interface Forms<R> {
  tensors(a: Tensor, b: Tensor): R;
  right(a: Tensor, b: number): R;
  left(a: number, b: Tensor): R;
}

function withOneNumber<R>(who: string, a: Tensor | number, b: Tensor | number, forms: Forms<R>): R {
  if (typeof a !== 'number') return typeof b === 'number' ? forms.right(a, b) : forms.tensors(a, b);
  if (typeof b === 'number')
    throw new UsageError(`${who}: a is ${a} and b is ${b}, expected at least one tensor.`);
  return forms.left(a, b);
}

/** The operands of a binary op of which one may be a number: a tensor like the other, which takes no memory when it is fused. */
export function tensorsOf(
  who: string,
  a: Tensor | number,
  b: Tensor | number,
): { readonly a: Tensor; readonly b: Tensor } {
  return withOneNumber(who, a, b, {
    tensors: (a, b) => {
      checkTensors(who, { a, b });
      return { a, b };
    },
    right: (a, b) => {
      checkTensors(who, { a });
      return { a, b: filledLike(a, checkFinite(who, b)) };
    },
    left: (a, b) => {
      checkTensors(who, { b });
      return { a: filledLike(b, checkFinite(who, a)), b };
    },
  });
}

/** A tensor of the same shape and dtype with one value. */
export function filledLike({ shape, dtype }: Tensor, value: number): Tensor {
  const made = fill(shape, value);
  return dtype === 'f16' ? cast(made, 'f16') : made;
}

/** The power of two that scales a divisor near the limits of f32 to the middle of its range; 1 for other divisors. */
function shiftOf(divisor: number): number {
  const size = Math.abs(divisor);
  if (size < 2 ** -64) return 2 ** 64;
  return size > 2 ** 64 ? 2 ** -64 : 1; // so that x · shift leaves f32 only where x / divisor does
}

/** y = x · factor + offset. Throws: UsageError for a number that is not finite. */
export function scale(x: Tensor, factor: number, offset = 0): Tensor {
  return affine('scale', x, factor, offset);
}

/** `scale`, on behalf of the op that the caller called. */
function affine(who: string, x: Tensor, factor: number, offset: number): Tensor {
  return apply(scaleOp, { x }, { factor: checkFinite(who, factor), offset: checkFinite(who, offset) }).y;
}

/** y = −x. */
export function negate(x: Tensor): Tensor {
  return apply(negateOp, { x }, {}).y;
}

/** y = eˣ. */
export function exp(x: Tensor): Tensor {
  return apply(expOp, { x }, {}).y;
}

/** y = ln x: −∞ at 0 and NaN below, as in NumPy. */
export function log(x: Tensor): Tensor {
  return apply(logOp, { x }, {}).y;
}

/** y = x². */
export function square(x: Tensor): Tensor {
  return apply(squareOp, { x }, {}).y;
}

/** y = √x: NaN below 0, as in NumPy. */
export function sqrt(x: Tensor): Tensor {
  return apply(sqrtOp, { x }, {}).y;
}

/** A tensor filled with one value. Throws: ShapeError for another shape; UsageError for a number that is not finite. */
export function fill(shape: Shape, value: number): Tensor {
  checkShape('fill', shape);
  return apply(fillOp, {}, { shape, value: checkFinite('fill', value) }).y;
}
