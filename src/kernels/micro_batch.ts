/**
 * Gradient accumulation: a batch too large for the device is processed in micro-batches, whose gradients and totals
 * are summed before the optimizer runs. `accumulate` ends a micro-batch, as `endStep` ends a step.
 */
import accumulateWgsl from '../../shaders/micro_batch/accumulate.wgsl';
import accumulateTotalsWgsl from '../../shaders/micro_batch/accumulate_totals.wgsl';
import { type NoAttributes, type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, count, countOrZero, required } from '../options.js';
import { baselineVariant, gridFor } from './grid.js';
import { checkInPlace } from './in_place.js';
import { stateWordsWgsl } from '../state_words.js';

registerShaders({
  'micro_batch/accumulate': accumulateWgsl,
  'micro_batch/accumulate_totals': accumulateTotalsWgsl,
  'step_state/words': stateWordsWgsl(),
});

type Operand = 'gradients' | 'totals' | 'state' | 'gradientSums' | 'totalSums';

export type AccumulateAttributes = {
  /** Samples per micro-batch. */
  readonly microBatch: number;
  /** The place of the number of samples in the totals. */
  readonly countPlace: number;
};

const rules = (): Rules<AccumulateAttributes> => ({
  microBatch: required(count),
  countPlace: required(countOrZero),
});

export const microBatchAccumulate: Primitive<Operand, never, AccumulateAttributes> = {
  name: 'micro_batch/accumulate',
  inputs: ['gradients', 'totals', 'state', 'gradientSums', 'totalSums'],
  outputs: [],
  types: () => ({ state: 'u32' }),
  mutates: ['gradientSums', 'totalSums', 'state'],
  shape: ({ gradients, gradientSums, state }): NoAttributes => {
    checkInPlace('accumulate', { gradients, gradientSums, state });
    return {};
  },
  // Reads two, writes one.
  cost: ({ inputs }) => ({
    flops: 2 * sizeOf(inputs.gradients.shape),
    bytes: 12 * sizeOf(inputs.gradients.shape),
  }),
  variants: [
    baselineVariant(({ inputs, attributes, device }) => {
      const SIZE = sizeOf(inputs.gradients.shape);
      const { workgroups, ...grid } = gridFor(SIZE, device, { software: 64 });
      return {
        dispatches: [
          {
            shader: 'micro_batch/accumulate',
            constants: { SIZE, COUNT: attributes.countPlace, ...grid },
            workgroups,
          },
          {
            shader: 'micro_batch/accumulate_totals',
            constants: { TOTALS: sizeOf(inputs.totals.shape), MICRO_BATCH: attributes.microBatch },
            workgroups: [1, 1, 1],
          },
        ],
      };
    }),
  ],
};

/**
 * Ends a micro-batch, in place: adds its gradients, which are means over its own samples, to those of the batch so
 * far, weighted by its share of the samples of the batch; adds its totals; advances the cursor. The first micro-batch
 * of a batch resets the sums.
 *
 *   gradientSums ← gradientSums + gradients · totals[countPlace] / (epochSize − batchStart);   totalSums ← totalSums + totals
 *
 * Since the shares of a batch add up to 1, loss terms that every micro-batch contains in full, such as a penalty,
 * count once.
 * Shapes: gradients, gradientSums [SIZE], totals, totalSums [T], state [8] u32.
 */
export function accumulate(
  operands: Readonly<Record<Operand, Tensor>>,
  attributes: AccumulateAttributes,
): void {
  checkOperands('accumulate', microBatchAccumulate.inputs, operands);
  checkCall('accumulate', attributes, rules);
  runPrimitive(microBatchAccumulate, operands, attributes);
}
