/** Depthwise separable convolution layer. Letters: H × W pixels, C channels in, O (filters) out, M per channel, kernel KH × KW. */
import { separableConv2d as convolve } from '../../kernels/separable_conv2d.js';
import { pair } from '../../kernels/window.js';
import { type Rules, checkOptions, count, required } from '../../options.js';
import { activated, biasSpec, channelsOf, imageAfter, kernelSpec } from './convolution.js';
import { type DepthwiseOptions, depthwiseLayerRules } from './depthwise_conv2d.js';
import { type Layer, makeLayer } from './layer.js';
import { type ParameterOptions, parameterConfig, parameterRules } from '../parameters/parameter_options.js';

/** `depthwiseInitializer`, `pointwiseInitializer` and their relatives are those of the two kernels. */
export interface SeparableConv2dLayerOptions
  extends DepthwiseOptions, ParameterOptions<'depthwise' | 'pointwise' | 'bias'> {
  readonly filters: number;
}

const rules = (): Rules<SeparableConv2dLayerOptions> => ({
  filters: required(count),
  ...depthwiseLayerRules(),
  ...parameterRules('depthwise', 'pointwise', 'bias'),
});

/**
 * 2-D convolution of each channel on its own, then one of 1×1 pixels over all channels, with bias and activation.
 *
 *   y = activation(conv2d(depthwiseConv2d(x, depthwise_kernel), pointwise_kernel) + bias)
 *
 * Unlike in Keras, strides and dilationRate combine.
 * Shapes: x [N,H,W,C], depthwise_kernel [KH,KW,C,M], pointwise_kernel [1,1,C·M,O], bias [O] → y [N,P,Q,O]. Initial values:
 * Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes or is too small.
 */
export function separableConv2d(options: SeparableConv2dLayerOptions): Layer {
  checkOptions('layers.separableConv2d', options, rules());
  const { filters, strides = 1, padding = 'valid', dilationRate = 1, depthMultiplier = 1 } = options;
  const { activation = 'linear', useBias = true } = options;
  const [KH, KW] = pair(options.kernelSize);
  return makeLayer(options, {
    className: 'SeparableConv2D',
    config: {
      filters,
      kernelSize: [KH, KW],
      strides: [...pair(strides)],
      padding,
      dilationRate: [...pair(dilationRate)],
      depthMultiplier,
      activation,
      useBias,
      ...parameterConfig(options, 'depthwise', 'pointwise', 'bias'),
    },
    outputShape: ([x]) => {
      channelsOf('layers.separableConv2d', x);
      return [...imageAfter('layers.separableConv2d', x, options), filters];
    },
    parameters: ([x]) => {
      const C = channelsOf('layers.separableConv2d', x);
      const kernels = [
        kernelSpec('depthwise_kernel', [KH, KW, C, depthMultiplier], options, 'depthwise'),
        kernelSpec('pointwise_kernel', [1, 1, C * depthMultiplier, filters], options, 'pointwise'),
      ];
      return useBias ? [...kernels, biasSpec(filters, options)] : kernels;
    },
    call: ([x], { depthwise_kernel, pointwise_kernel, bias }) => {
      const kernels = { depthwiseKernel: depthwise_kernel!, pointwiseKernel: pointwise_kernel! };
      return activated(convolve(x, kernels, { strides, padding, dilationRate }), bias, activation);
    },
  });
}
