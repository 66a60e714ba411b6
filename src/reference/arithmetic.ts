/**
 * Float64 references of the element-wise arithmetic, with broadcasting as NumPy defines it.
 * Letters: a, b operands, y the result, dy its gradient.
 */
import type { NoAttributes, Shape } from '../engine/primitive.js';
import { sizeOf } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import * as kernels from '../kernels/arithmetic.js';
import {
  type Array64,
  type Case,
  type Draw,
  type Reference,
  drawPositive,
  drawSigned,
  fill64,
  map64,
  oneOf,
  reference,
  wholeNumber,
  zeros64,
} from './reference.js';

/** The shape of a ∘ b: aligned at the last axis, where 1 stretches. */
export function broadcastShape64(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const extent = (shape: Shape, axis: number): number => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => Math.max(extent(a, axis), extent(b, axis)));
}

/** The flat index in `from` that the flat index `index` of the wider shape `to` reads. */
export function sourceIndex(from: Shape, to: Shape, index: number): number {
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

/** y = f(a, b) element by element. */
export function combine64(a: Array64, b: Array64, fn: (a: number, b: number) => number): Array64 {
  const shape = broadcastShape64(a.shape, b.shape);
  return fill64(shape, (i) =>
    fn(
      a.values[sourceIndex(a.shape, shape, i)] as number,
      b.values[sourceIndex(b.shape, shape, i)] as number,
    ),
  );
}

/** Sums what flows back to every place that was read several times. */
export function reduceTo64(gradient: Array64, shape: Shape): Array64 {
  const sum = zeros64(shape);
  gradient.values.forEach((value, i) => {
    sum.values[sourceIndex(shape, gradient.shape, i)]! += value;
  });
  return sum;
}

interface Binary {
  readonly name: string;
  readonly draw?: Readonly<Record<'a' | 'b', Draw>>;
  value(a: number, b: number): number;
  /** ∂y/∂a and ∂y/∂b. */
  partials(a: number, b: number): readonly [number, number];
  /** |terms| of y: |a| + |b| for sums, |y| when left out. */
  magnitude?(a: number, b: number): number;
  readonly roundings?: Readonly<Record<'a' | 'b' | 'y', number>>;
  readonly byHand: {
    readonly outputs: readonly number[];
    readonly a: readonly number[];
    readonly b: readonly number[];
  };
}

const broadcasts: readonly (readonly [name: string, a: Shape, b: Shape])[] = [
  ['same shape, odd', [3, 5, 7], [3, 5, 7]],
  ['a row to all', [5, 7], [7]],
  ['a column to all', [5, 7], [5, 1]],
  ['a number to all', [4, 3], []],
  ['a to b', [1, 3], [2, 4, 3]],
  ['both stretch', [4, 1, 3], [5, 1]],
  ['the middle of four axes', [2, 3, 4, 5], [3, 1, 5]],
  ['one element each', [1], [1, 1]],
  ['above a workgroup', [4099], [4099]],
];

function binary({ name, draw, value, partials, magnitude, roundings, byHand }: Binary): Reference {
  type Input = 'a' | 'b';
  const call = kernels[name as 'add'] as (a: Tensor, b: Tensor) => Tensor;
  const backward = (a: Array64, b: Array64, dy: Array64, absolute: boolean): Record<Input, Array64> => {
    const part = (which: 0 | 1): Array64 => {
      const local = combine64(a, b, (x, y) => partials(x, y)[which]);
      const flowing = map64(local, (p, i) => p * (dy.values[i] as number));
      return absolute ? map64(flowing, Math.abs) : flowing;
    };
    return { a: reduceTo64(part(0), a.shape), b: reduceTo64(part(1), b.shape) };
  };
  return reference<Input, 'y', NoAttributes>({
    op: name,
    inputs: { a: { draw: draw?.a ?? drawSigned }, b: { draw: draw?.b ?? drawSigned } },
    outputs: ['y'],
    forward: ({ a, b }) => ({ y: combine64(a, b, value) }),
    backward: ({ a, b }, { y: dy }) => backward(a, b, dy, false),
    magnitudes: ({ a, b }, { y: dy }) => ({
      outputs: { y: combine64(a, b, magnitude ?? ((x, y) => Math.abs(value(x, y)))) },
      gradients: backward(a, b, dy, true),
    }),
    terms: ({ a, b }) => {
      const size = sizeOf(broadcastShape64(a, b));
      return { a: size / sizeOf(a), b: size / sizeOf(b) };
    },
    ...(roundings ? { roundings } : {}),
    call: ({ a, b }) => ({ y: call(a, b) }),
    primitives: {
      [`${name}/forward`]: ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
    },
    cases: [
      {
        name: 'by hand',
        inputs: { a: [2, 2], b: [2] },
        options: {},
        byHand: {
          inputs: { a: [1, 2, 3, 4], b: [2, 4] },
          outputs: { y: byHand.outputs },
          gradients: { a: byHand.a, b: byHand.b },
        },
      },
      ...broadcasts.map(([title, a, b]): Case<Input, 'y', NoAttributes> => ({
        name: title,
        inputs: { a, b },
        options: {},
      })),
    ],
    random: (random) => {
      const full = Array.from({ length: wholeNumber(random, 1, 4) }, () => wholeNumber(random, 1, 9));
      const stretch = (shape: Shape): Shape => shape.map((extent) => oneOf(random, [1, extent, extent]));
      return {
        inputs: { a: full, b: stretch(full.slice(wholeNumber(random, 0, full.length))) },
        options: {},
      };
    },
    bench: [
      { name: 'bias of paper conv2', inputs: { a: [128, 28, 28, 32], b: [32] }, options: {} },
      { name: 'like paper conv2', inputs: { a: [128, 28, 28, 32], b: [128, 28, 28, 32] }, options: {} },
    ],
    wrongCalls: [
      { name: 'shapes do not broadcast', inputs: { a: [2, 3], b: [2] }, call: ({ a, b }) => call(a, b) },
      {
        name: 'not f32',
        inputs: { a: [2], b: { shape: [2], dtype: 'u32' } },
        call: ({ a, b }) => call(a, b),
      },
    ],
  });
}

export const addReference = binary({
  name: 'add',
  value: (a, b) => a + b,
  partials: () => [1, 1],
  magnitude: (a, b) => Math.abs(a) + Math.abs(b),
  byHand: { outputs: [3, 6, 5, 8], a: [1, 1, 1, 1], b: [2, 2] },
});

export const subtractReference = binary({
  name: 'subtract',
  value: (a, b) => a - b,
  partials: () => [1, -1],
  magnitude: (a, b) => Math.abs(a) + Math.abs(b),
  byHand: { outputs: [-1, -2, 1, 0], a: [1, 1, 1, 1], b: [-2, -2] },
});

export const multiplyReference = binary({
  name: 'multiply',
  value: (a, b) => a * b,
  partials: (a, b) => [b, a],
  byHand: { outputs: [2, 8, 6, 16], a: [2, 4, 2, 4], b: [4, 6] },
});

export const divideReference = binary({
  name: 'divide',
  draw: { a: drawSigned, b: drawPositive },
  value: (a, b) => a / b,
  partials: (a, b) => [1 / b, -(a / b) / b],
  // WGSL lets a division err by 2.5 units in the last place, each twice the unit used here; db divides twice.
  roundings: { y: 6, a: 6, b: 14 },
  byHand: { outputs: [0.5, 0.5, 1.5, 1], a: [0.5, 0.25, 0.5, 0.25], b: [-1, -0.375] },
});

interface Unary {
  readonly name: string;
  readonly draw?: Draw;
  value(x: number): number;
  derivative(x: number): number;
  magnitude?(x: number): number;
  readonly roundings?: Readonly<Record<'x' | 'y', number>>;
  readonly byHand: {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly dx: readonly number[];
  };
}

function unary({
  name,
  draw = drawSigned,
  value,
  derivative,
  magnitude,
  roundings,
  byHand,
}: Unary): Reference {
  const call = kernels[name as 'exp'];
  return reference<'x', 'y', NoAttributes>({
    op: name,
    inputs: { x: { draw } },
    outputs: ['y'],
    forward: ({ x }) => ({ y: map64(x, value) }),
    backward: ({ x }, { y: dy }) => ({ x: map64(x, (at, i) => derivative(at) * (dy.values[i] as number)) }),
    ...(magnitude ? { magnitudes: ({ x }) => ({ outputs: { y: map64(x, magnitude) }, gradients: {} }) } : {}),
    ...(roundings ? { roundings } : {}),
    call: ({ x }) => ({ y: call(x) }),
    primitives: {
      [`${name}/forward`]: ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
    },
    cases: [
      {
        name: 'by hand',
        inputs: { x: [byHand.x.length] },
        options: {},
        byHand: { inputs: { x: byHand.x }, outputs: { y: byHand.y }, gradients: { x: byHand.dx } },
      },
      { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: {} },
      { name: 'above a workgroup', inputs: { x: [4099] }, options: {} },
    ],
    random: (random) => ({
      inputs: { x: [wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)] },
      options: {},
    }),
    bench: [{ name: 'like paper conv2', inputs: { x: [128, 28, 28, 32] }, options: {} }],
    wrongCalls: [{ name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => call(x) }],
  });
}

