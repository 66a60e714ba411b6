/**
 * filter2d in float64, with any number of iterations.
 * Letters: N images of H × W pixels with C channels; kernel K × K.
 */
import { type Array64, fill64 } from './array64.js';
import type { Reference } from './reference.js';

export type FilterAttributes = { readonly kernel: readonly number[]; readonly iterations: number };

/** y[n,h,w,c] = Σ_{i,j} kernel[i,j] · x[n, h+i−r, w+j−r, c], 0 outside, over non-zero weights; repeated on y. */
export function filter64(x: Array64, { kernel, iterations }: FilterAttributes): Array64 {
  if (iterations === 0) return x;
  const [, H, W, C] = x.shape as [number, number, number, number];
  const K = Math.sqrt(kernel.length);
  const r = (K - 1) / 2;
  const y = fill64(x.shape, (index) => {
    const [c, w] = [index % C, Math.floor(index / C) % W];
    const [h, n] = [Math.floor(index / (C * W)) % H, Math.floor(index / (C * W * H))];
    return kernel.reduce((sum, weight, tap) => {
      const row = h + Math.floor(tap / K) - r;
      const column = w + (tap % K) - r;
      if (weight === 0 || row < 0 || row >= H || column < 0 || column >= W) return sum;
      return sum + weight * x.values[((n * H + row) * W + column) * C + c]!;
    }, 0);
  });
  return filter64(y, { kernel, iterations: iterations - 1 });
}

/** The gradient: the same weights, rotated by 180°. */
export function filterGradient64(dy: Array64, { kernel, iterations }: FilterAttributes): Array64 {
  return filter64(dy, { kernel: kernel.toReversed(), iterations });
}

export const filter2dReference: Reference<'x', 'y', FilterAttributes> = {
  op: 'filter2d',
  forward: ({ x }, attributes) => ({ y: filter64(x, attributes) }),
  backward: (_, { y: dy }, attributes) => ({ x: filterGradient64(dy, attributes) }),
};
