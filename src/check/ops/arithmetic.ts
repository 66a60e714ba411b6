/**
 * Checks of the element-wise arithmetic.
 * Letters: a, b operands, y the result, dy its gradient.
 */
import * as kernels from '../../kernels/arithmetic.js';
import type { Shape } from '../../engine/primitive.js';
import {
  addReference,
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
import { drawPositive, drawSigned, wholeNumber } from '../draws.js';
import { type OpCheck, opCheck } from '../op_check.js';
import { binaryCheck, unaryCheck } from './elementwise.js';

export const addCheck = binaryCheck({
  everySize: true,
  op: kernels.addOp,
  reference: addReference,
  call: kernels.add,
  magnitude: (a, b) => Math.abs(a) + Math.abs(b),
  byHand: { outputs: [3, 6, 5, 8], a: [1, 1, 1, 1], b: [2, 2] },
});

export const subtractCheck = binaryCheck({
  everySize: true,
  op: kernels.subtractOp,
  reference: subtractReference,
  call: kernels.subtract,
  magnitude: (a, b) => Math.abs(a) + Math.abs(b),
  byHand: { outputs: [-1, -2, 1, 0], a: [1, 1, 1, 1], b: [-2, -2] },
});

export const multiplyCheck = binaryCheck({
  everySize: true,
  op: kernels.multiplyOp,
  reference: multiplyReference,
  call: kernels.multiply,
  byHand: { outputs: [2, 8, 6, 16], a: [2, 4, 2, 4], b: [4, 6] },
});

export const divideCheck = binaryCheck({
  everySize: true,
  op: kernels.divideOp,
  reference: divideReference,
  call: kernels.divide,
  draw: { a: drawSigned, b: drawPositive },
  // WGSL allows a division 2.5 units in the last place, each twice the unit used here; db divides twice.
  roundings: { y: 6, a: 6, b: 14 },
  byHand: { outputs: [0.5, 0.5, 1.5, 1], a: [0.5, 0.25, 0.5, 0.25], b: [-1, -0.375] },
});

export const negateCheck = unaryCheck({
  everySize: true,
  options: {},
  cases: [],
  op: kernels.negateOp,
  reference: negateReference,
  call: kernels.negate,
  roundings: { y: 0, x: 0 },
  byHand: { x: [1, -2, 0.5], y: [-1, 2, -0.5], dx: [-1, -1, -1] },
});

export const expCheck = unaryCheck({
  everySize: true,
  options: {},
  cases: [],
  op: kernels.expOp,
  reference: expReference,
  call: kernels.exp,
  // WGSL allows exp 3 + 2·|x| units in the last place, each twice the unit used here.
  roundings: { y: 10, x: 12 },
  byHand: { x: [0, 1], y: [1, Math.E], dx: [1, Math.E] },
});

export const logCheck = unaryCheck({
  everySize: true,
  options: {},
  cases: [],
  op: kernels.logOp,
  reference: logReference,
  call: kernels.log,
  draw: drawPositive,
  // Near 1, where the logarithm is near 0, WGSL's bound is absolute: 2⁻²¹.
  magnitude: { y: (x) => Math.max(1, Math.abs(Math.log(x))) },
  roundings: { y: 8, x: 6 },
  byHand: { x: [1, 2], y: [0, Math.LN2], dx: [1, 0.5] },
});

export const squareCheck = unaryCheck({
  everySize: true,
  options: {},
  cases: [],
  op: kernels.squareOp,
  reference: squareReference,
  call: kernels.square,
  byHand: { x: [1, -3, 0.5], y: [1, 9, 0.25], dx: [2, -6, 1] },
});

export const sqrtCheck = unaryCheck({
  everySize: true,
  options: {},
  cases: [],
  op: kernels.sqrtOp,
  reference: sqrtReference,
  call: kernels.sqrt,
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
