/** Transposed convolution layer. Letters: P × Q pixels with C channels in, H × W with O (filters) out, kernel KH × KW. */
import {
  type Conv2dTransposeOptions,
  conv2dTranspose as convolve,
  transposeRules,
  transposedWindows,
} from '../../kernels/conv2d_transpose.js';
import { type Pair, pair } from '../../kernels/window.js';
import { type Rules, checkOptions, count, flag, pixels, required } from '../../options.js';
import { type Activation, activationRule } from './activation_registry.js';
import { activated, biasSpec, channelsOf, kernelSpec } from './convolution.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import { type ParameterOptions, parameterConfig, parameterRules } from '../parameters/parameter_options.js';

export interface Conv2dTransposeLayerOptions
  extends LayerOptions, Conv2dTransposeOptions, ParameterOptions<'kernel' | 'bias'> {
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly activation?: Activation;
  readonly useBias?: boolean;
}

const rules = (): Rules<Conv2dTransposeLayerOptions> => ({
  filters: required(count),
  kernelSize: required(pixels),
  activation: activationRule(),
  useBias: flag,
  ...parameterRules('kernel', 'bias'),
  ...transposeRules(),
  ...layerRules(),
});

/**
 * Transposed 2-D convolution with bias and activation: an image of `strides` times the size.
 *
 *   y = activation(conv2dTranspose(x, kernel) + bias)
 *
 * The size of y is Keras's; see `ops.conv2dTranspose`. Unlike in Keras, strides and dilationRate combine.
 * Shapes: x [N,P,Q,C], kernel [KH,KW,O,C], bias [O] → y [N,H,W,O]. Initial values: Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes, or for outputPadding that is
 * not less than the strides.
 */
export function conv2dTranspose(options: Conv2dTransposeLayerOptions): Layer {
  checkOptions('layers.conv2dTranspose', options, rules());
  const { filters, kernelSize, strides = 1, padding = 'valid', dilationRate = 1 } = options;
  const { outputPadding = null, activation = 'linear', useBias = true } = options;
  const [KH, KW] = pair(kernelSize);
  const windows = { strides, padding, dilationRate, outputPadding };
  return makeLayer(options, {
    className: 'Conv2DTranspose',
    config: {
      filters,
      kernelSize: [KH, KW],
      strides: [...pair(strides)],
      padding,
      outputPadding: outputPadding === null ? null : [...pair(outputPadding)],
      dilationRate: [...pair(dilationRate)],
      activation,
      useBias,
      ...parameterConfig(options, 'kernel', 'bias'),
    },
    outputShape: ([x]) => {
      channelsOf('layers.conv2dTranspose', x);
      const { size } = transposedWindows('layers.conv2dTranspose', [1, ...x], [KH, KW], windows);
      return [...size, filters];
    },
    parameters: ([x]) => {
      const shape = [KH, KW, filters, channelsOf('layers.conv2dTranspose', x)];
      const kernel = kernelSpec('kernel', shape, options);
      return useBias ? [kernel, biasSpec(filters, options)] : [kernel];
    },
    call: ([x], { kernel, bias }) => activated(convolve(x, kernel!, windows), bias, activation),
  });
}