export const negateReference = unary({
  name: 'negate',
  value: (x) => -x,
  derivative: () => -1,
  roundings: { y: 0, x: 0 },
  byHand: { x: [1, -2, 0.5], y: [-1, 2, -0.5], dx: [-1, -1, -1] },
});

export const expReference = unary({
  name: 'exp',
  value: Math.exp,
  derivative: Math.exp,
  // WGSL lets exp err by 3 + 2·|x| units in the last place, each twice the unit used here.
  roundings: { y: 10, x: 12 },
  byHand: { x: [0, 1], y: [1, Math.E], dx: [1, Math.E] },
});

export const logReference = unary({
  name: 'log',
  draw: drawPositive,
  value: Math.log,
  derivative: (x) => 1 / x,
  // Near 1, where the logarithm is near 0, WGSL bounds the error by 2⁻²¹ and not by a share of the result.
  magnitude: (x) => Math.max(1, Math.abs(Math.log(x))),
  roundings: { y: 8, x: 6 },
  byHand: { x: [1, 2], y: [0, Math.LN2], dx: [1, 0.5] },
});

export const squareReference = unary({
  name: 'square',
  value: (x) => x * x,
  derivative: (x) => 2 * x,
  byHand: { x: [1, -3, 0.5], y: [1, 9, 0.25], dx: [2, -6, 1] },
});

