/** Adds a penalty to the totals of a step, so that the reported loss includes it. */
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { elementwisePrimitive } from './elementwise.js';

export const l2TotalsForward = {
  ...elementwisePrimitive('l2_totals/forward', ['totals', 'penalty'], {
    whole: ['totals', 'penalty'],
    expression: ({ totals, penalty }, _, index) =>
      `${totals}[${index}] + select(0.0, ${penalty}[0] * ${totals}[2], ${index} == 0u)`,
  }),
  shape: () => ({ y: { shape: [4], dtype: 'f32' as const } }),
};

/**
 * Adds the penalty to the loss of every counted row.
 *
 *   (Σ losses, correct, count, 0) → (Σ losses + count·penalty, correct, count, 0)
 *
 * Shapes: totals [4] of softmaxCrossEntropy, penalty [] → [4].
 */
export function l2Totals(totals: Tensor, penalty: Tensor): Tensor {
  checkTensors('l2Totals', { totals, penalty });
  return runPrimitive(l2TotalsForward, { totals, penalty }, {}).y;
}
