/**
 * Everything that changes from step to step is in one small device buffer, so that a recorded step can be replayed without the
 * host: the counter that keys random numbers, and the position in the epoch. `endStep` ends a step.
 */
import endStepWgsl from '../../shaders/step_state/end_step.wgsl';
import { type Primitive, type Spec, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { stateSize, stateWords, stateWordsWgsl } from '../state_words.js';

registerShaders({ 'step_state/end_step': endStepWgsl, 'step_state/words': stateWordsWgsl() });

export { stateSize, stateWords };
export const stateSpec: Spec = { shape: [stateSize], dtype: 'u32' };

export type EndStepAttributes = {
  /** Samples per step. */
  readonly batch: number;
  /** Whether the batch was split into micro-batches (micro_batch.ts), which advanced the cursor within it. */
  readonly isAccumulated: boolean;
};

export const endStepPrimitive: Primitive<'totals' | 'state' | 'ring', never, EndStepAttributes> = {
  name: 'step_state/end_step',
  inputs: ['totals', 'state', 'ring'],
  outputs: [],
  types: () => ({ state: 'u32', ring: 'u32' }),
  mutates: ['state', 'ring'],
  shape: () => ({}),
  cost: () => ({ flops: 0, bytes: 64 }),
  variants: [
    {
      name: 'baseline',
      family: 'baseline',
      hasEpilogue: false,
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
 * Ends a step: writes its totals to the metrics ring, with the step's number at the end of the row, and advances the state's
 * counters to the next step.
 *
 * Shapes: totals [T], state [8] u32, ring [steps,R] u32 with R > T.
 */
export function endStep(
  operands: Readonly<Record<'totals' | 'state' | 'ring', Tensor>>,
  attributes: EndStepAttributes,
): void {
  runPrimitive(endStepPrimitive, operands, attributes);
}
