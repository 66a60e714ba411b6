/**
 * Convolutions for CPU implementations of Vulkan: chooses tiles for a shape, and the dispatches.
 * N H W C: images, N P Q O: outputs, KH KW: window. Stride 1 only; the input gradient is a convolution with the
 * flipped kernel and so runs on the same shader. shaders/conv2d/*_software.wgsl explain the kernels.
 */
import forwardSoftwareWgsl from '../../shaders/conv2d/forward_software.wgsl';
import kernelGradientSoftwareWgsl from '../../shaders/conv2d/kernel_gradient_software.wgsl';
import kernelGradientSoftwareReduceWgsl from '../../shaders/conv2d/kernel_gradient_software_reduce.wgsl';
import kernelGradientSoftwareThinWgsl from '../../shaders/conv2d/kernel_gradient_software_thin.wgsl';
import packSoftwareWgsl from '../../shaders/conv2d/pack_software.wgsl';
import padChannelsSoftwareWgsl from '../../shaders/conv2d/pad_channels_software.wgsl';
import { canRun, sizeOf } from '../engine/primitive.js';
import type {
  DeviceTraits,
  Dispatch,
  Lowering,
  PrimitiveContext,
  Shape,
  Variant,
} from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import { oneSubgroup } from './grid.js';
import { matmulSoftware } from './matmul_software.js';

registerShaders({
  'conv2d/forward_software': forwardSoftwareWgsl,
  'conv2d/kernel_gradient_software': kernelGradientSoftwareWgsl,
  'conv2d/kernel_gradient_software_reduce': kernelGradientSoftwareReduceWgsl,
  'conv2d/kernel_gradient_software_thin': kernelGradientSoftwareThinWgsl,
  'conv2d/pack_software': packSoftwareWgsl,
  'conv2d/pad_channels_software': padChannelsSoftwareWgsl,
});

type ConvAttributes = { readonly strides: readonly number[]; readonly pads: readonly number[] };
type InputGradientAttributes = ConvAttributes & { readonly inputShape: readonly number[] };
type KernelGradientAttributes = ConvAttributes & { readonly kernelShape: readonly number[] };

/** A convolution with stride 1: [N,H,W,C] with a [KH,KW] window and padding to [N,P,Q,O]. */
interface Convolution {
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly KH: number;
  readonly KW: number;
  readonly P: number;
  readonly Q: number;
  readonly O: number;
  readonly PAD_TOP: number;
  readonly PAD_LEFT: number;
}

/** The driver unrolls loops of about this many multiply-adds of vec4f; longer ones run from memory. */
const unrolledMultiplyAdds = 35;

/** Longer loops do not fit the decoded-instruction cache of the core. */
const tileMultiplyAdds = 170;

function convolution(x: Shape, window: Shape, y: Shape, padTop: number, padLeft: number): Convolution {
  const [N = 0, H = 0, W = 0, C = 0] = x;
  const [KH = 0, KW = 0] = window;
  const [, P = 0, Q = 0, O = 0] = y;
  return { N, H, W, C, KH, KW, P, Q, O, PAD_TOP: padTop, PAD_LEFT: padLeft };
}

function supported(conv: Convolution, strides: readonly number[], device: DeviceTraits): boolean {
  return (
    strides.every((stride) => stride === 1) &&
    conv.KW <= 16 &&
    conv.PAD_TOP >= 0 &&
    conv.PAD_LEFT >= 0 &&
    [conv.C, conv.O, conv.KH].every((extent) => extent <= device.maxWorkgroupsPerDimension)
  );
}

/** Output channels per lane: vec4 unless vec2 wastes clearly fewer of the SG · vector channels of a block. */
function laneOutputs(channels: number, subgroupSize: number): 2 | 4 {
  const padded = (vector: number): number => Math.ceil(channels / (subgroupSize * vector)) * vector;
  return padded(4) <= padded(2) * 1.2 ? 4 : 2;
}

/** Splits a number of workgroups over x and another dimension. */
function grid(workgroups: number, device: DeviceTraits): [x: number, rest: number] {
  const x = Math.min(workgroups, device.maxWorkgroupsPerDimension);
  return [x, Math.ceil(workgroups / x)];
}

