/** A depthwise convolution, then one of 1×1 pixels that mixes the channels. */
import { ShapeError } from '../errors.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { plainConv2d } from './conv2d.js';
import { type DepthwiseConv2dOptions, convolveChannels, depthwiseRules } from './depthwise_conv2d.js';

/** Both kernels of `separableConv2d`. */
export interface SeparableKernels {
  readonly depthwiseKernel: Tensor;
  readonly pointwiseKernel: Tensor;
}

/**
 * 2-D depthwise separable convolution, channels last.
 *
 *   y = conv2d(depthwiseConv2d(x, depthwiseKernel, options), pointwiseKernel)
 *
 * Shapes: x [N,H,W,C], depthwiseKernel [KH,KW,C,M], pointwiseKernel [1,1,C·M,O] → y [N,P,Q,O].
 * Units: strides and dilationRate in pixels; padding 'valid' or Keras's 'same'. Sums in f32.
 * Throws: UsageError for options out of range; ShapeError when the channels differ, when pointwiseKernel is not of 1×1 pixels, or
 * when the dilated window exceeds the input.
 * Source: Chollet 2017 (Xception).
 */
export function separableConv2d(
  x: Tensor,
  { depthwiseKernel, pointwiseKernel }: SeparableKernels,
  options: DepthwiseConv2dOptions = {},
): Tensor {
  checkTensors('separableConv2d', { x, depthwiseKernel, pointwiseKernel });
  checkCall('separableConv2d', options, depthwiseRules);
  const channels = (depthwiseKernel.shape[2] as number) * (depthwiseKernel.shape[3] as number);
  const [KH, KW, C] = pointwiseKernel.shape;
  if (pointwiseKernel.shape.length !== 4 || KH !== 1 || KW !== 1 || C !== channels)
    throw new ShapeError(
      `separableConv2d: pointwiseKernel is ${describe(pointwiseKernel)}, expected [1,1,${channels},O] after depthwiseKernel ${describe(depthwiseKernel)}.`,
    );
  const y = convolveChannels('separableConv2d', x, depthwiseKernel, options, 'depthwiseKernel');
  return plainConv2d(y, pointwiseKernel);
}
