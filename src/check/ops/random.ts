/** Checks of random_uniform and random_normal. */
import { randomNormal, randomNormalOp } from '../../kernels/random_normal.js';
import type { RandomAttributes } from '../../kernels/random_op.js';
import { randomUniform, randomUniformOp } from '../../kernels/random_uniform.js';
import { stateSize } from '../../kernels/step_state.js';
import { layerStream, streams } from '../../random.js';
import { map64 } from '../../reference/array64.js';
import { randomNormalReference, randomUniformReference } from '../../reference/random.js';
import { type Draw, stateOf, wholeNumber } from '../draws.js';
import { type OpCheck, opCheck } from '../op_check.js';

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
const drawn = (...shape: number[]): RandomAttributes => ({
  shape,
  stream: streams.gaussian,
  perSample: 0,
});

type RandomCheck = OpCheck<'state', 'y', RandomAttributes>;

/** The same cases for both; `byHand` are the values of the first words of pcg4d(0, 12, 0, 0…3). */
const randomCheck = (
  definition: Pick<RandomCheck, 'op' | 'reference' | 'magnitudes' | 'roundings'>,
  random: typeof randomNormal,
  byHand: readonly number[],
) =>
  opCheck<'state', 'y', RandomAttributes>({
    ...definition,
    inputs: { state: { dtype: 'u32', draw: drawState } },
    outputs: ['y'],
    call: ({ state }, { shape, perSample, stream }) => ({
      y: random(shape, { stream, state, isMicroBatch: perSample > 0 }),
    }),
    primitives: {
      [`${definition.op.name}/forward`]: ({ inputs, options, outputs }) => ({
        inputs,
        attributes: options,
        results: { y: outputs.y },
      }),
    },
    cases: [
      {
        name: 'by hand',
        inputs: { state },
        options: drawn(4),
        byHand: {
          inputs: { state: Array.from({ length: stateSize }, () => 0) },
          outputs: { y: byHand },
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
    random: (draws) => ({
      inputs: { state },
      options: drawn(wholeNumber(draws, 1, 9), wholeNumber(draws, 1, 99)),
    }),
    bench: [{ name: 'paper dense1', inputs: { state }, options: drawn(128, 256) }],
    wrongCalls: [
      {
        name: 'state not u32',
        inputs: { state },
        call: ({ state }) => random([4], { stream: 5, state }),
      },
      {
        name: 'no shape',
        inputs: { state: { shape: state, dtype: 'u32' } },
        call: ({ state }) => random([0.5], { stream: 5, state }),
      },
    ],
  });

export const randomUniformCheck = randomCheck(
  { op: randomUniformOp, reference: randomUniformReference },
  randomUniform,
  [1863938, 5763018, 15686452, 10831467].map((bits) => bits * 2 ** -24),
);

export const randomNormalCheck = randomCheck(
  {
    op: randomNormalOp,
    reference: randomNormalReference,
    // A cosine near 0 has the rounding of its angle.
    magnitudes: (_, __, ___, { y }) => ({
      outputs: { y: map64(y, (value) => Math.max(1, Math.abs(value))) },
      gradients: {},
    }),
    roundings: { y: 64 },
  },
  randomNormal,
  // √(−2 ln(1 − a))·cos(2πb) of the first two words.
  [-0.29992129380956056, 0.8641526201348465, -1.8776326893834967, 1.438811718048291],
);
