/**
 * Dropout (inverted): y = x / (1 − rate) where a random number reaches `rate`, else 0.
 *
 * The number is a hash of (seed, stream, step, element), so the mask is derived again in the backward pass and
 * never stored, and is the same on every device.
 */
import { UsageError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { runPass } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { wgslFloat } from './arithmetic.js';
import { elementwisePass } from './elementwise.js';
import { stateWords } from './step_state.js';

type DropoutAttributes = { readonly rate: number; readonly stream: number };

/** Forward and backward are the same pass: dx is dy under the same mask. */
export const dropoutForward = elementwisePass<'x' | 'state', DropoutAttributes>(
  'dropout/forward',
  ['x', 'state'],
  {
    whole: ['state'],
    helpers: ['random/pcg4d'],
    expression: ({ x, state }, { rate, stream }, index) => {
      const counter = `vec4u(${state}[${stateWords.seed}], ${stream}u, ${state}[${stateWords.step}], ${index})`;
      return `select(0.0, ${x} * ${wgslFloat(1 / (1 - rate))}, uniform_from(pcg4d(${counter}).x) >= ${wgslFloat(rate)})`;
    },
  },
  { state: 'u32' },
);

export const dropoutOp: Op<'x' | 'state', 'y', DropoutAttributes> = {
  name: 'dropout',
  passes: [dropoutForward],
  forward: (inputs, attributes) => runPass(dropoutForward, inputs, attributes),
  backward: ({ inputs: { state }, attributes, gradients }) => ({
    x: () => runPass(dropoutForward, { x: gradients.y as Tensor, state }, attributes).y,
    state: null,
  }),
};

/**
 * Dropout with the mask of this step.
 *
 * Shapes: x any, state the step's state → y like x. Units: rate is the share dropped, 0 ≤ rate < 1; `stream` sets
 * layers apart (see layerStream in src/random.ts).
 * Throws: UsageError when the rate is out of range.
 * Source: Srivastava et al. 2014.
 */
export function dropout(
  x: Tensor,
  { rate, stream, state }: DropoutAttributes & { readonly state: Tensor },
): Tensor {
  if (!(rate >= 0 && rate < 1))
    throw new UsageError(`dropout: rate is ${rate}, expected a number from 0 up to but not including 1.`);
  return rate === 0 ? x : apply(dropoutOp, { x, state }, { rate, stream }).y;
}
