/**
 * The mathematics of max_pool2d in float64.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import type { Pool } from './pool2d.js';
import { type Array64, exceeds64, zeros64 } from './reference.js';
import { windowOf } from './window.js';

/** For each window and channel the flat place of its first NaN or else its first largest pixel, row by row, within x. */
function places(x: Array64, options: Pool): { shape: number[]; places: number[] } {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [KH, KW] = options.poolSize;
  const [down, across] = options.strides;
  const { P, Q, top, left } = windowOf(x.shape, options.poolSize, options);
  const found: number[] = [];
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C; c++) {
          let best = -1;
          for (let h = p * down - top; h < p * down - top + KH; h++)
            for (let w = q * across - left; w < q * across - left + KW; w++) {
              if (h < 0 || h >= H || w < 0 || w >= W) continue;
              const place = ((n * H + h) * W + w) * C + c;
              if (best < 0 || exceeds64(x.values[place] as number, x.values[best] as number)) best = place;
            }
          found.push(best);
        }
  return { shape: [N, P, Q, C], places: found };
}

/** y[n,p,q,c] = max over the window */
export function maxPool64(x: Array64, options: Pool): Array64 {
  const { shape, places: found } = places(x, options);
  return { shape, dtype: 'f32', values: Float64Array.from(found, (place) => x.values[place] as number) };
}

/** dx gathers dy of the windows in which the pixel is the first largest. */
export function maxPoolBackward64(x: Array64, dy: Array64, options: Pool): Array64 {
  const dx = zeros64(x.shape);
  places(x, options).places.forEach((place, window) => {
    dx.values[place]! += dy.values[window] as number;
  });
  return dx;
}
