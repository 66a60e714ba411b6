/** place_totals in float64: the values from the place `first` on, the totals elsewhere. */
import { map64 } from './array64.js';
import type { Reference } from './reference.js';

export const placeTotalsReference: Reference<'totals' | 'values', 'y', { readonly first: number }> = {
  op: 'place_totals',
  forward: ({ totals, values }, { first }) => ({
    y: map64(totals, (total, i) => values.values[i - first] ?? total),
  }),
};
