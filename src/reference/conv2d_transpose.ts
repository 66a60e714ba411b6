/**
 * conv2d_transpose in float64.
 * Letters: N images of P × Q pixels with C channels to images of H × W pixels with O channels; kernel KH × KW.
 */
import { type Array64, zeros64 } from './array64.js';
import { type ConvolutionAttributes, eachTap } from './conv2d.js';
import type { Reference } from './reference.js';

export interface Conv2dTransposeAttributes extends ConvolutionAttributes {
  /** The shape of y. */
  readonly outputShape: readonly number[];
}

/** Calls `visit` with the flat indices of all x[n,p,q,c], kernel[i,j,o,c] and y[n,h,w,o] that meet. */
function eachProduct(
  { shape: [, , , C] }: Array64,
  { shape }: Array64,
  { outputShape, ...attributes }: Conv2dTransposeAttributes,
  visit: (x: number, kernel: number, y: number) => void,
): void {
  const O = shape[2] as number;
  eachTap(outputShape, shape, attributes, (target, tap, source) => {
    for (let o = 0; o < O; o++)
      for (let c = 0; c < (C as number); c++) visit(source + c, tap + o * (C as number) + c, target + o);
  });
}

export const conv2dTransposeReference: Reference<'x' | 'kernel', 'y', Conv2dTransposeAttributes> = {
  op: 'conv2d_transpose',
  /** y[n, p·stride + i·dilation − top, q·stride + j·dilation − left, o] += x[n,p,q,c] · kernel[i,j,o,c] */
  forward: ({ x, kernel }, attributes) => {
    const y = zeros64(attributes.outputShape);
    eachProduct(x, kernel, attributes, (a, b, sum) => {
      y.values[sum]! += (x.values[a] as number) * (kernel.values[b] as number);
    });
    return { y };
  },
  backward: ({ x, kernel }, { y: dy }, attributes) => {
    const [dx, dkernel] = [zeros64(x.shape), zeros64(kernel.shape)];
    eachProduct(x, kernel, attributes, (a, b, sum) => {
      dx.values[a]! += (dy.values[sum] as number) * (kernel.values[b] as number);
      dkernel.values[b]! += (dy.values[sum] as number) * (x.values[a] as number);
    });
    return { x: dx, kernel: dkernel };
  },
};
