/**
 * Transposed 2-D convolution, channels last: the input gradient of a convolution as an op of its own.
 * Letters: N images of P × Q pixels with C channels to images of H × W pixels with O channels; kernel KH × KW.
 */
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import type { Shape } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, countOrZero, either, list, orNull, pixels } from '../options.js';
import { conv2dInputGradient, conv2dKernelGradientOp, conv2dOp } from './conv2d.js';
import {
  groupedConv2dInputGradient,
  groupedConv2dKernelGradientOp,
  groupedConv2dOp,
  isPlain,
} from './grouped_conv2d.js';
import {
  type Padding,
  type Pair,
  type WindowAttributes,
  type WindowOptions,
  dilated,
  pair,
  windowRules,
} from './window.js';

export interface Conv2dTransposeAttributes extends WindowAttributes {
  /** The shape of y. */
  readonly outputShape: readonly number[];
  /** Pixels between taps: down, across. */
  readonly dilations: readonly number[];
}

/** The attributes of the convolution whose input gradient this is, if its taps are adjacent. */
const plainOf = ({ strides, pads }: Conv2dTransposeAttributes): WindowAttributes => ({ strides, pads });

const groupedOf = ({ strides, pads, dilations }: Conv2dTransposeAttributes) => ({
  strides,
  pads,
  dilations,
  groups: 1,
});

const isAdjacent = ({ dilations: [down = 1, across = 1] }: Conv2dTransposeAttributes): boolean =>
  isPlain([down, across], 1);

export const conv2dTransposeOp: Op<'x' | 'kernel', 'y', Conv2dTransposeAttributes> = {
  name: 'conv2d_transpose',
  // Those of conv2d and grouped_conv2d.
  primitives: [],
  forward: ({ x, kernel }, attributes) => {
    const inputShape = attributes.outputShape;
    const { dx } = isAdjacent(attributes)
      ? runPrimitive(conv2dInputGradient, { dy: x, kernel }, { ...plainOf(attributes), inputShape })
      : runPrimitive(groupedConv2dInputGradient, { dy: x, kernel }, { ...groupedOf(attributes), inputShape });
    return { y: dx };
  },
  backward: ({ inputs: { x, kernel }, attributes, gradients }) => {
    const dy = gradients.y as Tensor;
    const kernelShape = kernel.shape;
    if (isAdjacent(attributes)) {
      const plain = plainOf(attributes);
      return {
        x: () => apply(conv2dOp, { x: dy, kernel }, plain).y,
        kernel: () => apply(conv2dKernelGradientOp, { x: dy, dy: x }, { ...plain, kernelShape }).dkernel,
      };
    }
    const grouped = groupedOf(attributes);
    return {
      x: () => apply(groupedConv2dOp, { x: dy, kernel }, grouped).y,
      kernel: () =>
        apply(groupedConv2dKernelGradientOp, { x: dy, dy: x }, { ...grouped, kernelShape }).dkernel,
    };
  },
};

export interface Conv2dTransposeOptions extends WindowOptions {
  /** Pixels between the windows in y; default 1. */
  readonly strides?: Pair;
  /** Pixels between the taps of a window; default 1: adjacent pixels. */
  readonly dilationRate?: Pair;
  /** Rows below and columns right that are added to the least size of y; less than the strides. Default null, see `conv2dTranspose`. */
  readonly outputPadding?: Pair | null;
}

export const transposeRules = (): Rules<Conv2dTransposeOptions> => ({
  ...windowRules(),
  dilationRate: pixels,
  outputPadding: orNull(either(countOrZero, list('two of them', countOrZero, 2))),
});

/**
 * The size of y and its padding, as in Keras: the convolution that y is the input of has this padding.
 *
 * Throws: ShapeError for outputPadding that is not less than the strides, or y without pixels.
 */
