/**
 * conv2d in float64.
 * Letters: N images of H × W pixels, C channels in, O out; kernel KH × KW; P × Q windows per image.
 */
import { type Array64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';
import { type WindowAttributes, windowsOver } from './window.js';

/**
 * Visits every tap of every window that falls on a pixel:
 *   x[n, h, w, ·] meets kernel[i, j, ·, ·] in y[n, p, q, ·] with h = p·stride + i − top, w = q·stride + j − left.
 * `visit` gets the flat index of the pixel's first channel, of the tap's first weight, and of the window's first output.
 */
function eachTap(
  x: Array64['shape'],
  kernel: Array64['shape'],
  attributes: WindowAttributes,
  visit: (pixel: number, tap: number, window: number) => void,
): void {
  const [N, H, W, C] = x as [number, number, number, number];
  const [KH, KW, , O] = kernel as [number, number, number, number];
  const { P, Q, down, across, top, left } = windowsOver(x, kernel, attributes);
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++) {
        for (let i = 0; i < KH; i++) {
          for (let j = 0; j < KW; j++) {
            const h = p * down + i - top;
            const w = q * across + j - left;
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            visit(((n * H + h) * W + w) * C, (i * KW + j) * C * O, ((n * P + p) * Q + q) * O);
          }
        }
      }
    }
  }
}

/** y[n,p,q,o] = Σ_{i,j,c} x[n,h,w,c] · kernel[i,j,c,o] */
export function conv2d64(x: Array64, kernel: Array64, attributes: WindowAttributes): Array64 {
  const [N, , , C] = x.shape as [number, number, number, number];
  const O = kernel.shape[3] as number;
  const { P, Q } = windowsOver(x.shape, kernel.shape, attributes);
  const y = zeros64([N, P, Q, O]);
  const [a, b, sum] = [x.values, kernel.values, y.values];
  // A pixel of 0 adds nothing, unless a weight is NaN or infinite.
  const isFinite = b.every(Number.isFinite);
  eachTap(x.shape, kernel.shape, attributes, (pixel, tap, window) => {
    for (let c = 0; c < C; c++) {
      const value = a[pixel + c] as number;
      if (value === 0 && isFinite) continue;
      for (let o = 0; o < O; o++) sum[window + o]! += value * (b[tap + c * O + o] as number);
    }
  });
  return y;
}

/** dx[n,h,w,c] = Σ dy[n,p,q,o] · kernel[i,j,c,o] and dkernel[i,j,c,o] = Σ dy[n,p,q,o] · x[n,h,w,c] over the taps. */
function conv2dBackward64(
  x: Array64,
  kernel: Array64,
  dy: Array64,
  attributes: WindowAttributes,
): { x: Array64; kernel: Array64 } {
  const [, , C, O] = kernel.shape as [number, number, number, number];
  const dx = zeros64(x.shape);
  const dkernel = zeros64(kernel.shape);
  const [a, b, g, da, db] = [x.values, kernel.values, dy.values, dx.values, dkernel.values];
  eachTap(x.shape, kernel.shape, attributes, (pixel, tap, window) => {
    for (let c = 0; c < C; c++) {
      const value = a[pixel + c] as number;
      let sum = 0;
      for (let o = 0; o < O; o++) {
        const gradient = g[window + o] as number;
        sum += gradient * (b[tap + c * O + o] as number);
        db[tap + c * O + o]! += gradient * value;
      }
      da[pixel + c]! += sum;
    }
  });
  return { x: dx, kernel: dkernel };
}

export const conv2dReference: Reference<'x' | 'kernel', 'y', WindowAttributes> = {
  op: 'conv2d',
  forward: ({ x, kernel }, attributes) => ({ y: conv2d64(x, kernel, attributes) }),
  backward: ({ x, kernel }, { y: dy }, attributes) => conv2dBackward64(x, kernel, dy, attributes),
};