/** The operands of a convolution; the input gradient's kernel is transposed. */
interface Names {
  readonly input: string;
  readonly output: string;
  readonly transposed: boolean;
}

/** The two dispatches of a convolution: packing the kernel, then the sum. */
function convolve(conv: Convolution, tile: ForwardTile, device: DeviceTraits, names: Names): Lowering {
  const SG = device.subgroupSize;
  const vector = laneOutputs(conv.O, SG);
  const blocks = Math.ceil(conv.O / (SG * vector));
  const tiles =
    Math.ceil(conv.N / tile.TILE_N) *
    Math.ceil(conv.P / tile.TILE_P) *
    Math.ceil(conv.Q / (tile.GROUPS * tile.GROUP));
  const [gridX, gridZ] = grid(tiles, device);
  const lanes = { KH: conv.KH, KW: conv.KW, C: conv.C, O: conv.O, SG, LANE_OUTPUTS: vector };
  const pack: Dispatch = {
    shader: 'conv2d/pack_software',
    constants: { ...lanes, TRANSPOSED: names.transposed ? 1 : 0 },
    workgroups: [conv.C, conv.KH, blocks],
  };
  const sum: Dispatch = {
    shader: 'conv2d/forward_software',
    constants: { ...conv, ...tile, SG, LANE_OUTPUTS: vector, LaneVector: `vec${vector}f`, GRID_X: gridX },
    bindings: { x: names.input, y: names.output },
    workgroups: [gridX, blocks, gridZ],
  };
  return {
    dispatches: [pack, sum],
    scratch: { packed: blocks * conv.KH * conv.C * conv.KW * SG * vector * 4 },
  };
}

interface ForwardTile {
  readonly TILE_N: number;
  readonly TILE_P: number;
  readonly GROUPS: number;
  readonly GROUP: number;
}

/**
 * Rows of up to 28 pixels in groups that the driver still unrolls, and several such rows, from one or several
 * images, as long as one iteration of the inner loop stays within the limit of multiply-adds.
 */
function forwardTile(conv: Convolution, rowsOf: 'image' | 'images', multiplyAdds: number): ForwardTile {
  const longestGroup = Math.max(1, Math.min(7, Math.floor(unrolledMultiplyAdds / conv.KW)));
  const columns = Math.ceil(conv.Q / Math.ceil(conv.Q / (4 * longestGroup)));
  const groups = Math.ceil(columns / longestGroup);
  const rows = Math.max(1, Math.min(4, Math.floor(multiplyAdds / (columns * conv.KW))));
  const [TILE_N, TILE_P] = rowsOf === 'images' ? [Math.min(rows, conv.N), 1] : [1, Math.min(rows, conv.P)];
  return { TILE_N, TILE_P, GROUPS: groups, GROUP: Math.ceil(columns / groups) };
}

/** A window of one pixel is a matrix product: [N·H·W, C] · [C, O]. */
function pointwise(
  conv: Convolution,
  device: DeviceTraits,
  { input, output, transposed }: Names,
): Lowering | undefined {
  const [product] = matmulSoftware;
  if (!product || conv.KH * conv.KW !== 1 || conv.P !== conv.H || conv.Q !== conv.W) return undefined;
  const rows = conv.N * conv.H * conv.W;
  const matrix = (...shape: number[]) => ({ shape, dtype: 'f32' as const });
  const context = {
    inputs: { a: matrix(rows, conv.C), b: transposed ? matrix(conv.O, conv.C) : matrix(conv.C, conv.O) },
    outputs: { c: matrix(rows, conv.O) },
    attributes: { transposeA: false, transposeB: transposed },
    device,
  };
  if (!canRun(product, context)) return undefined;
  const { dispatches, ...rest } = product.lower(context);
  const operands: Record<string, string> = { a: input, b: 'kernel' };
  const renamed = dispatches.map((dispatch) => {
    const bindings: Record<string, string> = { c: output };
    for (const [key, name] of Object.entries(dispatch.bindings ?? {})) bindings[key] = operands[name] ?? name;
    return { ...dispatch, bindings };
  });
  return { dispatches: renamed, ...rest };
}

