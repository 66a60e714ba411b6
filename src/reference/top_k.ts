/** top_k over the last axis in float64: a stable sort of each row, in which NaN exceeds every number. */
import { type Array64, exceeds64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type TopKAttributes = { readonly k: number };

export function topK64(x: Array64, k: number): Array64 {
  const K = x.shape.at(-1) as number;
  const y: Array64 = { ...zeros64([...x.shape.slice(0, -1), k]), dtype: 'u32' };
  for (let row = 0; row * K < x.values.length; row++) {
    const values = x.values.subarray(row * K, (row + 1) * K);
    const order = Array.from(values, (_, index) => index).sort(
      (a, b) =>
        Number(exceeds64(values[b] as number, values[a] as number)) -
        Number(exceeds64(values[a] as number, values[b] as number)),
    );
    y.values.set(order.slice(0, k), row * k);
  }
  return y;
}

export const topKReference: Reference<'x', 'y', TopKAttributes> = {
  op: 'top_k',
  forward: ({ x }, { k }) => ({ y: topK64(x, k) }),
};
