/** A penalty put into the totals of a step, so that the losses that are told include it. */
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
 * The totals with the penalty in every row's loss.
 *
 *   (Σ losses, correct, count, 0) → (Σ losses + count·penalty, correct, count, 0)
 *
 * Shapes: totals [4] of softmaxCrossEntropy, penalty [] → [4].
 */
export function l2Totals(totals: Tensor, penalty: Tensor): Tensor {
  checkTensors('l2Totals', { totals, penalty });
  return runPrimitive(l2TotalsForward, { totals, penalty }, {}).y;
}
