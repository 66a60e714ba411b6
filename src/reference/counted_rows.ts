/** counted_rows in float64. */
import { stateWords } from '../state_words.js';
import { type Array64, map64 } from './array64.js';
import type { Reference } from './reference.js';

export type CountedRowsAttributes = { readonly perRow: number };

function counted(x: Array64, state: Array64, { perRow }: CountedRowsAttributes): Array64 {
  const rows = state.values[stateWords.epochSize]! - state.values[stateWords.cursor]!;
  return map64(x, (value, i) => (Math.floor(i / perRow) < rows ? value : 0));
}

export const countedRowsReference: Reference<'x' | 'state', 'y', CountedRowsAttributes> = {
  op: 'counted_rows',
  forward: ({ x, state }, attributes) => ({ y: counted(x, state, attributes) }),
  backward: ({ state }, { y: dy }, attributes) => ({ x: counted(dy, state, attributes) }),
};
