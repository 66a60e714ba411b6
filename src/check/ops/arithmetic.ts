/**
 * Checks of the element-wise arithmetic.
 * Letters: a, b operands, y the result, dy its gradient.
 */
import * as kernels from '../../kernels/arithmetic.js';
import { type NoAttributes, type Shape, sizeOf } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import {
  type Binary,
  addReference,
  binaryGradients64,
  broadcastShape64,
  combine64,
  divideByReference,
  divideIntoReference,
  fillReference,
  divideReference,
  expReference,
  logReference,
  multiplyReference,
  negateReference,
  scaleReference,
  sqrtReference,
  squareReference,
  subtractReference,
} from '../../reference/arithmetic.js';
import { map64 } from '../../reference/array64.js';
import type { Reference } from '../../reference/reference.js';
import { type Draw, drawPositive, drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, type OpCheck, opCheck } from '../op_check.js';

interface BinaryCheck {
  readonly reference: Reference<'a' | 'b', 'y', NoAttributes> & Binary;
  readonly draw?: Readonly<Record<'a' | 'b', Draw>>;
  /** |terms| of y: |a| + |b| for sums. Default: |y|. */
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
  ['a row, broadcast', [5, 7], [7]],
  ['a column, broadcast', [5, 7], [5, 1]],
  ['a scalar, broadcast', [4, 3], []],
  ['a to b', [1, 3], [2, 4, 3]],
  ['both stretch', [4, 1, 3], [5, 1]],
  ['the middle axes of four, broadcast', [2, 3, 4, 5], [3, 1, 5]],
  ['one element each', [1], [1, 1]],
  ['above a workgroup', [4099], [4099]],
];

