/** Checks of min and arg_min over a run of axes. */
import { argMin, argMinOp } from '../../kernels/arg_min.js';
import { min, minOp } from '../../kernels/min.js';
import { argMinReference, minReference } from '../../reference/min.js';
import type { Run } from '../../reference/reduction.js';
import { drawDistinct, drawTies } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';
import { axesOf, fewRunCases, randomRun } from './reduction.js';

const declared: readonly Case<'x', 'y', Run>[] = [
  ...fewRunCases.map(({ name, x, options }) => ({ name, inputs: { x }, options })),
  {
    name: 'ties',
    inputs: { x: [9, 6, 5] },
    options: { first: 1, last: 1 },
    draw: { x: drawTies },
    isSmooth: false,
  },
];

const byHand = {
  name: 'by hand',
  inputs: { x: [2, 3] },
  options: { first: 1, last: 1 },
  isSmooth: false,
} as const;

const bench = [{ name: 'classes of paper', inputs: { x: [128, 10] }, options: { first: 1, last: 1 } }];

export const minCheck = opCheck<'x', 'y', Run>({
  op: minOp,
  reference: minReference,
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  roundings: { x: 0, y: 0 },
  call: ({ x }, run) => ({ y: min(x, { axis: axesOf(run) }) }),
  primitives: {
    'min/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...byHand,
      byHand: {
        inputs: { x: [3, 1, 1, -1, -2, -3] },
        outputs: { y: [1, -3] },
        gradients: { x: [0, 1, 0, 0, 0, 1] },
      },
    },
    ...declared,
  ],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench,
  wrongCalls: [{ name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => min(x, { axis: -3 }) }],
});

export const argMinCheck = opCheck<'x', 'y', Run>({
  op: argMinOp,
  reference: argMinReference,
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  roundings: { y: 0 },
  call: ({ x }, run) => ({ y: argMin(x, { axis: axesOf(run) }) }),
  primitives: {
    'arg_min/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    { ...byHand, byHand: { inputs: { x: [3, 1, 1, -1, -2, -3] }, outputs: { y: [1, 2] } } },
    ...declared,
  ],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench,
  wrongCalls: [
    { name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => argMin(x, { axis: 2 }) },
    { name: 'non-adjacent axes', inputs: { x: [2, 3, 4] }, call: ({ x }) => argMin(x, { axis: [0, 2] }) },
  ],
});
