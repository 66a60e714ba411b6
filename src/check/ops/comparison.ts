/**
 * Checks of comparisons, of the larger and the smaller of two, of limits, powers, and the choice by a condition.
 * Letters: a, b, x operands, y the result, dy its gradient.
 */
import type { NoAttributes } from '../../engine/primitive.js';
import * as comparison from '../../kernels/comparison.js';
import * as extremes from '../../kernels/extremes.js';
import { pow, powOp } from '../../kernels/power.js';
import * as references from '../../reference/comparison.js';
import { fill64, map64 } from '../../reference/array64.js';
import { type Draw, drawDistinct, drawPositive, drawSigned, drawTies, oneOf, wholeNumber } from '../draws.js';
import { type Case, type OpCheck, opCheck } from '../op_check.js';
import { binaryCheck, drawFar, drawWithin, unaryCheck } from './elementwise.js';

/** Two draws of which no element of one is near one of the other. */
const apart = {
  a: drawDistinct,
  b: (random, shape) => map64(drawDistinct(random, shape), (value) => value + 2 ** -9),
} satisfies Record<string, Draw>;

const ties: Case<'a' | 'b', 'y', NoAttributes> = {
  name: 'ties',
  inputs: { a: [3, 5, 7], b: [3, 5, 7] },
  options: {},
  draw: { a: drawTies, b: drawTies },
  isSmooth: false,
};

const zeros = { a: [0, 0, 0, 0], b: [0, 0] } as const;
const exact = { a: 0, b: 0, y: 0 } as const;

/** Of [1, 2, 3, 4] and [2, 4], broadcast. */
const results = {
  equal: [0, 0, 0, 1],
  notEqual: [1, 1, 1, 0],
  greater: [0, 0, 1, 0],
  greaterEqual: [0, 0, 1, 1],
  less: [1, 1, 0, 0],
  lessEqual: [1, 1, 0, 1],
} as const;

const comparisonChecks = (Object.keys(results) as (keyof typeof results)[]).map((name) =>
  binaryCheck({
    op: comparison[`${name}Op`],
    reference: references[`${name}Reference`],
    call: comparison[name],
    draw: apart,
    roundings: exact,
    byHand: { outputs: results[name], ...zeros, isSmooth: false },
    cases: [ties],
  }),
);

const maximumCheck = binaryCheck({
  op: extremes.maximumOp,
  reference: references.maximumReference,
  call: extremes.maximum,
  draw: apart,
  roundings: { a: 2, b: 2, y: 0 },
  gradients: { 'maximum/operand_gradient': 'a' },
  byHand: { outputs: [2, 4, 3, 4], a: [0, 0, 1, 0.5], b: [1, 1.5], isSmooth: false },
  cases: [ties],
});

const minimumCheck = binaryCheck({
  op: extremes.minimumOp,
  reference: references.minimumReference,
  call: extremes.minimum,
  draw: apart,
  roundings: { a: 2, b: 2, y: 0 },
  byHand: { outputs: [1, 2, 2, 4], a: [1, 1, 0, 0.5], b: [1, 0.5], isSmooth: false },
  cases: [ties],
});

const clipCheck = unaryCheck({
  op: extremes.clipOp,
  reference: references.clipReference,
  call: (x, { min, max }) => extremes.clip(x, min, max),
  options: { min: -0.25, max: 0.75 },
  draw: drawDistinct,
  roundings: { y: 0, x: 0 },
  byHand: {
    x: [-1, -0.25, 0, 0.75, 2],
    y: [-0.25, -0.25, 0, 0.75, 0.75],
    dx: [0, 1, 1, 1, 0],
    isSmooth: false,
  },
  cases: [{ name: 'equal limits', options: { min: 0.5, max: 0.5 }, draw: { x: drawFar }, isSmooth: false }],
  wrongCalls: [
    { name: 'min above max', inputs: { x: [2] }, call: ({ x }) => extremes.clip(x, 1, 0) },
    { name: 'no limit', inputs: { x: [2] }, call: ({ x }) => extremes.clip(x, 0, Infinity) },
  ],
});

