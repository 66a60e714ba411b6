/** Convolution layer, with dilation and groups. Letters: H × W pixels, C channels in, O (filters) out, kernel KH × KW. */
import { ShapeError, UsageError } from '../../errors.js';
import { conv2d as convolve, isPlain } from '../../kernels/grouped_conv2d.js';
import { type Pair, pair } from '../../kernels/window.js';
import { type Rules, checkOptions, count, pixels } from '../../options.js';
import { type PlainConv2dLayerOptions, plainConv2d, plainConv2dRules } from './conv2d.js';
import { activated, channelsOf, imageAfter } from './convolution.js';
import { type Layer, makeLayer } from './layer.js';

export interface Conv2dLayerOptions extends PlainConv2dLayerOptions {
  /** Pixels between the taps of a window; default 1: adjacent pixels. */
  readonly dilationRate?: Pair;
  /** Groups of channels, each convolved on its own; the channels and the filters are multiples of it. Default 1. */
  readonly groups?: number;
}

const rules = (): Rules<Conv2dLayerOptions> => ({
  ...plainConv2dRules(),
  dilationRate: pixels,
  groups: count,
});

/**
 * 2-D convolution with bias and activation.
 *
 *   y = activation(conv2d(x, kernel) + bias)
 *
 * Unlike in Keras, strides and dilationRate combine.
 * Shapes: x [N,H,W,C], kernel [KH,KW,C/groups,O], bias [O] → y [N,P,Q,O]. Initial values: Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes, is too small, or has channels
 * that groups does not divide.
 */
export function conv2d(options: Conv2dLayerOptions): Layer {
  checkOptions('layers.conv2d', options, rules());
  const { dilationRate = 1, groups = 1, ...rest } = options;
  const plain = plainConv2d(rest);
  if (isPlain(dilationRate, groups)) return plain;
  const { filters, strides = 1, padding = 'valid', activation = 'linear' } = rest;
  if (filters % groups !== 0)
    throw new UsageError(`layers.conv2d: filters is ${filters}, expected a multiple of groups, ${groups}.`);
  return makeLayer(options, {
    className: 'Conv2D',
    config: { ...plain.config, dilationRate: [...pair(dilationRate)], groups },
    outputShape: ([x]) => {
      const channels = channelsOf('layers.conv2d', x);
      if (channels % groups !== 0)
        throw new ShapeError(
          `layers.conv2d: the input has ${channels} channels, expected a multiple of groups, ${groups}.`,
        );
      return [...imageAfter('layers.conv2d', x, options), filters];
    },
    // A kernel as for the channels of one group.
    parameters: ([[H = 0, W = 0, channels = 0]]) => plain.parameters([[H, W, channels / groups]]),
    call: ([x], { kernel, bias }) =>
      activated(convolve(x, kernel!, { strides, padding, dilationRate, groups }), bias, activation),
  });
}