/** The variants of a convolution with stride 1, best first, for both primitives that compute one. */
function convolutionVariants<I extends string, O extends string, A extends ConvAttributes>(
  convolutionOf: (context: PrimitiveContext<I, O, A>) => Convolution,
  names: Names,
): Variant<I, O, A>[] {
  const common = { family: 'software', hasEpilogue: true, requires: oneSubgroup } as const;
  const isSupported = (context: PrimitiveContext<I, O, A>): boolean =>
    supported(convolutionOf(context), context.attributes.strides, context.device);
  return [
    {
      ...common,
      name: 'software_matmul',
      supports: (context) =>
        isSupported(context) && pointwise(convolutionOf(context), context.device, names) !== undefined,
      lower: (context) => pointwise(convolutionOf(context), context.device, names) as Lowering,
    },
    {
      ...common,
      name: 'software_images',
      supports: (context) => {
        const conv = convolutionOf(context);
        const { TILE_N } = forwardTile(conv, 'images', tileMultiplyAdds);
        // Few images left over in the last tile.
        return isSupported(context) && TILE_N > 1 && (conv.N % TILE_N === 0 || conv.N >= 8 * TILE_N);
      },
      lower: (context) => {
        const conv = convolutionOf(context);
        return convolve(conv, forwardTile(conv, 'images', tileMultiplyAdds), context.device, names);
      },
    },
    {
      ...common,
      name: 'software',
      supports: isSupported,
      lower: (context) => {
        const conv = convolutionOf(context);
        return convolve(conv, forwardTile(conv, 'image', tileMultiplyAdds), context.device, names);
      },
    },
  ];
}

type ForwardContext = PrimitiveContext<'x' | 'kernel', 'y', ConvAttributes>;

function forwardConvolution({ inputs, outputs, attributes }: ForwardContext): Convolution {
  const [top = 0, left = 0] = attributes.pads;
  return convolution(inputs.x.shape, inputs.kernel.shape, outputs.y.shape, top, left);
}

export const forwardSoftware: Variant<'x' | 'kernel', 'y', ConvAttributes>[] = convolutionVariants(
  forwardConvolution,
  { input: 'x', output: 'y', transposed: false },
);

type InputGradientContext = PrimitiveContext<'dy' | 'kernel', 'dx', InputGradientAttributes>;

/** dx is the convolution of dy with the flipped kernel, padded so that every window that contains a pixel counts. */
function inputGradientConvolution({ inputs, outputs, attributes }: InputGradientContext): Convolution {
  const [top = 0, left = 0] = attributes.pads;
  const [KH = 0, KW = 0] = inputs.kernel.shape;
  return convolution(inputs.dy.shape, inputs.kernel.shape, outputs.dx.shape, KH - 1 - top, KW - 1 - left);
}

export const inputGradientSoftware: Variant<'dy' | 'kernel', 'dx', InputGradientAttributes>[] =
  convolutionVariants(inputGradientConvolution, { input: 'dy', output: 'dx', transposed: true });

type KernelGradientContext = PrimitiveContext<'x' | 'dy', 'dkernel' | 'dbias', KernelGradientAttributes>;

function kernelGradientConvolution({ inputs, outputs, attributes }: KernelGradientContext): Convolution {
  const [top = 0, left = 0] = attributes.pads;
  return convolution(inputs.x.shape, outputs.dkernel.shape, inputs.dy.shape, top, left);
}

/** How a workgroup of the kernel gradient splits its sums, and how many pixels it processes per step. */
interface GradientTile {
  readonly shader: string;
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups per block of output channels and slice of the batch. */
  readonly count: number;
}

/**
 * Adjacent output pixels per step: a divisor of the row length if possible, because pixels beyond its end are
 * wasted. At most four: longer steps exceed the decoded-instruction cache of the core.
 */
function pixelStep(columns: number, longest: number): number {
  const wasted = (step: number): number => (step - (columns % step)) % step;
  const candidates = [4, 3, 2].filter((step) => step <= Math.min(longest, columns));
  return candidates.reduce((best, step) => (wasted(step) < wasted(best) ? step : best), candidates[0] ?? 1);
}

