/**
 * Element-wise arithmetic with broadcasting. Letters: a, b the operands, y the result, dy its gradient.
 * Each op is one line of WGSL and the gradients of its operands; gradients of broadcast operands are summed back.
 */
import { UsageError } from '../errors.js';
import { type Op, apply, setGradientOps } from '../engine/op.js';
import type { NoAttributes, Pass, Shape } from '../engine/pass.js';
import { runPass } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { elementwisePass } from './elementwise.js';
import { sumTo } from './sum.js';

interface Binary {
  readonly expression: (a: string, b: string) => string;
  readonly da: (at: Operands) => Tensor;
  readonly db: (at: Operands) => Tensor;
}

interface Operands {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
  readonly dy: Tensor;
}

function binary(name: string, { expression, da, db }: Binary): Op<'a' | 'b', 'y', NoAttributes> {
  const forward = elementwisePass(`${name}/forward`, ['a', 'b'], {
    expression: ({ a, b }) => expression(a, b),
  });
  return {
    name,
    passes: [forward],
    forward: (inputs) => runPass(forward, inputs, {}),
    backward: ({ inputs: { a, b }, outputs: { y }, gradients }) => {
      const at: Operands = { a, b, y, dy: gradients.y as Tensor };
      return { a: () => sumTo(da(at), a.shape), b: () => sumTo(db(at), b.shape) };
    },
  };
}

interface Unary {
  readonly expression: (x: string) => string;
  readonly dx: (at: { readonly x: Tensor; readonly y: Tensor; readonly dy: Tensor }) => Tensor;
}

function unary(name: string, { expression, dx }: Unary): Op<'x', 'y', NoAttributes> {
  const forward = elementwisePass(`${name}/forward`, ['x'], { expression: ({ x }) => expression(x) });
  return {
    name,
    passes: [forward],
    forward: (inputs) => runPass(forward, inputs, {}),
    backward: ({ inputs: { x }, outputs: { y }, gradients }) => ({
      x: () => dx({ x, y, dy: gradients.y as Tensor }),
    }),
  };
}

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
export const expOp = unary('exp', { expression: (x) => `exp(${x})`, dx: ({ y, dy }) => multiply(dy, y) });
export const logOp = unary('log', { expression: (x) => `log(${x})`, dx: ({ x, dy }) => divide(dy, x) });
export const squareOp = unary('square', {
  expression: (x) => `${x} * ${x}`,
  dx: ({ x, dy }) => multiply(multiply(dy, x), 2),
});
export const sqrtOp = unary('sqrt', {
  expression: (x) => `sqrt(${x})`,
  // d√x/dx = 1 / (2√x)
  dx: ({ y, dy }) => divide(multiply(dy, 0.5), y),
});

const scaleForward = elementwisePass<'x', { factor: number; offset: number }>('scale/forward', ['x'], {
  expression: ({ x }, { factor, offset }) => `${x} * ${wgslFloat(factor)} + ${wgslFloat(offset)}`,
});

/** y = x · factor + offset with both known when the program is recorded. */
export const scaleOp: Op<'x', 'y', { factor: number; offset: number }> = {
  name: 'scale',
  passes: [scaleForward],
  forward: (inputs, attributes) => runPass(scaleForward, inputs, attributes),
  backward: ({ attributes: { factor }, gradients }) => ({ x: () => scale(gradients.y as Tensor, factor) }),
};

type FillAttributes = { readonly shape: Shape; readonly value: number };

const fillForward: Pass<never, 'y', FillAttributes> = {
  ...elementwisePass<never, FillAttributes>('fill/forward', [], {
    expression: (_, { value }) => wgslFloat(value),
  }),
  shape: (_, { shape }) => ({ y: { shape, dtype: 'f32' } }),
};

/** A number as WGSL writes an f32. */
export function wgslFloat(value: number): string {
  const text = `${Math.fround(value)}`;
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/** y = a + b, broadcasting. Throws: ShapeError when the shapes do not broadcast; so do the others. */
export function add(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? scale(a, 1, b) : apply(addOp, { a, b }, {}).y;
}

/** y = a − b, broadcasting. */
export function subtract(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? scale(a, 1, -b) : apply(subtractOp, { a, b }, {}).y;
}

/** y = a · b element by element, broadcasting. */
export function multiply(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? scale(a, b) : apply(multiplyOp, { a, b }, {}).y;
}

/** y = a / b element by element, broadcasting. */
export function divide(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? scale(a, 1 / b) : apply(divideOp, { a, b }, {}).y;
}

/** WGSL has no word for infinity: a shader with one would not compile. */
function checkFinite(who: string, value: number): void {
  if (!Number.isFinite(Math.fround(value)))
    throw new UsageError(`${who}: ${value} is no number that an f32 can hold.`);
}

/** y = x · factor + offset. Throws: UsageError for a number that is not finite. */
export function scale(x: Tensor, factor: number, offset = 0): Tensor {
  checkFinite('scale', factor);
  checkFinite('scale', offset);
  return apply(scaleOp, { x }, { factor, offset }).y;
}

/** y = −x. */
export function negate(x: Tensor): Tensor {
  return apply(negateOp, { x }, {}).y;
}

/** y = eˣ. */
export function exp(x: Tensor): Tensor {
  return apply(expOp, { x }, {}).y;
}

/** y = ln x; undefined for x ≤ 0, where WGSL promises nothing. */
export function log(x: Tensor): Tensor {
  return apply(logOp, { x }, {}).y;
}

/** y = x². */
export function square(x: Tensor): Tensor {
  return apply(squareOp, { x }, {}).y;
}

/** y = √x; undefined for x < 0. */
export function sqrt(x: Tensor): Tensor {
  return apply(sqrtOp, { x }, {}).y;
}

/** A tensor of one value everywhere. Throws: UsageError for a number that is not finite. */
export function fill(shape: Shape, value: number): Tensor {
  checkFinite('fill', value);
  return runPass(fillForward, {}, { shape, value }).y;
}

setGradientOps({ add, fill });
