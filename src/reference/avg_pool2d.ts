/**
 * avg_pool2d in float64.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import { type Array64, zeros64 } from './array64.js';
import type { PoolAttributes } from './pool2d.js';
import type { Reference } from './reference.js';
import { windowsOver } from './window.js';

/** Calls `visit` for each window and channel with the flat indices of its pixels in x. */
function eachWindow(
  x: Array64,
  attributes: PoolAttributes,
  visit: (indices: number[], window: number) => void,
): readonly number[] {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [KH, KW] = attributes.window as [number, number];
  const { P, Q, down, across, top, left } = windowsOver(x.shape, attributes.window, attributes);
  let window = 0;
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C; c++) {
          const indices: number[] = [];
          for (let h = p * down - top; h < p * down - top + KH; h++)
            for (let w = q * across - left; w < q * across - left + KW; w++)
              if (h >= 0 && h < H && w >= 0 && w < W) indices.push(((n * H + h) * W + w) * C + c);
          visit(indices, window++);
        }
  return [N, P, Q, C];
}

/** y[n,p,q,c] = mean over the window's pixels in x */
export function avgPool64(x: Array64, attributes: PoolAttributes): Array64 {
  const means: number[] = [];
  const shape = eachWindow(x, attributes, (indices) => {
    means.push(indices.reduce((sum, index) => sum + (x.values[index] as number), 0) / indices.length);
  });
  return { shape, dtype: 'f32', values: Float64Array.from(means) };
}

export const avgPool2dReference: Reference<'x', 'y', PoolAttributes> = {
  op: 'avg_pool2d',
  forward: ({ x }, attributes) => ({ y: avgPool64(x, attributes) }),
  // Every pixel of a window gets an equal share of its dy.
  backward: ({ x }, { y: dy }, attributes) => {
    const dx = zeros64(x.shape);
    eachWindow(x, attributes, (indices, window) => {
      for (const index of indices) dx.values[index]! += (dy.values[window] as number) / indices.length;
    });
    return { x: dx };
  },
};
