/** Depthwise convolution layer. Letters: H × W pixels, C channels, M outputs of each, kernel KH × KW. */
import {
  type DepthwiseConv2dOptions,
  depthwiseConv2d as convolve,
  depthwiseRules,
} from '../../kernels/depthwise_conv2d.js';
import { type Pair, pair } from '../../kernels/window.js';
import { type Rules, checkOptions, count, flag, pixels, required } from '../../options.js';
import { type Activation, activationRule } from './activation_registry.js';
import { activated, biasSpec, channelsOf, imageAfter, kernelSpec } from './convolution.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import { type ParameterOptions, parameterConfig, parameterRules } from '../parameters/parameter_options.js';

/** Options of the depthwise convolutions. */
export interface DepthwiseOptions extends LayerOptions, DepthwiseConv2dOptions {
  readonly kernelSize: Pair;
  /** Outputs of each channel; default 1. */
  readonly depthMultiplier?: number;
  readonly activation?: Activation;
  readonly useBias?: boolean;
}

/** `depthwiseInitializer` and its relatives are those of the kernel. */
export interface DepthwiseConv2dLayerOptions
  extends DepthwiseOptions, ParameterOptions<'depthwise' | 'bias'> {}

export const depthwiseLayerRules = (): Rules<DepthwiseOptions> => ({
  kernelSize: required(pixels),
  depthMultiplier: count,
  activation: activationRule(),
  useBias: flag,
  ...depthwiseRules(),
  ...layerRules(),
});

const rules = (): Rules<DepthwiseConv2dLayerOptions> => ({
  ...depthwiseLayerRules(),
  ...parameterRules('depthwise', 'bias'),
});

/**
 * 2-D convolution of each channel on its own, with bias and activation.
 *
 *   y = activation(depthwiseConv2d(x, kernel) + bias)
 *
 * Unlike in Keras, strides and dilationRate combine.
 * Shapes: x [N,H,W,C], kernel [KH,KW,C,M], bias [C·M] → y [N,P,Q,C·M]. Initial values: Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes or is too small.
 */
export function depthwiseConv2d(options: DepthwiseConv2dLayerOptions): Layer {
  checkOptions('layers.depthwiseConv2d', options, rules());
  const { strides = 1, padding = 'valid', dilationRate = 1, depthMultiplier = 1 } = options;
  const { activation = 'linear', useBias = true } = options;
  const [KH, KW] = pair(options.kernelSize);
  return makeLayer(options, {
    className: 'DepthwiseConv2D',
    config: {
      kernelSize: [KH, KW],
      strides: [...pair(strides)],
      padding,
      dilationRate: [...pair(dilationRate)],
      depthMultiplier,
      activation,
      useBias,
      ...parameterConfig(options, 'depthwise', 'bias'),
    },
    outputShape: ([x]) => {
      const C = channelsOf('layers.depthwiseConv2d', x);
      return [...imageAfter('layers.depthwiseConv2d', x, options), C * depthMultiplier];
    },
    parameters: ([x]) => {
      const C = channelsOf('layers.depthwiseConv2d', x);
      const kernel = kernelSpec('kernel', [KH, KW, C, depthMultiplier], options, 'depthwise');
      return useBias ? [kernel, biasSpec(C * depthMultiplier, options)] : [kernel];
    },
    call: ([x], { kernel, bias }) =>
      activated(convolve(x, kernel!, { strides, padding, dilationRate }), bias, activation),
  });
}
