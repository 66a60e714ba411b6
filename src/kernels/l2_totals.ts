/** Adds a penalty to the totals of a step, so that the reported loss includes it. */
import type { Primitive } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { elementwisePrimitive } from './elementwise.js';

export type L2TotalsAttributes = {
  /** The place of the number of samples in the totals. */
  readonly countPlace: number;
};

export const l2TotalsForward: Primitive<'totals' | 'penalty', 'y', L2TotalsAttributes> = {
  ...elementwisePrimitive<'totals' | 'penalty', L2TotalsAttributes>(
    'l2_totals/forward',
    ['totals', 'penalty'],
    {
      whole: ['totals', 'penalty'],
      expression: ({ totals, penalty }, { countPlace }, index) =>
        `${totals}[${index}] + select(0.0, ${penalty}[0] * ${totals}[${countPlace}], ${index} == 0u)`,
    },
  ),
  shape: ({ totals }) => ({ y: totals.shape }),
};

/**
 * Adds the penalty to the loss of every counted row.
 *
 *   (Σ losses, correct, count, 0) → (Σ losses + count·penalty, correct, count, 0)
 *
 * Shapes: totals [T], with the losses first; penalty [] → [T].
 */
export function l2Totals(totals: Tensor, penalty: Tensor, countPlace = 2): Tensor {
  checkTensors('l2Totals', { totals, penalty });
  return runPrimitive(l2TotalsForward, { totals, penalty }, { countPlace }).y;
}
