/**
 * The 2-D convolution and its two gradients on a real GPU. Each is a matrix product whose larger factor is gathered
 * on the fly (implicit GEMM), with the tiles of the matrix product.
 * Letters: x [N,H,W,C], kernel [KH,KW,C,O], y [N,P,Q,O].
 */
import forwardGpuWgsl from '../../shaders/conv2d/forward_gpu.wgsl';
import inputGradientGpuWgsl from '../../shaders/conv2d/input_gradient_gpu.wgsl';
import kernelGradientGpuWgsl from '../../shaders/conv2d/kernel_gradient_gpu.wgsl';
import kernelGradientGpuReduceWgsl from '../../shaders/conv2d/kernel_gradient_gpu_reduce.wgsl';
import innerLoopGpuWgsl from '../../shaders/product/inner_loop_gpu.wgsl';
import tileGpuWgsl from '../../shaders/product/tile_gpu.wgsl';
import type { Shape, Variant } from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import {
  type Product,
  type Tile,
  elements,
  grid,
  named,
  reduction,
  requirementsOf,
  sliceCount,
  suits,
  tileConstants,
  tileCount,
  tiles,
} from './matmul_gpu.js';
import { type WindowAttributes, windowConstants } from './window.js';

registerShaders({
  'conv2d/forward_gpu': forwardGpuWgsl,
  'conv2d/input_gradient_gpu': inputGradientGpuWgsl,
  'conv2d/kernel_gradient_gpu': kernelGradientGpuWgsl,
  'conv2d/kernel_gradient_gpu_reduce': kernelGradientGpuReduceWgsl,
  'product/inner_loop_gpu': innerLoopGpuWgsl,
  'product/tile_gpu': tileGpuWgsl,
});

type ForwardVariant = Variant<'x' | 'kernel', 'y', WindowAttributes>;
type InputGradientVariant = Variant<'dy' | 'kernel', 'dx', WindowAttributes & { readonly inputShape: Shape }>;
type KernelGradientVariant = Variant<
  'x' | 'dy',
  'dkernel' | 'dbias',
  WindowAttributes & { readonly kernelShape: Shape }
>;

type Sizes = Readonly<
  Record<'N' | 'H' | 'W' | 'C' | 'KH' | 'KW' | 'P' | 'Q' | 'O' | 'STRIDE_H' | 'STRIDE_W', number>
>;

/** The shader constants that follow from the shapes and the window. */
function sizes(x: Shape, kernel: Shape, y: Shape, attributes: WindowAttributes): Sizes {
  const [KH, KW, , O] = kernel as [number, number, number, number];
  return { ...windowConstants(x, [KH, KW], y, attributes), O };
}

function forward(tile: Tile): ForwardVariant {
  type Context = Parameters<ForwardVariant['lower']>[0];
  const sizesOf = ({ inputs, outputs, attributes }: Context): Sizes =>
    sizes(inputs.x.shape, inputs.kernel.shape, outputs.y.shape, attributes);
  const productOf = ({ N, P, Q, O, KH, KW, C }: Sizes): Product => ({ m: N * P * Q, n: O, k: KH * KW * C });
  return {
    name: `gpu_${tile.name}`,
    family: 'gpu',
    hasEpilogue: true,
    requires: requirementsOf(tile),
    supports: (context) => suits(tile, productOf(sizesOf(context)), 1),
    lower(context) {
      const s = sizesOf(context);
      const { x, workgroups } = grid(tileCount(tile, productOf(s)), 1, context.device);
      const constants = { ...s, ...elements('X', s.C % 4 === 0), ...tileConstants(tile), GRID_X: x };
      return { dispatches: [{ shader: 'conv2d/forward_gpu', constants, workgroups }] };
    },
  };
}

