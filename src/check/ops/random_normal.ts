/** Checks of random_normal. */
import { type RandomNormalAttributes, randomNormal, randomNormalOp } from '../../kernels/random_normal.js';
import { stateSize } from '../../kernels/step_state.js';
import { layerStream, streams } from '../../random.js';
import { map64 } from '../../reference/array64.js';
import { randomNormalReference } from '../../reference/random_normal.js';
import { type Draw, stateOf, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

const drawState: Draw = (random) => {
  const batchStart = wholeNumber(random, 0, 60_000);
  return stateOf({
    seed: wholeNumber(random, 0, 2 ** 32 - 1),
    step: wholeNumber(random, 0, 70_000),
    batchStart,
    cursor: batchStart + wholeNumber(random, 0, 4096),
  });
};

const state = [stateSize];
const drawn = (...shape: number[]): RandomNormalAttributes => ({
  shape,
  stream: streams.gaussian,
  perSample: 0,
});

export const randomNormalCheck = opCheck<'state', 'y', RandomNormalAttributes>({
  op: randomNormalOp,
  reference: randomNormalReference,
  inputs: { state: { dtype: 'u32', draw: drawState } },
  outputs: ['y'],
  // A cosine near 0 has the rounding of its angle.
  magnitudes: (_, __, ___, { y }) => ({
    outputs: { y: map64(y, (value) => Math.max(1, Math.abs(value))) },
    gradients: {},
  }),
  roundings: { y: 64 },
  call: ({ state }, { shape, perSample, stream }) => ({
    y: randomNormal(shape, { stream, state, isMicroBatch: perSample > 0 }),
  }),
  primitives: {
    'random_normal/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      // √(−2 ln(1 − a))·cos(2πb) of the first two words of pcg4d(0, 12, 0, 0…3).
      name: 'by hand',
      inputs: { state },
      options: drawn(4),
      byHand: {
        inputs: { state: Array.from({ length: stateSize }, () => 0) },
        outputs: { y: [-0.29992129380956056, 0.8641526201348465, -1.8776326893834967, 1.438811718048291] },
      },
    },
    { name: 'odd sizes', inputs: { state }, options: drawn(3, 5, 7) },
    {
      name: 'another layer',
      inputs: { state },
      options: { ...drawn(4099), stream: layerStream(streams.gaussian, 7) },
    },
    {
      name: 'a micro-batch of three samples',
      inputs: { state },
      options: { ...drawn(3, 5, 7), perSample: 35 },
    },
  ],
  random: (random) => ({
    inputs: { state },
    options: drawn(wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)),
  }),
  bench: [{ name: 'paper dense1', inputs: { state }, options: drawn(128, 256) }],
  wrongCalls: [
    {
      name: 'state not u32',
      inputs: { state },
      call: ({ state }) => randomNormal([4], { stream: 5, state }),
    },
    {
      name: 'no shape',
      inputs: { state: { shape: state, dtype: 'u32' } },
      call: ({ state }) => randomNormal([0.5], { stream: 5, state }),
    },
  ],
});
