/** Gathers the labels of the next batch: those of every output but the first, whose labels batch_gather brings. */
import forwardWgsl from '../../shaders/label_gather/forward.wgsl';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, count, required } from '../options.js';
import { baselineVariant, gridFor } from './grid.js';
import { stateWordsWgsl } from '../state_words.js';

registerShaders({ 'label_gather/forward': forwardWgsl, 'step_state/words': stateWordsWgsl() });

type Operand = 'labels' | 'permutation' | 'state';

export type LabelGatherAttributes = {
  /** Samples per batch. */
  readonly batch: number;
};

const rules = (): Rules<LabelGatherAttributes> => ({ batch: required(count) });

export const labelGatherForward: Primitive<Operand, 'y', LabelGatherAttributes> = {
  name: 'label_gather/forward',
  inputs: ['labels', 'permutation', 'state'],
  outputs: ['y'],
  types: () => ({ labels: 'u32', permutation: 'u32', state: 'u32', y: 'u32' }),
  shape: (_, { batch }) => ({ y: [batch] }),
  // Reads an entry of the permutation and a label, writes one.
  cost: ({ attributes: { batch } }) => ({ flops: 0, bytes: 12 * batch }),
  variants: [
    baselineVariant(({ inputs: { labels }, attributes: { batch }, device }) => {
      const { workgroups, ...grid } = gridFor(batch, device, { software: 64 });
      const constants = { BATCH: batch, COUNT: sizeOf(labels.shape), ...grid };
      return { dispatches: [{ shader: 'label_gather/forward', constants, workgroups }] };
    }),
  ],
};

/**
 * Gathers the labels of the batch at the state's cursor.
 *
 *   y[b] = labels[i];   i = permutation[cursor + b] mod COUNT
 *
 * Shapes: labels [COUNT] u32, permutation [≥ epochSize] u32, state [8] u32 → y [batch] u32, 0xffffffff beyond the end of
 * the epoch, as in `batchGather`.
 */
export function labelGather(
  operands: Readonly<Record<Operand, Tensor>>,
  attributes: LabelGatherAttributes,
): Tensor {
  checkOperands('labelGather', labelGatherForward.inputs, operands);
  checkCall('labelGather', attributes, rules);
  return runPrimitive(labelGatherForward, operands, attributes).y;
}
