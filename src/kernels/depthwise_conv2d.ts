/** A 2-D convolution of each channel on its own: `conv2d` with as many groups as channels. */
import { ShapeError } from '../errors.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, pixels } from '../options.js';
import { type Conv2dOptions, groupedConv2d } from './grouped_conv2d.js';
import { reshape } from './reshape.js';
import { windowRules } from './window.js';

export type DepthwiseConv2dOptions = Omit<Conv2dOptions, 'groups'>;

export const depthwiseRules = (): Rules<DepthwiseConv2dOptions> => ({
  ...windowRules(),
  dilationRate: pixels,
});

/**
 * 2-D convolution of each channel with M windows of its own, channels last.
 *
 *   y[n,p,q,c·M + m] = Σ_{i,j} x[n, p·stride + i·dilation − pad, q·stride + j·dilation − pad, c] · kernel[i,j,c,m]
 *
 * Unlike in Keras, strides and dilation combine.
 * Shapes: x [N,H,W,C], kernel [KH,KW,C,M] → y [N,P,Q,C·M].
 * Units: strides and dilationRate in pixels; padding 'valid' or Keras's 'same'. Sums in f32.
 * Throws: UsageError for options out of range; ShapeError when the channels differ or the dilated window exceeds the input.
 * Source: Howard et al. 2017 (MobileNets).
 */
export function depthwiseConv2d(x: Tensor, kernel: Tensor, options: DepthwiseConv2dOptions = {}): Tensor {
  checkTensors('depthwiseConv2d', { x, kernel });
  checkCall('depthwiseConv2d', options, depthwiseRules);
  return convolveChannels('depthwiseConv2d', x, kernel, options);
}

/** `who` names the public function in errors, `name` its kernel. */
export function convolveChannels(
  who: string,
  x: Tensor,
  kernel: Tensor,
  options: DepthwiseConv2dOptions,
  name = 'kernel',
): Tensor {
  if (x.shape.length !== 4 || kernel.shape.length !== 4)
    throw new ShapeError(
      `${who}: x is ${describe(x)} and ${name} ${describe(kernel)}, expected [N,H,W,C] and [KH,KW,C,M].`,
    );
  const [KH, KW, C, M] = kernel.shape as [number, number, number, number];
  if (x.shape[3] !== C)
    throw new ShapeError(
      `${who}: ${name} expects ${C} input channels but x has ${x.shape[3]} (x ${describe(x)}, ${name} ${describe(kernel)}).`,
    );
  return groupedConv2d(who, x, reshape(kernel, [KH, KW, 1, C * M]), { ...options, groups: C });
}
