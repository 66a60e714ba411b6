/**
 * Float64 reference of dropout: y = x / (1 − rate) where u(seed, stream, step, element) ≥ rate, else 0.
 * The random number is drawn by the host's own pcg4d, so the comparison also proves that both draw alike.
 */
import { stateSize, stateWords } from '../kernels/step_state.js';
import { type DropoutAttributes, dropout } from '../kernels/dropout.js';
import { layerStream, pcg4d, streams, uniform } from '../random.js';
import { type Array64, type Draw, drawSigned, map64, reference, wholeNumber } from './reference.js';

type Options = DropoutAttributes;

export interface Mask extends Omit<Options, 'perSample'> {
  readonly seed: number;
  readonly step: number;
}

/** What element `index` is multiplied by. */
export function dropoutFactor64(index: number, { rate, stream, seed, step }: Mask): number {
  const [word] = pcg4d(seed, stream, step, index);
  // The rate as the device holds it: 0.1 is no f32, and u may lie between the two.
  return uniform(word) >= Math.fround(rate) ? 1 / (1 - rate) : 0;
}

function masked(x: Array64, state: Array64, options: Options): Array64 {
  const seed = state.values[stateWords.seed] as number;
  const step = state.values[stateWords.step] as number;
  const word = (name: 'cursor' | 'batchStart'): number => state.values[stateWords[name]] as number;
  const before = (word('cursor') - word('batchStart')) * options.perSample;
  return map64(x, (value, i) => value * dropoutFactor64(before + i, { ...options, seed, step }));
}

const drawState: Draw = (random) => {
  const values = new Float64Array(stateSize);
  values[stateWords.seed] = wholeNumber(random, 0, 2 ** 32 - 1);
  values[stateWords.step] = wholeNumber(random, 0, 70_000);
  values[stateWords.batchStart] = wholeNumber(random, 0, 60_000);
  values[stateWords.cursor] = (values[stateWords.batchStart] as number) + wholeNumber(random, 0, 4096);
  return { shape: [stateSize], dtype: 'u32', values };
};

const state = [stateSize];
const half: Options = { rate: 0.5, stream: streams.dropout, perSample: 0 };

export const dropoutReference = reference<'x' | 'state', 'y', Options>({
  op: 'dropout',
  inputs: { x: { draw: drawSigned }, state: { dtype: 'u32', draw: drawState } },
  outputs: ['y'],
  forward: ({ x, state }, options) => ({ y: masked(x, state, options) }),
  backward: ({ state }, { y: dy }, options) => ({ x: masked(dy, state, options) }),
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
      // The words of pcg4d(0, 5, 0, 0…3), worked out once with src/random.ts, stand for a hand.
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
    { name: 'nearly all', inputs: { x: [515], state }, options: { ...half, rate: 0.97 } },
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
