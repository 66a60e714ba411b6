/** Float64 references of max and arg_max over a run of axes; the first of equals counts, and NaN above all. */
import { argMax } from '../kernels/arg_max.js';
import { max } from '../kernels/max.js';
import { type Run, axesOf, eachRun, randomRun, runCases, withoutRun } from './reduction.js';
import {
  type Array64,
  type Case,
  drawDistinct,
  drawTies,
  exceeds64,
  reference,
  zeros64,
} from './reference.js';

/** The place within each run where its first NaN, or else its largest element first, stands. */
function argMax64(x: Array64, run: Run): Array64 {
  const y: Array64 = { ...zeros64(withoutRun(x.shape, run)), dtype: 'u32' };
  eachRun(x.shape, run, (result, places) => {
    const values = places.map((place) => x.values[place] as number);
    y.values[result] = values.reduce(
      (best, value, i) => (exceeds64(value, values[best] as number) ? i : best),
      0,
    );
  });
  return y;
}

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

export const maxReference = reference<'x', 'y', Run>({
  op: 'max',
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  forward: ({ x }, run) => {
    const y = zeros64(withoutRun(x.shape, run));
    const index = argMax64(x, run);
    eachRun(x.shape, run, (result, places) => {
      y.values[result] = x.values[places[index.values[result] as number] as number] as number;
    });
    return { y };
  },
  backward: ({ x }, { y: dy }, run) => {
    const dx = zeros64(x.shape);
    const index = argMax64(x, run);
    eachRun(x.shape, run, (result, places) => {
      dx.values[places[index.values[result] as number] as number] = dy.values[result] as number;
    });
    return { x: dx };
  },
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

export const argMaxReference = reference<'x', 'y', Run>({
  op: 'arg_max',
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  forward: ({ x }, run) => ({ y: argMax64(x, run) }),
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
    { name: 'axes apart', inputs: { x: [2, 3, 4] }, call: ({ x }) => argMax(x, { axis: [0, 2] }) },
  ],
});