export const sqrtReference = unary({
  name: 'sqrt',
  draw: drawPositive,
  value: Math.sqrt,
  derivative: (x) => 0.5 / Math.sqrt(x),
  // WGSL derives sqrt from 1 / inverseSqrt(x): 2 and 2.5 units in the last place; dx divides once more.
  roundings: { y: 9, x: 16 },
  byHand: { x: [1, 4, 0.25], y: [1, 2, 0.5], dx: [0.5, 0.25, 1] },
});

type ScaleOptions = { readonly factor: number; readonly offset: number };

export const scaleReference = reference<'x', 'y', ScaleOptions>({
  op: 'scale',
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  forward: ({ x }, { factor, offset }) => ({ y: map64(x, (value) => value * factor + offset) }),
  backward: (_, { y: dy }, { factor }) => ({ x: map64(dy, (value) => value * factor) }),
  magnitudes: ({ x }, _, { factor, offset }) => ({
    outputs: { y: map64(x, (value) => Math.abs(value * factor) + Math.abs(offset)) },
    gradients: {},
  }),
  call: ({ x }, { factor, offset }) => ({ y: kernels.scale(x, factor, offset) }),
  primitives: {
    'scale/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [3] },
      options: { factor: 2, offset: -1 },
      byHand: { inputs: { x: [1, 2, -3] }, outputs: { y: [1, 3, -7] }, gradients: { x: [2, 2, 2] } },
    },
    { name: 'a fraction', inputs: { x: [3, 5, 7] }, options: { factor: 1 / 255, offset: 0 } },
    { name: 'tiny and huge', inputs: { x: [65] }, options: { factor: 1e-10, offset: 1e10 } },
    { name: 'factor 0', inputs: { x: [9] }, options: { factor: 0, offset: 0.3 } },
    { name: 'negative', inputs: { x: [4099] }, options: { factor: -3, offset: -0.1 } },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 200)] },
    options: { factor: 4 * random() - 2, offset: 2 * random() - 1 },
  }),
  bench: [
    { name: 'like paper conv2', inputs: { x: [128, 28, 28, 32] }, options: { factor: 0.5, offset: 0.25 } },
  ],
  wrongCalls: [
    {
      name: 'not f32',
      inputs: { x: { shape: [2], dtype: 'u32' } },
      call: ({ x }) => kernels.scale(x, 2),
    },
    { name: 'too large for an f32', inputs: { x: [2] }, call: ({ x }) => kernels.add(x, 1e39) },
  ],
});