function gradientTile(conv: Convolution): GradientTile {
  if (conv.C >= 8 && conv.C % 4 === 0) {
    const SLOTS = conv.C > 8 && conv.KW < 4 ? 16 : 8;
    const STEP = pixelStep(conv.Q, Math.floor(160 / (SLOTS * conv.KW)));
    return {
      shader: 'conv2d/kernel_gradient_software',
      constants: { SLOTS, STEP },
      count: conv.KH * Math.ceil(conv.C / SLOTS),
    };
  }
  // Up to 16 channels, of as many window rows as fit into 16 slots.
  const SLOT_CHANNELS = Math.min(conv.C, 16);
  const SLOT_ROWS = Math.min(conv.KH, Math.floor(16 / SLOT_CHANNELS));
  const STEP = pixelStep(conv.Q, Math.floor(unrolledMultiplyAdds / conv.KW));
  return {
    shader: 'conv2d/kernel_gradient_software_thin',
    constants: { SLOT_ROWS, SLOT_CHANNELS, STEP },
    count: Math.ceil(conv.KH / SLOT_ROWS) * Math.ceil(conv.C / SLOT_CHANNELS),
  };
}

/** Just enough workgroups to balance the cores, since each slice must be summed later. */
const wantedWorkgroups = 128;

function lowerKernelGradient(context: KernelGradientContext): {
  dispatches: Dispatch[];
  scratch: Record<string, number>;
} {
  const conv = kernelGradientConvolution(context);
  const { device } = context;
  const SG = device.subgroupSize;
  const vector = laneOutputs(conv.O, SG);
  const tile = gradientTile(conv);
  const blocks = Math.ceil(conv.O / (SG * vector));
  const sliceImages = Math.ceil(
    conv.N / Math.max(1, Math.min(conv.N, Math.ceil(wantedWorkgroups / (tile.count * blocks)))),
  );
  const slices = Math.ceil(conv.N / sliceImages);
  const COUNT = sizeOf(context.outputs.dkernel.shape);
  // The sums for the bias follow those for the kernel.
  const sums = COUNT + conv.O;

  const stride = Math.ceil(conv.O / vector) * vector;
  const rows = conv.N * conv.P * conv.Q;
  const [padX, padY] = grid(Math.ceil((rows * stride) / (64 * SG)), device);
  const pad: Dispatch = {
    shader: 'conv2d/pad_channels_software',
    constants: { ROWS: rows, O: conv.O, STRIDE: stride, SG, GRID_X: padX },
    workgroups: [padX, padY, 1],
  };
  const sum: Dispatch = {
    shader: tile.shader,
    constants: {
      ...conv,
      ...tile.constants,
      SG,
      LANE_OUTPUTS: vector,
      LaneVector: `vec${vector}f`,
      DY_STRIDE: stride,
      SLICES: slices,
      SLICE_IMAGES: sliceImages,
    },
    bindings: stride === conv.O ? {} : { dy: 'padded' },
    workgroups: [tile.count, blocks, slices],
  };
  const [reduceX, reduceY] = grid(Math.ceil(sums / (SG * 4)), device);
  const reduce: Dispatch = {
    shader: 'conv2d/kernel_gradient_software_reduce',
    constants: { COUNT, O: conv.O, SLICES: slices, SG, GRID_X: reduceX },
    workgroups: [reduceX, reduceY, 1],
  };
  const scratch = { partial: slices * sums * 4 };
  return stride === conv.O
    ? { dispatches: [sum, reduce], scratch }
    : { dispatches: [pad, sum, reduce], scratch: { ...scratch, padded: rows * stride * 4 } };
}

export const kernelGradientSoftware: Variant<'x' | 'dy', 'dkernel' | 'dbias', KernelGradientAttributes>[] = [
  {
    name: 'software',
    family: 'software',
    hasEpilogue: true,
    requires: oneSubgroup,
    supports: (context) => {
      const conv = kernelGradientConvolution(context);
      // The sums for the bias need a window row inside the image for every output row.
      return supported(conv, context.attributes.strides, context.device) && conv.P <= conv.H;
    },
    lower: lowerKernelGradient,
  },
];
