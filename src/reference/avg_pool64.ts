/**
 * The mathematics of avg_pool2d in float64.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import type { Pool } from './pool2d.js';
import { type Array64, zeros64 } from './reference.js';
import { windowOf } from './window.js';

/** Calls `visit` for each window and channel with the flat places of its pixels in x. */
function eachWindow(
  [N, H, W, C]: readonly [number, number, number, number],
  options: Pool,
  visit: (places: number[], window: number) => void,
): readonly number[] {
  const [KH, KW] = options.poolSize;
  const [down, across] = options.strides;
  const { P, Q, top, left } = windowOf([N, H, W, C], options.poolSize, options);
  let window = 0;
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C; c++) {
          const places: number[] = [];
          for (let h = p * down - top; h < p * down - top + KH; h++)
            for (let w = q * across - left; w < q * across - left + KW; w++)
              if (h >= 0 && h < H && w >= 0 && w < W) places.push(((n * H + h) * W + w) * C + c);
          visit(places, window++);
        }
  return [N, P, Q, C];
}

const imageOf = ({ shape }: Array64) => shape as unknown as readonly [number, number, number, number];

/** y[n,p,q,c] = mean over the window's pixels in x */
export function avgPool64(x: Array64, options: Pool): Array64 {
  const means: number[] = [];
  const shape = eachWindow(imageOf(x), options, (places) => {
    means.push(places.reduce((sum, place) => sum + (x.values[place] as number), 0) / places.length);
  });
  return { shape, dtype: 'f32', values: Float64Array.from(means) };
}

/** Every pixel of a window gets an equal share of its dy. */
export function avgPoolBackward64(x: Array64, dy: Array64, options: Pool): Array64 {
  const dx = zeros64(x.shape);
  eachWindow(imageOf(x), options, (places, window) => {
    for (const place of places) dx.values[place]! += (dy.values[window] as number) / places.length;
  });
  return dx;
}
