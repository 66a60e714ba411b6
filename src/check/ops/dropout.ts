/** Checks of dropout. */
import { type DropoutAttributes, dropout, dropoutOp } from '../../kernels/dropout.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { layerStream, streams } from '../../random.js';
import { dropoutReference } from '../../reference/dropout.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

const drawState: Draw = (random) => {
  const values = new Float64Array(stateSize);
  values[stateWords.seed] = wholeNumber(random, 0, 2 ** 32 - 1);
  values[stateWords.step] = wholeNumber(random, 0, 70_000);
  values[stateWords.batchStart] = wholeNumber(random, 0, 60_000);
  values[stateWords.cursor] = (values[stateWords.batchStart] as number) + wholeNumber(random, 0, 4096);
  return { shape: [stateSize], dtype: 'u32', values };
};

const state = [stateSize];
const half: DropoutAttributes = { rate: 0.5, stream: streams.dropout, perSample: 0 };

export const dropoutCheck = opCheck<'x' | 'state', 'y', DropoutAttributes>({
  op: dropoutOp,
  reference: dropoutReference,
  inputs: { x: { draw: drawSigned }, state: { dtype: 'u32', draw: drawState } },
  outputs: ['y'],
  call: ({ x, state }, { perSample, ...options }) => ({
    y: dropout(x, { ...options, state, isMicroBatch: perSample > 0 }),
  }),
  primitives: {
    'dropout/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      // The words of pcg4d(0, 5, 0, 0…3), computed once with src/random.ts.
      name: 'by hand',
      inputs: { x: [8], state },
      options: half,
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8], state: [0, 0, 0, 0, 0, 0, 0, 0] },
        outputs: {},
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7], state }, options: half },
    {
      name: 'rate 0.25, another layer',
      inputs: { x: [2, 7, 7, 9], state },
      options: { ...half, rate: 0.25, stream: layerStream(streams.dropout, 7) },
    },
    { name: 'rate 0.1', inputs: { x: [4099], state }, options: { ...half, rate: 0.1 } },
    { name: 'rate 0.97', inputs: { x: [515], state }, options: { ...half, rate: 0.97 } },
    {
      name: 'a micro-batch of three samples',
      inputs: { x: [3, 5, 7], state },
      options: { ...half, perSample: 35 },
    },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)], state },
    options: { ...half, rate: random(), stream: layerStream(streams.dropout, wholeNumber(random, 0, 99)) },
  }),
  bench: [
    {
      name: 'paper after pool 1',
      inputs: { x: [128, 14, 14, 32], state },
      options: { ...half, rate: 0.25 },
    },
    { name: 'paper dense1', inputs: { x: [128, 256], state }, options: half },
  ],
  wrongCalls: [
    {
      name: 'state not u32',
      inputs: { x: [4], state: [stateSize] },
      call: ({ x, state }) => dropout(x, { rate: 0.5, stream: 5, state }),
    },
    {
      name: 'rate 1',
      inputs: { x: [4], state: { shape: state, dtype: 'u32' } },
      call: ({ x, state }) => dropout(x, { rate: 1, stream: 5, state }),
    },
  ],
});
