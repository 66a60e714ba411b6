/**
 * max_pool2d in float64.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import { type Array64, exceeds64, zeros64 } from './array64.js';
import type { PoolAttributes } from './pool2d.js';
import type { Reference } from './reference.js';
import { windowsOver } from './window.js';

/** For each window and channel the flat index in x of its first NaN, otherwise of its first maximum, row by row. */
function largest(x: Array64, attributes: PoolAttributes): { shape: number[]; indices: number[] } {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [KH, KW] = attributes.window as [number, number];
  const { P, Q, down, across, top, left } = windowsOver(x.shape, attributes.window, attributes);
  const indices: number[] = [];
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C; c++) {
          let best = -1;
          for (let h = p * down - top; h < p * down - top + KH; h++)
            for (let w = q * across - left; w < q * across - left + KW; w++) {
              if (h < 0 || h >= H || w < 0 || w >= W) continue;
              const index = ((n * H + h) * W + w) * C + c;
              if (best < 0 || exceeds64(x.values[index] as number, x.values[best] as number)) best = index;
            }
          indices.push(best);
        }
  return { shape: [N, P, Q, C], indices };
}

/** y[n,p,q,c] = max over the window */
export function maxPool64(x: Array64, attributes: PoolAttributes): Array64 {
  const { shape, indices } = largest(x, attributes);
  return { shape, dtype: 'f32', values: Float64Array.from(indices, (index) => x.values[index] as number) };
}

/** y takes from g the elements where x has the maxima of its windows. */
export function maxPoolGather64(x: Array64, g: Array64, attributes: PoolAttributes): Array64 {
  const { shape, indices } = largest(x, attributes);
  return { shape, dtype: 'f32', values: Float64Array.from(indices, (index) => g.values[index] as number) };
}

/** dx sums dy over the windows in which the pixel is the first maximum. */
export function maxPoolBackward64(x: Array64, dy: Array64, attributes: PoolAttributes): Array64 {
  const dx = zeros64(x.shape);
  largest(x, attributes).indices.forEach((index, window) => {
    dx.values[index]! += dy.values[window] as number;
  });
  return dx;
}

export const maxPool2dReference: Reference<'x', 'y', PoolAttributes> = {
  op: 'max_pool2d',
  forward: ({ x }, attributes) => ({ y: maxPool64(x, attributes) }),
  backward: ({ x }, { y: dy }, attributes) => ({ x: maxPoolBackward64(x, dy, attributes) }),
};
