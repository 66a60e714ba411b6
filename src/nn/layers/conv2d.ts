/** Convolution layer without dilation and groups. Letters: H × W pixels, C channels in, O (filters) out, kernel KH × KW. */
import type { Shape } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { add } from '../../kernels/arithmetic.js';
import { plainConv2d as convolve } from '../../kernels/conv2d.js';
import {
  type Padding,
  type Pair,
  pair,
  windowAttributes,
  windowCounts,
  windowRules,
} from '../../kernels/window.js';
import { type Rules, checkOptions, count, flag, pixels, required } from '../../options.js';
import { type Activation, activate, activationRule } from './activation_registry.js';
import { type Layer, type LayerOptions, type ParameterSpec, makeLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';

export interface PlainConv2dLayerOptions extends LayerOptions, ParameterOptions<'kernel' | 'bias'> {
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly activation?: Activation;
  readonly useBias?: boolean;
}

export const plainConv2dRules = (): Rules<PlainConv2dLayerOptions> => ({
  filters: required(count),
  kernelSize: required(pixels),
  activation: activationRule(),
  useBias: flag,
  ...parameterRules('kernel', 'bias'),
  ...windowRules(),
  ...layerRules(),
});

/**
 * `layers.conv2d` without dilationRate and groups: a bundle of the named models does not contain the kernels for them.
 *
 *   y = activation(conv2d(x, kernel) + bias)
 *
 * Shapes: x [N,H,W,C], kernel [KH,KW,C,O], bias [O] → y [N,P,Q,O]. Initial values: Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes or is too small.
 */
export function plainConv2d(options: PlainConv2dLayerOptions): Layer {
  checkOptions('layers.conv2d', options, plainConv2dRules());
  const { filters, kernelSize, strides = 1, padding = 'valid', activation = 'linear' } = options;
  const { useBias = true, kernelRegularizer = null } = options;
  const [KH, KW] = pair(kernelSize);
  const channels = (inputShape: Shape): number => {
    if (inputShape.length !== 3)
      throw new ShapeError(
        `layers.conv2d: the input is [${inputShape.join(',')}] per sample, expected [height,width,channels].`,
      );
    return inputShape[2] as number;
  };
  return makeLayer(options, {
    className: 'Conv2D',
    config: {
      filters,
      kernelSize: [KH, KW],
      strides: [...pair(strides)],
      padding,
      activation,
      useBias,
      kernelRegularizer,
      ...parameterConfig(options, 'kernel', 'bias'),
    },
    outputShape: ([x]) => {
      channels(x);
      const image = [1, ...x];
      const attributes = windowAttributes('layers.conv2d', image, [KH, KW], pair(strides), padding);
      return [...windowCounts(image, [KH, KW], attributes), filters];
    },
    parameters: ([x]) => {
      const C = channels(x);
      const fans = { fanIn: KH * KW * C, fanOut: KH * KW * filters };
      const kernel: ParameterSpec = {
        name: 'kernel',
        shape: [KH, KW, C, filters],
        initializer: { kind: 'glorotUniform', ...fans },
        decay: true,
      };
      const bias: ParameterSpec = { name: 'bias', shape: [filters], initializer: { kind: 'zeros' } };
      return (useBias ? [kernel, bias] : [kernel]).map((spec) => withParameterOptions(options, spec));
    },
    call: ([x], { kernel, bias }) => {
      const y = convolve(x, kernel!, { strides, padding });
      return activate(activation, bias ? add(y, bias) : y);
    },
  });
}