function inputGradient(tile: Tile): InputGradientVariant {
  type Context = Parameters<InputGradientVariant['lower']>[0];
  const sizesOf = ({ inputs, outputs, attributes }: Context): Sizes =>
    sizes(outputs.dx.shape, inputs.kernel.shape, inputs.dy.shape, attributes);
  // One product per phase of the stride, as explained in the shader.
  const productOf = ({ N, H, W, C, KH, KW, O, STRIDE_H, STRIDE_W }: Sizes): Product => ({
    m: N * Math.ceil(H / STRIDE_H) * Math.ceil(W / STRIDE_W),
    n: C,
    k: Math.ceil(KH / STRIDE_H) * Math.ceil(KW / STRIDE_W) * O,
    count: STRIDE_H * STRIDE_W,
  });
  return {
    name: `gpu_${tile.name}`,
    family: 'gpu',
    hasEpilogue: true,
    requires: requirementsOf(tile),
    supports: (context) => suits(tile, productOf(sizesOf(context)), 1),
    lower(context) {
      const s = sizesOf(context);
      const { x, workgroups } = grid(tileCount(tile, productOf(s)), 1, context.device);
      const constants = { ...s, ...elements('DY', s.O % 4 === 0), ...tileConstants(tile), GRID_X: x };
      return { dispatches: [{ shader: 'conv2d/input_gradient_gpu', constants, workgroups }] };
    },
  };
}

function kernelGradient(tile: Tile): KernelGradientVariant {
  type Context = Parameters<KernelGradientVariant['lower']>[0];
  const sizesOf = ({ inputs, outputs, attributes }: Context): Sizes =>
    sizes(inputs.x.shape, outputs.dkernel.shape, inputs.dy.shape, attributes);
  const productOf = ({ N, P, Q, O, KH, KW, C }: Sizes): Product => ({ m: KH * KW * C, n: O, k: N * P * Q });
  return {
    name: `gpu_${tile.name}`,
    family: 'gpu',
    hasEpilogue: true,
    requires: requirementsOf(tile),
    supports(context) {
      const product = productOf(sizesOf(context));
      return suits(tile, product, sliceCount(tile, product));
    },
    lower(context) {
      const s = sizesOf(context);
      const product = productOf(s);
      const slices = sliceCount(tile, product);
      const { x, workgroups } = grid(tileCount(tile, product), slices, context.device);
      const gather = {
        shader: 'conv2d/kernel_gradient_gpu',
        constants: {
          ...s,
          ...elements('X', s.C % 4 === 0),
          ...tileConstants(tile),
          SLICES: slices,
          GRID_X: x,
        },
        workgroups,
      };
      if (slices === 1)
        return { dispatches: [{ ...gather, bindings: { partial: 'dkernel', bias_partial: 'dbias' } }] };
      const count = product.m * product.n;
      return {
        dispatches: [
          gather,
          reduction('conv2d/kernel_gradient_gpu_reduce', count + s.O, slices, context.device, { O: s.O }),
        ],
        scratch: { partial: 4 * slices * count, bias_partial: 4 * slices * s.O },
      };
    },
  };
}

/**
 * Rows of vec4; slicing gives every shape enough workgroups. On 32·i channels 3×3 windows have 96·3i rows and 5×5
 * windows 160·5i.
 */
const kernelTiles: readonly Tile[] = [
  { name: '96x64', threadsX: 8, threadsY: 12, rows: 8, columns: 8, kStep: 16, leastWorkgroups: 256 },
  { name: '160x32', threadsX: 8, threadsY: 20, rows: 8, columns: 4, kStep: 20, leastWorkgroups: 256 },
  ...named('128x128', '128x64', '128x32', '64x64', '64x64_8x8', '64x32', '64x16'),
  ...named('32x32').map((tile) => ({ ...tile, leastWorkgroups: 0 })),
];

export const forwardGpu: readonly ForwardVariant[] = tiles.map(forward);
export const inputGradientGpu: readonly InputGradientVariant[] = tiles.map(inputGradient);
export const kernelGradientGpu: readonly KernelGradientVariant[] = kernelTiles.map(kernelGradient);
