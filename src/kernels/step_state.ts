/**
 * What changes from step to step lies in one small device buffer, so that a recorded step can be replayed without
 * the host: the counter that keys random numbers, and the place in the epoch. `endStep` ends a step.
 */
import endStepWgsl from '../../shaders/step_state/end_step.wgsl';
import { type Primitive, type Spec, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';

registerShaders({ 'step_state/end_step': endStepWgsl });

/** Words of the state tensor (u32). Shaders repeat the ones they read. */
export const stateWords = {
  /** Steps done since training began: keys dropout and the metrics ring. */
  step: 0,
  /** The run's seed. */
  seed: 1,
  /** Place of the batch's first sample in the epoch's permutation. */
  cursor: 2,
  /** Samples in the epoch. While a batch is taken in micro-batches: up to its end, behind which nothing counts. */
  epochSize: 3,
  /** Steps done in the epoch: the row of the step scalars. */
  epochStep: 4,
  /** Epochs done since training began: keys augmentation. */
  epoch: 5,
  /** Of a batch taken in micro-batches: the place of its first sample. */
  batchStart: 6,
  /** Of an epoch taken in micro-batches: all its samples. */
  epochEnd: 7,
} as const;
export const stateSize = 8;
export const stateSpec: Spec = { shape: [stateSize], dtype: 'u32' };

export type EndStepAttributes = {
  /** Samples per step. */
  readonly batch: number;
  /** Whether the batch was taken in micro-batches (micro_batch.ts), which moved the cursor within it. */
  readonly isAccumulated: boolean;
};

export const endStepPrimitive: Primitive<'totals' | 'state' | 'ring', never, EndStepAttributes> = {
  name: 'step_state/end_step',
  inputs: ['totals', 'state', 'ring'],
  outputs: [],
  dtypes: { state: 'u32', ring: 'u32' },
  mutates: ['state', 'ring'],
  shape: () => ({}),
  cost: () => ({ flops: 0, bytes: 64 }),
  variants: [
    {
      name: 'baseline',
      family: 'baseline',
      hasEpilogue: false,
      supports: () => true,
      lower: ({ inputs, attributes }) => ({
        dispatches: [
          {
            shader: 'step_state/end_step',
            constants: {
              RING: inputs.ring.shape[0] as number,
              ROW: inputs.ring.shape[1] as number,
              TOTALS: sizeOf(inputs.totals.shape),
              BATCH: attributes.batch,
              ACCUMULATED: attributes.isAccumulated ? 1 : 0,
            },
            workgroups: [1, 1, 1],
          },
        ],
      }),
    },
  ],
};

/**
 * Ends a step: its totals go into the metrics ring, with the number of the step at the end of the row, and the state's
 * counters move on to the next step.
 *
 * Shapes: totals [T], state [8] u32, ring [steps,R] u32 with R > T.
 */
export function endStep(
  operands: Readonly<Record<'totals' | 'state' | 'ring', Tensor>>,
  attributes: EndStepAttributes,
): void {
  runPrimitive(endStepPrimitive, operands, attributes);
}
