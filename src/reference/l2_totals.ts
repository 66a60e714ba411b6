/** l2_totals in float64: (Σ losses + count·penalty, correct, count, 0). */
import type { NoAttributes } from '../engine/primitive.js';
import { array64 } from './array64.js';
import type { Reference } from './reference.js';

export const l2TotalsReference: Reference<'totals' | 'penalty', 'y', NoAttributes> = {
  op: 'l2_totals',
  forward: ({ totals, penalty }) => {
    const [losses, ...others] = [...totals.values] as [number, number, number, number];
    return { y: array64([4], [losses + others[1] * (penalty.values[0] as number), ...others]) };
  },
};
