/**
 * Shared by convolution layers, except the one of the named models (conv2d.ts), whose bundles do not contain this.
 * Letters: H × W pixels, kernel KH × KW, P × Q windows.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { add } from '../../kernels/arithmetic.js';
import {
  type Padding,
  type Pair,
  dilated,
  pair,
  windowAttributes,
  windowCounts,
} from '../../kernels/window.js';
import { type Activation, activate } from './activation_registry.js';
import type { LayerOptions, ParameterSpec } from './layer.js';
import { withParameterOptions } from '../parameters/parameter_options.js';

/** Throws: ShapeError for an input that is not an image. */
export function channelsOf(who: string, inputShape: Shape): number {
  if (inputShape.length !== 3)
    throw new ShapeError(
      `${who}: the input is [${inputShape.join(',')}] per sample, expected [height,width,channels].`,
    );
  return inputShape[2] as number;
}

/**
 * A kernel [KH,KW,in,out] with the options that begin with `prefix`. Its fans are Keras's: the last two extents, each times the
 * pixels of the window.
 */
export function kernelSpec(
  name: string,
  shape: Shape,
  options: LayerOptions,
  prefix = 'kernel',
): ParameterSpec {
  const [KH, KW, fanIn, fanOut] = shape as [number, number, number, number];
  const spec: ParameterSpec = {
    name: prefix,
    shape,
    initializer: { kind: 'glorotUniform', fanIn: KH * KW * fanIn, fanOut: KH * KW * fanOut },
    decay: true,
  };
  return { ...withParameterOptions(options, spec), name };
}

/** A bias with the options that begin with `bias`. */
export function biasSpec(filters: number, options: LayerOptions): ParameterSpec {
  return withParameterOptions(options, { name: 'bias', shape: [filters], initializer: { kind: 'zeros' } });
}

/** Bias and activation of a convolution. */
export function activated(y: Tensor, bias: Tensor | undefined, activation: Activation): Tensor {
  return activate(activation, bias ? add(y, bias) : y);
}

/** The options that determine the size of the output. */
interface Windows {
  readonly kernelSize: Pair;
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly dilationRate?: Pair;
}

/** Rows and columns of the output. Throws: ShapeError if the dilated window exceeds the input. */
export function imageAfter(
  who: string,
  x: Shape,
  { kernelSize, strides = 1, padding = 'valid', dilationRate = 1 }: Windows,
): [P: number, Q: number] {
  const image = [1, ...x];
  const window = dilated(pair(kernelSize), pair(dilationRate));
  return windowCounts(image, window, windowAttributes(who, image, window, pair(strides), padding));
}
