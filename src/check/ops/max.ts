/** Checks of max and arg_max over a run of axes. */
import { argMax, argMaxOp } from '../../kernels/arg_max.js';
import { max, maxOp } from '../../kernels/max.js';
import { argMax64, argMaxReference, maxReference } from '../../reference/max.js';
import type { Run } from '../../reference/reduction.js';
import { drawDistinct, drawTies } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';
import { axesOf, randomRun, runCases } from './reduction.js';

const declared = [
  ...runCases.map(({ name, x, options }) => ({ name, inputs: { x }, options })),
  {
    name: 'ties',
    inputs: { x: [9, 6, 5] },
    options: { first: 1, last: 1 },
    draw: { x: drawTies },
    isSmooth: false as const,
  },
];

const byHand = {
  name: 'by hand',
  inputs: { x: [2, 3] },
  options: { first: 1, last: 1 },
  isSmooth: false as const,
};

const bench = [{ name: 'classes of paper', inputs: { x: [128, 10] }, options: { first: 1, last: 1 } }];

export const maxCheck = opCheck<'x', 'y', Run>({
  op: maxOp,
  reference: maxReference,
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  roundings: { x: 0, y: 0 },
  call: ({ x }, run) => ({ y: max(x, { axis: axesOf(run) }) }),
  primitives: {
    'max/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
    'max/input_gradient': ({ inputs: { x }, options, outputGradients, gradients }) => ({
      inputs: { index_of_max: argMax64(x, options), dy: outputGradients.y },
      attributes: { ...options, inputShape: x.shape },
      results: { dx: gradients.x! },
    }),
    'max/gather': ({ inputs: { x }, options, outputs: { y } }) => ({
      inputs: { index_of_max: argMax64(x, options), g: x },
      attributes: { ...options, inputShape: x.shape },
      results: { y },
    }),
  },
  cases: [
    {
      ...byHand,
      byHand: {
        inputs: { x: [1, 3, 3, -1, -2, -3] },
        outputs: { y: [3, -1] },
        gradients: { x: [0, 1, 0, 1, 0, 0] },
      },
    },
    ...declared,
  ] as Case<'x', 'y', Run>[],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench,
  wrongCalls: [{ name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => max(x, { axis: -3 }) }],
});

export const argMaxCheck = opCheck<'x', 'y', Run>({
  op: argMaxOp,
  reference: argMaxReference,
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  roundings: { y: 0 },
  call: ({ x }, run) => ({ y: argMax(x, { axis: axesOf(run) }) }),
  primitives: {
    'arg_max/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    { ...byHand, byHand: { inputs: { x: [1, 3, 3, -1, -2, -3] }, outputs: { y: [1, 0] } } },
    ...declared,
  ] as Case<'x', 'y', Run>[],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench,
  wrongCalls: [
    { name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => argMax(x, { axis: 2 }) },
    { name: 'non-adjacent axes', inputs: { x: [2, 3, 4] }, call: ({ x }) => argMax(x, { axis: [0, 2] }) },
  ],
});
