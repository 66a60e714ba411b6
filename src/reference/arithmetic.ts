/**
 * Element-wise arithmetic in float64, with broadcasting as NumPy defines it.
 * Letters: a, b operands, y the result, dy its gradient.
 */
import { type NoAttributes, type Shape, sizeOf } from '../engine/primitive.js';
import { type Array64, fill64, map64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

/** The shape of a ∘ b: aligned at the last axis; extents of 1 are broadcast. */
export function broadcastShape64(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const extent = (shape: Shape, axis: number): number => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => Math.max(extent(a, axis), extent(b, axis)));
}

/** The flat index in `from` that corresponds to the flat index `index` of the broadcast shape `to`. */
function sourceIndex(from: Shape, to: Shape, index: number): number {
  let source = 0;
  let rest = index;
  let stride = 1;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const extent = to[axis] as number;
    const own = from[axis - to.length + from.length] ?? 1;
    if (own > 1) source += (rest % extent) * stride;
    stride *= own;
    rest = Math.floor(rest / extent);
  }
  return source;
}

/** `sourceIndex` as a function of the index; fast for shapes with equal last axes, such as a bias and its images. */
function sourceIndexOf(from: Shape, to: Shape): (index: number) => number {
  const size = sizeOf(from);
  const isEnd = from.every((extent, axis) => extent === to[axis - from.length + to.length]);
  return isEnd ? (index) => index % size : (index) => sourceIndex(from, to, index);
}

/** y = f(a, b) element by element. */
export function combine64(a: Array64, b: Array64, fn: (a: number, b: number) => number): Array64 {
  const shape = broadcastShape64(a.shape, b.shape);
  const [fromA, fromB] = [sourceIndexOf(a.shape, shape), sourceIndexOf(b.shape, shape)];
  const y = zeros64(shape);
  for (let i = 0; i < y.values.length; i++)
    y.values[i] = fn(a.values[fromA(i)] as number, b.values[fromB(i)] as number);
  return y;
}

/** Sums the gradient of every element that was read several times. */
export function reduceTo64(gradient: Array64, shape: Shape): Array64 {
  const sum = zeros64(shape);
  const from = sourceIndexOf(shape, gradient.shape);
  gradient.values.forEach((value, i) => {
    sum.values[from(i)]! += value;
  });
  return sum;
}

/** A function of two numbers. */
export interface Binary {
  value(a: number, b: number): number;
  /** ∂y/∂a and ∂y/∂b. */
  partials(a: number, b: number): readonly [number, number];
  /** Whether a partial of 0 leaves dy out, even if that is NaN or infinite. */
  readonly isChoice?: boolean;
}

/** da = Σ dy·∂y/∂a and db = Σ dy·∂y/∂b over the elements that read them; with `absolute` Σ |dy·∂y/∂a| and so on. */
export function binaryGradients64(
  { partials, isChoice }: Binary,
  a: Array64,
  b: Array64,
  dy: Array64,
  { absolute = false } = {},
): { a: Array64; b: Array64 } {
  const part = (which: 0 | 1): Array64 => {
    const local = combine64(a, b, (x, y) => partials(x, y)[which]);
    const flowing = map64(local, (p, i) => (isChoice && p === 0 ? 0 : p * (dy.values[i] as number)));
    return absolute ? map64(flowing, Math.abs) : flowing;
  };
  return { a: reduceTo64(part(0), a.shape), b: reduceTo64(part(1), b.shape) };
}

export type BinaryReference = Reference<'a' | 'b', 'y', NoAttributes> & Binary;

/* @__NO_SIDE_EFFECTS__ */
export function binary(op: string, { value, partials, isChoice = false }: Binary): BinaryReference {
  return {
    op,
    value,
    partials,
    isChoice,
    forward: ({ a, b }) => ({ y: combine64(a, b, value) }),
    backward: ({ a, b }, { y: dy }) => binaryGradients64({ value, partials, isChoice }, a, b, dy),
  };
}

export const addReference = /* @__PURE__ */ binary('add', { value: (a, b) => a + b, partials: () => [1, 1] });
export const subtractReference = /* @__PURE__ */ binary('subtract', {
  value: (a, b) => a - b,
  partials: () => [1, -1],
});
export const multiplyReference = /* @__PURE__ */ binary('multiply', {
  value: (a, b) => a * b,
  partials: (a, b) => [b, a],
});
export const divideReference = /* @__PURE__ */ binary('divide', {
  value: (a, b) => a / b,
  partials: (a, b) => [1 / b, -(a / b) / b],
});

/* @__NO_SIDE_EFFECTS__ */
export function unary(
  op: string,
  value: (x: number) => number,
  /** null where it is 0: dy does not count, even if it is NaN or infinite. */
  derivative: ((x: number) => number) | null,
): Reference<'x', 'y', NoAttributes> {
  return {
    op,
    forward: ({ x }) => ({ y: map64(x, value) }),
    backward: ({ x }, { y: dy }) => ({
      x: map64(x, (at, i) => (derivative ? derivative(at) * (dy.values[i] as number) : 0)),
    }),
  };
}

export const negateReference = /* @__PURE__ */ unary(
  'negate',
  (x) => -x,
  () => -1,
);
export const expReference = /* @__PURE__ */ unary('exp', Math.exp, Math.exp);
export const logReference = /* @__PURE__ */ unary('log', Math.log, (x) => 1 / x);
export const squareReference = /* @__PURE__ */ unary(
  'square',
  (x) => x * x,
  (x) => 2 * x,
);
export const sqrtReference = /* @__PURE__ */ unary('sqrt', Math.sqrt, (x) => 0.5 / Math.sqrt(x));

export type ScaleAttributes = { readonly factor: number; readonly offset: number };

/** y = x · factor + offset */
export const scaleReference: Reference<'x', 'y', ScaleAttributes> = {
  op: 'scale',
  forward: ({ x }, { factor, offset }) => ({ y: map64(x, (value) => value * factor + offset) }),
  backward: (_, { y: dy }, { factor }) => ({ x: map64(dy, (value) => value * factor) }),
};

export type DivideByAttributes = { readonly divisor: number; readonly shift: number };

/** y = x · shift / divisor */
export const divideByReference: Reference<'x', 'y', DivideByAttributes> = {
  op: 'divide_by',
  forward: ({ x }, { divisor, shift }) => ({ y: map64(x, (value) => (value * shift) / divisor) }),
  backward: (_, { y: dy }, { divisor, shift }) => ({ x: map64(dy, (value) => (value * shift) / divisor) }),
};

/** y = dividend / x */
export const divideIntoReference: Reference<'x', 'y', { readonly dividend: number }> = {
  op: 'divide_into',
  forward: ({ x }, { dividend }) => ({ y: map64(x, (value) => dividend / value) }),
  backward: ({ x }, { y: dy }, { dividend }) => ({
    x: map64(x, (value, i) => (-(dy.values[i] as number) * dividend) / (value * value)),
  }),
};

/** y = value everywhere */
export const fillReference: Reference<never, 'y', { readonly shape: Shape; readonly value: number }> = {
  op: 'fill',
  forward: (_, { shape, value }) => ({ y: fill64(shape, () => value) }),
  backward: () => ({}),
};