export function transposedWindows(
  who: string,
  [, P, Q]: Shape,
  [KH, KW]: readonly [number, number],
  options: Conv2dTransposeOptions,
): Pick<Conv2dTransposeAttributes, 'strides' | 'pads' | 'dilations'> & {
  readonly size: readonly [number, number];
} {
  const { padding = 'valid', outputPadding = null } = options;
  const strides = pair(options.strides ?? 1);
  const dilations = pair(options.dilationRate ?? 1);
  const extra = outputPadding === null ? null : pair(outputPadding);
  if (extra?.some((pixels, axis) => pixels >= strides[axis]!))
    throw new ShapeError(
      `${who}: outputPadding is ${extra.join('×')}, expected less than the strides, ${strides.join('×')}.`,
    );
  const [height, width] = dilated([KH, KW], dilations);
  const down = alongAxis(P as number, height, strides[0], padding, extra?.[0]);
  const across = alongAxis(Q as number, width, strides[1], padding, extra?.[1]);
  if (down.size < 1 || across.size < 1)
    throw new ShapeError(
      `${who}: the result would have ${down.size}×${across.size} pixels; use a larger outputPadding or padding 'valid'.`,
    );
  return {
    strides,
    dilations,
    pads: [down.before, across.before, down.after, across.after],
    size: [down.size, across.size],
  };
}

/** Source: Keras, `conv_transpose`: the size without `extra` is count · stride, or what windows and gaps fill if that is more. */
function alongAxis(
  count: number,
  extent: number,
  stride: number,
  padding: Padding,
  extra: number | undefined,
): { size: number; before: number; after: number } {
  const full = (count - 1) * stride + extent;
  if (padding === 'valid')
    return { size: full + (extra ?? Math.max(stride - extent, 0)), before: 0, after: 0 };
  const size = extra === undefined ? count * stride : (count - 1) * stride + (extent % 2) + extra;
  const total = Math.max(full - size, 0);
  return { size, before: Math.floor(total / 2), after: total - Math.floor(total / 2) };
}

/**
 * Transposed 2-D convolution, channels last: each pixel of x adds its multiple of the kernel to a window of y.
 *
 *   y[n, p·stride + i·dilation − pad, q·stride + j·dilation − pad, o] = Σ x[n,p,q,c] · kernel[i,j,o,c] over all p, q, i, j, c that meet there
 *
 * The size of y is Keras's. With padding 'same' it is P·stride; 'valid' keeps whole windows: (P − 1)·stride + max(K, stride), where
 * K is the dilated extent of the window. With outputPadding it is (P − 1)·stride + K mod 2 + outputPadding, or
 * (P − 1)·stride + K + outputPadding. Unlike in Keras, strides and dilation combine.
 * Shapes: x [N,P,Q,C], kernel [KH,KW,O,C] → y [N,H,W,O].
 * Units: strides, dilationRate and outputPadding in pixels. Sums in f32.
 * Throws: UsageError for options out of range; ShapeError when the channels differ, when outputPadding is not less than the
 * strides, or when y would have no pixels.
 * Source: Zeiler et al. 2010 (deconvolutional networks).
 */
export function conv2dTranspose(x: Tensor, kernel: Tensor, options: Conv2dTransposeOptions = {}): Tensor {
  checkTensors('conv2dTranspose', { x, kernel });
  checkCall('conv2dTranspose', options, transposeRules);
  // The primitives would name the operands of the convolution.
  for (const [name, { dtype, shape }] of Object.entries({ x, kernel })) {
    if (dtype === 'f32') continue;
    const advice = dtype === 'f16' ? `; cast it, as with cast(${name}, 'f32')` : '';
    throw new ShapeError(
      `conv2dTranspose: '${name}' is ${dtype} [${shape.join(',')}], expected f32${advice}.`,
    );
  }
  if (x.shape.length !== 4 || kernel.shape.length !== 4)
    throw new ShapeError(
      `conv2dTranspose: x is ${describe(x)} and kernel ${describe(kernel)}, expected [N,H,W,C] and [KH,KW,O,C].`,
    );
  const [N, , , C] = x.shape as [number, number, number, number];
  const [KH, KW, O, channels] = kernel.shape as [number, number, number, number];
  if (C !== channels)
    throw new ShapeError(
      `conv2dTranspose: kernel expects ${channels} input channels but x has ${C} (x ${describe(x)}, kernel ${describe(kernel)}).`,
    );
  const { size, ...attributes } = transposedWindows('conv2dTranspose', x.shape, [KH, KW], options);
  return apply(conv2dTransposeOp, { x, kernel }, { ...attributes, outputShape: [N, ...size, O] }).y;
}