const powCheck = binaryCheck({
  op: powOp,
  reference: references.powReference,
  call: pow,
  draw: { a: drawPositive, b: drawWithin(3) },
  roundings: { a: 12, b: 16, y: 0.01 },
  gradients: { 'pow/base_gradient': 'a', 'pow/exponent_gradient': 'b' },
  byHand: {
    outputs: [1, 16, 9, 256],
    a: [2, 32, 6, 256],
    b: [9 * Math.log(3), 16 * Math.log(2) + 256 * Math.log(4)],
  },
  cases: [
    {
      name: 'whole exponents, 0, and negative bases',
      inputs: { a: [3, 5, 7], b: [3, 5, 7] },
      options: {},
      draw: {
        a: drawTies,
        b: (random, shape) => fill64(shape, () => oneOf(random, [-3, -2, -1, 0, 1, 2, 3, 5, 8, 0.5])),
      },
      isSmooth: false,
    },
    {
      name: 'results of all sizes',
      inputs: { a: [3, 5, 7], b: [3, 5, 7] },
      options: {},
      draw: {
        a: (random, shape) => fill64(shape, () => Math.fround(10 ** (30 * random() - 15))),
        // Of few bits, so that b − 1 is exact.
        b: (random, shape) => fill64(shape, () => wholeNumber(random, -77, 77) / 64),
      },
      isSmooth: false,
    },
  ],
  wrongCalls: [
    { name: 'two numbers', inputs: { a: [2], b: [2] }, call: () => pow(2, 3) },
    { name: 'NaN', inputs: { a: [2], b: [2] }, call: ({ a }) => pow(a, Number.NaN) },
  ],
});

const { where } = comparison;

const whereCheck = opCheck<'condition' | 'a' | 'b', 'y', NoAttributes>({
  op: comparison.whereOp,
  reference: references.whereReference,
  inputs: { condition: { draw: drawTies }, a: { draw: drawSigned }, b: { draw: drawSigned } },
  outputs: ['y'],
  terms: ({ condition, a, b }) => {
    const size = Math.max(...[condition, a, b].map((shape) => shape.reduce((product, n) => product * n, 1)));
    return { a: size, b: size };
  },
  magnitudes: ({ condition, a, b }, { y: dy }) => ({
    outputs: {},
    gradients: references.whereReference.backward!({ condition, a, b }, { y: map64(dy, Math.abs) }, {}),
  }),
  call: ({ condition, a, b }) => ({ y: where(condition, a, b) }),
  primitives: {
    'where/forward': ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { condition: [2, 2], a: [2], b: [] },
      options: {},
      // A condition of 0 and 1 has no difference quotient.
      isSmooth: false,
      byHand: {
        inputs: { condition: [1, 0, 0, -2], a: [5, 6], b: [7] },
        outputs: { y: [5, 7, 7, 6] },
        gradients: { a: [1, 1], b: [2] },
      },
    },
    {
      name: 'odd sizes',
      inputs: { condition: [3, 5, 7], a: [3, 5, 7], b: [3, 5, 7] },
      options: {},
    },
    { name: 'broadcast', inputs: { condition: [5, 1], a: [7], b: [2, 5, 7] }, options: {} },
  ],
  isBrief: true,
  random: () => ({ inputs: { condition: [3, 5, 7], a: [3, 5, 7], b: [3, 5, 7] }, options: {} }),
  bench: [
    {
      name: 'like paper conv2',
      inputs: { condition: [128, 28, 28, 32], a: [128, 28, 28, 32], b: [128, 28, 28, 32] },
      options: {},
    },
  ],
  wrongCalls: [
    {
      name: 'shapes do not broadcast',
      inputs: { condition: [2, 3], a: [2], b: [3] },
      call: ({ condition, a, b }) => where(condition, a, b),
    },
    {
      name: 'infinity',
      inputs: { condition: [2], a: [2], b: [2] },
      call: ({ condition, a }) => where(condition, a, Infinity),
    },
  ],
});

export const choiceChecks: readonly OpCheck[] = [
  ...comparisonChecks,
  maximumCheck,
  minimumCheck,
  clipCheck,
  powCheck,
  whereCheck,
];
