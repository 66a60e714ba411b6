/** Leaves out the samples of the last, partial batch that are past the end of the epoch. */
import { type Op, apply } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { elementwisePrimitive } from './elementwise.js';
import { stateWords } from './step_state.js';

export type InEpochAttributes = {
  /** Elements per sample. */
  readonly perSample: number;
};

/** Forward and backward are the same primitive: dx is dy of the samples that count. */
export const inEpochForward = elementwisePrimitive<'x' | 'state', InEpochAttributes>(
  'in_epoch/forward',
  ['x', 'state'],
  {
    whole: ['state'],
    // Selects: 0 times the NaN or infinity that the others may hold would be NaN.
    expression: ({ x, state }, { perSample }, index) =>
      `select(0.0, ${x}, ${state}[${stateWords.cursor}] + ${index} / ${perSample}u < ${state}[${stateWords.epochSize}])`,
  },
  () => ({ state: 'u32' }),
);

export const inEpochOp: Op<'x' | 'state', 'y', InEpochAttributes> = {
  name: 'in_epoch',
  primitives: [inEpochForward],
  forward: (inputs, attributes) => runPrimitive(inEpochForward, inputs, attributes),
  backward: ({ inputs: { state }, attributes, gradients }) => ({
    x: () => apply(inEpochOp, { x: gradients.y as Tensor, state }, attributes).y,
    state: null,
  }),
};

/**
 * x for the samples of the batch at the state's cursor that are before the end of the epoch, and 0 for the others.
 *
 *   y[n,…] = x[n,…] if cursor + n < epochSize, else 0
 *
 * Shapes: x [N,…], state [8] u32 → y like x.
 */
export function inEpoch(x: Tensor, state: Tensor): Tensor {
  checkTensors('inEpoch', { x, state });
  return apply(inEpochOp, { x, state }, { perSample: x.size / (x.shape[0] as number) }).y;
}
