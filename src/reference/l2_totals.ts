/** l2_totals in float64: (Σ losses + count·penalty, correct, count, 0), with the count at `countPlace`. */
import { map64 } from './array64.js';
import type { Reference } from './reference.js';

export const l2TotalsReference: Reference<'totals' | 'penalty', 'y', { readonly countPlace: number }> = {
  op: 'l2_totals',
  forward: ({ totals, penalty }, { countPlace }) => {
    const count = totals.values[countPlace] as number;
    return { y: map64(totals, (sum, i) => (i === 0 ? sum + count * (penalty.values[0] as number) : sum)) };
  },
};
