/** Small fixed filters over images, such as blur and sharpen: one kernel of numbers for every channel. */
import forwardWgsl from '../../shaders/filter2d/forward.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Dispatch, type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { count } from '../options.js';
import { checkFilter } from './filter_kernels.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';

registerShaders({ 'filter2d/forward': forwardWgsl });

type FilterAttributes = {
  /** 3×3 or 5×5 weights, row by row. */
  readonly kernel: readonly number[];
  readonly iterations: number;
};

export const filter2dForward: Primitive<'x', 'y', FilterAttributes> = {
  name: 'filter2d/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => ({
    flops:
      2 * sizeOf(context.inputs.x.shape) * context.attributes.kernel.length * context.attributes.iterations,
    bytes: bytesTouched(context) * context.attributes.iterations,
  }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, attributes: { kernel, iterations }, device }) => {
        const [N, H, W, C] = x.shape as [number, number, number, number];
        const { workgroups, ...grid } = gridFor(N * H * W * C, device, { software: 16 });
        const constants = { N, H, W, C, SIZE: Math.sqrt(kernel.length), KERNEL: kernel, ...grid };
        // Iterations alternate between two scratch buffers; the last one writes y.
        const place = (i: number): string => (i % 2 === 0 ? 'even' : 'odd');
        const dispatches = Array.from({ length: iterations }, (_, i): Dispatch => {
          const from = i === 0 ? 'x' : place(i - 1);
          const to = i === iterations - 1 ? 'y' : place(i);
          return { shader: 'filter2d/forward', constants, bindings: { x: from, y: to }, workgroups };
        });
        const scratch = Object.fromEntries(
          ['even', 'odd'].slice(0, iterations - 1).map((name) => [name, 4 * sizeOf(x.shape)]),
        );
        return { dispatches, scratch };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The filter is linear: its gradient applies the filter rotated by 180°, the same number of times. */
export const filter2dOp: Op<'x', 'y', FilterAttributes> = {
  name: 'filter2d',
  primitives: [filter2dForward],
  forward: (inputs, attributes) => runPrimitive(filter2dForward, inputs, attributes),
  backward: ({ attributes: { kernel, iterations }, gradients }) => ({
    x: () => apply(filter2dOp, { x: gradients.y as Tensor }, { kernel: kernel.toReversed(), iterations }).y,
  }),
};

/**
 * Filters images with one small kernel, `iterations` times.
 *
 *   y[n,h,w,c] = Σ_{i,j} kernel[i,j] · x[n, h + i − r, w + j − r, c],  r = (size − 1) / 2
 *
 * Zero padding in every iteration. Shapes: x [N,H,W,C] → y [N,H,W,C]; the kernel is 9 numbers (3×3) or
 * 25 (5×5), row by row. Throws: ShapeError when x has not four axes; UsageError for another kernel or iterations < 1.
 */
export function filter2d(
  x: Tensor,
  kernel: readonly number[],
  options: { readonly iterations?: number } = {},
): Tensor {
  checkTensors('filter2d', { x });
  checkCall('filter2d', options, () => ({ iterations: count }));
  const { iterations = 1 } = options;
  if (x.shape.length !== 4)
    throw new ShapeError(`filter2d: x is ${describe(x)}, expected four axes [N,H,W,C].`);
  checkFilter('filter2d', kernel, iterations);
  return apply(filter2dOp, { x }, { kernel: [...kernel], iterations }).y;
}