function binary({ reference, draw, magnitude, roundings, byHand }: BinaryCheck): OpCheck {
  const name = reference.op;
  type Input = 'a' | 'b';
  const call = kernels[name as 'add'] as (a: Tensor, b: Tensor) => Tensor;
  return opCheck<Input, 'y', NoAttributes>({
    op: kernels[`${name as 'add'}Op`],
    reference,
    inputs: { a: { draw: draw?.a ?? drawSigned }, b: { draw: draw?.b ?? drawSigned } },
    outputs: ['y'],
    magnitudes: ({ a, b }, { y: dy }) => ({
      outputs: { y: combine64(a, b, magnitude ?? ((x, y) => Math.abs(reference.value(x, y)))) },
      gradients: binaryGradients64(reference, a, b, dy, { absolute: true }),
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

export const addCheck = binary({
  reference: addReference,
  magnitude: (a, b) => Math.abs(a) + Math.abs(b),
  byHand: { outputs: [3, 6, 5, 8], a: [1, 1, 1, 1], b: [2, 2] },
});

export const subtractCheck = binary({
  reference: subtractReference,
  magnitude: (a, b) => Math.abs(a) + Math.abs(b),
  byHand: { outputs: [-1, -2, 1, 0], a: [1, 1, 1, 1], b: [-2, -2] },
});

export const multiplyCheck = binary({
  reference: multiplyReference,
  byHand: { outputs: [2, 8, 6, 16], a: [2, 4, 2, 4], b: [4, 6] },
});

export const divideCheck = binary({
  reference: divideReference,
  draw: { a: drawSigned, b: drawPositive },
  // WGSL allows a division 2.5 units in the last place, each twice the unit used here; db divides twice.
  roundings: { y: 6, a: 6, b: 14 },
  byHand: { outputs: [0.5, 0.5, 1.5, 1], a: [0.5, 0.25, 0.5, 0.25], b: [-1, -0.375] },
});

interface UnaryCheck {
  readonly reference: Reference<'x', 'y', NoAttributes>;
  readonly draw?: Draw;
  magnitude?(x: number): number;
  readonly roundings?: Readonly<Record<'x' | 'y', number>>;
  readonly byHand: {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly dx: readonly number[];
  };
}

function unary({ reference, draw = drawSigned, magnitude, roundings, byHand }: UnaryCheck): OpCheck {
  const name = reference.op;
  const call = kernels[name as 'exp'];
  return opCheck<'x', 'y', NoAttributes>({
    op: kernels[`${name as 'exp'}Op`],
    reference,
    inputs: { x: { draw } },
    outputs: ['y'],
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

export const negateCheck = unary({
  reference: negateReference,
  roundings: { y: 0, x: 0 },
  byHand: { x: [1, -2, 0.5], y: [-1, 2, -0.5], dx: [-1, -1, -1] },
});

export const expCheck = unary({
  reference: expReference,
  // WGSL allows exp 3 + 2·|x| units in the last place, each twice the unit used here.
  roundings: { y: 10, x: 12 },
  byHand: { x: [0, 1], y: [1, Math.E], dx: [1, Math.E] },
});

export const logCheck = unary({
  reference: logReference,
  draw: drawPositive,
  // Near 1, where the logarithm is near 0, WGSL's bound is absolute: 2⁻²¹.
  magnitude: (x) => Math.max(1, Math.abs(Math.log(x))),
  roundings: { y: 8, x: 6 },
  byHand: { x: [1, 2], y: [0, Math.LN2], dx: [1, 0.5] },
});

export const squareCheck = unary({
  reference: squareReference,
  byHand: { x: [1, -3, 0.5], y: [1, 9, 0.25], dx: [2, -6, 1] },
});

export const sqrtCheck = unary({
  reference: sqrtReference,
  draw: drawPositive,
  // WGSL derives sqrt from 1 / inverseSqrt(x): 2 and 2.5 units in the last place; dx divides once more.
  roundings: { y: 9, x: 16 },
  byHand: { x: [1, 4, 0.25], y: [1, 2, 0.5], dx: [0.5, 0.25, 1] },
});

type ScaleOptions = { readonly factor: number; readonly offset: number };

export const scaleCheck = opCheck<'x', 'y', ScaleOptions>({
  op: kernels.scaleOp,
  reference: scaleReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
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

export const divideByCheck = opCheck<'x', 'y', DivideByOptions>({
  op: kernels.divideByOp,
  reference: divideByReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
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

export const divideIntoCheck = opCheck<'x', 'y', { readonly dividend: number }>({
  op: kernels.divideIntoOp,
  reference: divideIntoReference,
  inputs: { x: { draw: drawPositive } },
  outputs: ['y'],
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

const { fill } = kernels;
type FillOptions = { readonly shape: Shape; readonly value: number };

export const fillCheck = opCheck<never, 'y', FillOptions>({
  op: kernels.fillOp,
  reference: fillReference,
  inputs: {},
  outputs: ['y'],
  call: (_, { shape, value }) => ({ y: fill(shape, value) }),
  primitives: {
    'fill/forward': ({ options, outputs }) => ({
      inputs: {},
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: {},
      options: { shape: [2, 2], value: -1.5 },
      byHand: { inputs: {}, outputs: { y: [-1.5, -1.5, -1.5, -1.5] } },
    },
    { name: 'odd sizes', inputs: {}, options: { shape: [3, 5, 7], value: 0.1 } },
    { name: 'a scalar', inputs: {}, options: { shape: [], value: 7 } },
    { name: 'above a workgroup', inputs: {}, options: { shape: [4099], value: 0 } },
  ],
  bench: [{ name: 'like paper conv2', inputs: {}, options: { shape: [128, 28, 28, 32], value: 1 } }],
  wrongCalls: [
    { name: 'a negative extent', inputs: {}, call: () => fill([-1], 1) },
    { name: 'NaN', inputs: {}, call: () => fill([2], Number.NaN) },
  ],
});

export const arithmeticChecks: readonly OpCheck[] = [
  addCheck,
  subtractCheck,
  multiplyCheck,
  divideCheck,
  negateCheck,
  expCheck,
  logCheck,
  squareCheck,
  sqrtCheck,
  scaleCheck,
  divideByCheck,
  divideIntoCheck,
  fillCheck,
];