type DivideByOptions = { readonly divisor: number; readonly shift: number };

export const divideByReference = reference<'x', 'y', DivideByOptions>({
  op: 'divide_by',
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  forward: ({ x }, { divisor, shift }) => ({ y: map64(x, (value) => (value * shift) / divisor) }),
  backward: (_, { y: dy }, { divisor, shift }) => ({ x: map64(dy, (value) => (value * shift) / divisor) }),
  roundings: { y: 8, x: 8 },
  call: ({ x }, { divisor, shift }) => ({ y: kernels.divide(x, divisor / shift) }),
  primitives: {
    'divide_by/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [3] },
      options: { divisor: -4, shift: 1 },
      byHand: {
        inputs: { x: [1, 2, -3] },
        outputs: { y: [-0.25, -0.5, 0.75] },
        gradients: { x: [-0.25, -0.25, -0.25] },
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: { divisor: 255, shift: 1 } },
    { name: 'above a workgroup', inputs: { x: [4099] }, options: { divisor: 3, shift: 1 } },
    {
      name: 'a subnormal divisor',
      inputs: { x: [3] },
      options: { divisor: 2 ** (64 - 127), shift: 2 ** 64 },
      byHand: {
        inputs: { x: [2 ** -20, -(2 ** -19), 0] },
        outputs: { y: [2 ** 107, -(2 ** 108), 0] },
        gradients: { x: [2 ** 127, 2 ** 127, 2 ** 127] },
      },
    },
    {
      name: 'a divisor whose reciprocal is subnormal',
      inputs: { x: [2] },
      options: { divisor: 2 ** (127 - 64), shift: 2 ** -64 },
      byHand: {
        inputs: { x: [2 ** 100, 2 ** 120] },
        outputs: { y: [2 ** -27, 2 ** -7] },
      },
    },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 200)] },
    options: { divisor: 0.1 + 4 * random(), shift: 1 },
  }),
  bench: [
    { name: 'like paper conv2', inputs: { x: [128, 28, 28, 32] }, options: { divisor: 255, shift: 1 } },
  ],
  wrongCalls: [
    { name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => kernels.divide(x, 2) },
    { name: 'by 0', inputs: { x: [2] }, call: ({ x }) => kernels.divide(x, 0) },
    { name: 'by NaN', inputs: { x: [2] }, call: ({ x }) => kernels.divide(x, Number.NaN) },
  ],
});

export const divideIntoReference = reference<'x', 'y', { readonly dividend: number }>({
  op: 'divide_into',
  inputs: { x: { draw: drawPositive } },
  outputs: ['y'],
  forward: ({ x }, { dividend }) => ({ y: map64(x, (value) => dividend / value) }),
  backward: ({ x }, { y: dy }, { dividend }) => ({
    x: map64(x, (value, i) => (-(dy.values[i] as number) * dividend) / (value * value)),
  }),
  roundings: { y: 8, x: 20 },
  call: ({ x }, { dividend }) => ({ y: kernels.divide(dividend, x) }),
  primitives: {
    'divide_into/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [3] },
      options: { dividend: 2 },
      byHand: {
        inputs: { x: [1, 2, -4] },
        outputs: { y: [2, 1, -0.5] },
        gradients: { x: [-2, -0.5, -0.125] },
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: { dividend: -1 } },
    { name: 'above a workgroup', inputs: { x: [4099] }, options: { dividend: 0.1 } },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 200)] },
    options: { dividend: 4 * random() - 2 },
  }),
  bench: [{ name: 'like paper conv2', inputs: { x: [128, 28, 28, 32] }, options: { dividend: 1 } }],
  wrongCalls: [
    { name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => kernels.divide(2, x) },
    { name: 'infinity', inputs: { x: [2] }, call: ({ x }) => kernels.divide(Infinity, x) },
  ],
});

export const arithmeticReferences: readonly Reference[] = [
  addReference,
  subtractReference,
  multiplyReference,
  divideReference,
  negateReference,
  expReference,
  logReference,
  squareReference,
  sqrtReference,
  scaleReference,
  divideByReference,
  divideIntoReference,
];
