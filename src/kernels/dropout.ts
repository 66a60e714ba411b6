/**
 * Dropout (inverted): y = x / (1 − rate) where a random number is at least `rate`, otherwise 0.
 *
 * The number is a hash of (seed, stream, step, element): the backward pass recomputes the mask, which is never
 * stored and is the same on every device.
 */
import { type Op, apply } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors, tensorRule } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, belowOne, flag, required, seed } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';
import { randomWords } from './random_words.js';
import { unchanged } from './reshape.js';

export type DropoutAttributes = {
  readonly rate: number;
  readonly stream: number;
  /** Elements per sample if x is a micro-batch, which uses its part of the mask of the whole batch; otherwise 0. */
  readonly perSample: number;
};

/** Forward and backward are the same primitive: dx is dy under the same mask. */
export const dropoutForward = elementwisePrimitive<'x' | 'state', DropoutAttributes>(
  'dropout/forward',
  ['x', 'state'],
  {
    whole: ['state'],
    helpers: ['random/pcg4d'],
    expression: ({ x, state }, attributes, index, scalar) => {
      const { rate } = attributes;
      const draw = `uniform_from(${randomWords(state, attributes, index)}.x)`;
      // A factor of 0 rather than the value 0, so that dropped NaN and ∞ give NaN, as in PyTorch.
      return `${x} * select(0.0, ${scalar(1 / (1 - rate))}, ${draw} >= ${scalar(rate)})`;
    },
  },
  () => ({ state: 'u32' }),
);

export const dropoutOp: Op<'x' | 'state', 'y', DropoutAttributes> = {
  name: 'dropout',
  primitives: [dropoutForward],
  forward: (inputs, attributes) => runPrimitive(dropoutForward, inputs, attributes),
  backward: ({ inputs: { state }, attributes, gradients }) => ({
    x: () => apply(dropoutOp, { x: gradients.y as Tensor, state }, attributes).y,
    state: null,
  }),
};

export interface DropoutOptions {
  readonly rate: number;
  readonly stream: number;
  readonly state: Tensor;
  readonly isMicroBatch?: boolean | undefined;
}

const rules = (): Rules<DropoutOptions> => ({
  rate: required(belowOne),
  stream: required(seed),
  state: tensorRule(),
  isMicroBatch: flag,
});

/**
 * Dropout with the mask of this step. A NaN or an infinity that is dropped gives NaN, as in PyTorch.
 *
 * Shapes: x any, state the step's state → y like x. Units: rate is the share dropped, 0 ≤ rate < 1; `stream`
 * distinguishes layers (see layerStream in src/random.ts). With `isMicroBatch`, x is part of a batch, and each sample
 * gets the mask that it has in the whole batch.
 * Throws: UsageError when the rate is out of range.
 * Source: Srivastava et al. 2014.
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  checkTensors('dropout', { x });
  checkCall('dropout', options, rules);
  const { rate, stream, state, isMicroBatch = false } = options;
  const perSample = isMicroBatch ? x.size / (x.shape[0] as number) : 0;
  return rate === 0 ? unchanged(x) : apply(dropoutOp, { x, state }, { rate, stream, perSample }).y;
}
