/**
 * conv2d in float64.
 * Letters: N images of H × W pixels, C channels in, O out; kernel KH × KW; P × Q windows per image.
 */
import { type Array64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';
import { type WindowAttributes, type Windows, windowsOver } from './window.js';

/** How windows slide; without dilations, taps are adjacent, and without groups all channels are one. */
export interface ConvolutionAttributes extends WindowAttributes {
  /** Pixels between taps: down, across. */
  readonly dilations?: readonly number[];
  readonly groups?: number;
}

/** Windows down and across. */
function windowsOf(
  x: Array64['shape'],
  kernel: Array64['shape'],
  { dilations: [down = 1, across = 1] = [], ...attributes }: ConvolutionAttributes,
): Windows {
  const [KH, KW] = kernel as [number, number];
  return windowsOver(x, [(KH - 1) * down + 1, (KW - 1) * across + 1], attributes);
}

/**
 * Visits every tap of every window that falls on a pixel:
 *   x[n, h, w, ·] meets kernel[i, j, ·, ·] in y[n, p, q, ·] with h = p·stride + i·dilation − top, w = q·stride + j·dilation − left.
 * `visit` gets the flat index of the pixel's first channel, of the tap's first weight, and of the window's first output.
 */
export function eachTap(
  x: Array64['shape'],
  kernel: Array64['shape'],
  attributes: ConvolutionAttributes,
  visit: (pixel: number, tap: number, window: number) => void,
): void {
  const [N, H, W, C] = x as [number, number, number, number];
  const [KH, KW, CG, O] = kernel as [number, number, number, number];
  const { P, Q, down, across, top, left } = windowsOf(x, kernel, attributes);
  const [dilationDown = 1, dilationAcross = 1] = attributes.dilations ?? [];
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++) {
        for (let i = 0; i < KH; i++) {
          for (let j = 0; j < KW; j++) {
            const h = p * down + i * dilationDown - top;
            const w = q * across + j * dilationAcross - left;
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            visit(((n * H + h) * W + w) * C, (i * KW + j) * CG * O, ((n * P + p) * Q + q) * O);
          }
        }
      }
    }
  }
}

/** y[n,p,q,o] = Σ_{i,j,c} x[n,h,w,g·CG + c] · kernel[i,j,c,o], where g is the group of o */
export function conv2d64(x: Array64, kernel: Array64, attributes: ConvolutionAttributes): Array64 {
  const [N, , , C] = x.shape as [number, number, number, number];
  const [, , CG, O] = kernel.shape as [number, number, number, number];
  const { P, Q } = windowsOf(x.shape, kernel.shape, attributes);
  const y = zeros64([N, P, Q, O]);
  const [a, b, sum] = [x.values, kernel.values, y.values];
  const OG = O / (attributes.groups ?? 1);
  // A pixel of 0 adds nothing, unless a weight is NaN or infinite.
  const isFinite = b.every(Number.isFinite);
  eachTap(x.shape, kernel.shape, attributes, (pixel, tap, window) => {
    for (let channel = 0; channel < C; channel++) {
      const value = a[pixel + channel] as number;
      if (value === 0 && isFinite) continue;
      const weights = tap + (channel % CG) * O;
      const first = Math.floor(channel / CG) * OG;
      for (let o = first; o < first + OG; o++) sum[window + o]! += value * (b[weights + o] as number);
    }
  });
  return y;
}

/**
 * dx[n,h,w,g·CG + c] = Σ dy[n,p,q,o] · kernel[i,j,c,o] and dkernel[i,j,c,o] = Σ dy[n,p,q,o] · x[n,h,w,g·CG + c] over the taps, where g is
 * the group of o.
 */
function conv2dBackward64(
  x: Array64,
  kernel: Array64,
  dy: Array64,
  attributes: ConvolutionAttributes,
): { x: Array64; kernel: Array64 } {
  const C = x.shape[3] as number;
  const [, , CG, O] = kernel.shape as [number, number, number, number];
  const OG = O / (attributes.groups ?? 1);
  const dx = zeros64(x.shape);
  const dkernel = zeros64(kernel.shape);
  const [a, b, g, da, db] = [x.values, kernel.values, dy.values, dx.values, dkernel.values];
  eachTap(x.shape, kernel.shape, attributes, (pixel, tap, window) => {
    for (let channel = 0; channel < C; channel++) {
      const value = a[pixel + channel] as number;
      const weights = tap + (channel % CG) * O;
      const first = Math.floor(channel / CG) * OG;
      let sum = 0;
      for (let o = first; o < first + OG; o++) {
        const gradient = g[window + o] as number;
        sum += gradient * (b[weights + o] as number);
        db[weights + o]! += gradient * value;
      }
      da[pixel + channel]! += sum;
    }
  });
  return { x: dx, kernel: dkernel };
}

export const conv2dReference: Reference<'x' | 'kernel', 'y', WindowAttributes> = {
  op: 'conv2d',
  forward: ({ x, kernel }, attributes) => ({ y: conv2d64(x, kernel, attributes) }),
  backward: ({ x, kernel }, { y: dy }, attributes) => conv2dBackward64(x, kernel, dy, attributes),
};

/** With dilation, groups or both. */
export const groupedConv2dReference: Reference<'x' | 'kernel', 'y', ConvolutionAttributes> = {
  ...conv2dReference,
  op: 'grouped_conv2d',
};
