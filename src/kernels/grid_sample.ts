/**
 * Images read at any positions. Letters: x the images [N,H,W,C], y the samples [N,P,Q,C], dy their gradient.
 *
 * With S(grid) the matrix of the weights, y = S x and dx = Sᵀ dy. The derivative of S by a coordinate of the grid is such a matrix,
 * too: the same kernels compute it, with the order 1 along that axis. Weights are linear along each axis, so its second derivative
 * by the same coordinate is 0.
 */
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import indexWgsl from '../../shaders/gather/index.wgsl';
import chainWgsl from '../../shaders/gather/input_gradient_chain.wgsl';
import forwardWgsl from '../../shaders/grid_sample/forward.wgsl';
import inputGradientWgsl from '../../shaders/grid_sample/input_gradient.wgsl';
import inputGradientCellsWgsl from '../../shaders/grid_sample/input_gradient_cells.wgsl';
import positionWgsl from '../../shaders/grid_sample/position.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, type Spec, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, flag, oneOf } from '../options.js';
import { fill, multiply } from './arithmetic.js';
import { concatenate } from './concatenate.js';
import { baselineVariant, bytesTouched, gridFor } from './grid.js';
import { sum } from './sum.js';

registerShaders({
  'floats/non_finite': nonFiniteWgsl,
  'gather/index': indexWgsl,
  'gather/input_gradient_chain': chainWgsl,
  'grid_sample/forward': forwardWgsl,
  'grid_sample/input_gradient': inputGradientWgsl,
  'grid_sample/input_gradient_cells': inputGradientCellsWgsl,
  'grid_sample/position': positionWgsl,
});

type GridSampleAttributes = {
  readonly isLinear: boolean;
  /** Whether positions are clamped to x, rather than surrounded by zeros. */
  readonly isBorder: boolean;
  readonly alignsCorners: boolean;
  /** Of the derivative by the two coordinates of the grid, along W and H: 0 or 1. */
  readonly orders: readonly number[];
};

function positionConstants(
  [N, H, W]: Shape,
  grid: Spec,
  { isLinear, isBorder, alignsCorners }: GridSampleAttributes,
) {
  return {
    N: N!,
    H: H!,
    W: W!,
    PLACES: sizeOf(grid.shape.slice(1, 3)),
    LINEAR: isLinear ? 1 : 0,
    BORDER: isBorder ? 1 : 0,
    ALIGNED: alignsCorners ? 1 : 0,
  };
}

const orderConstants = ({ orders }: GridSampleAttributes) => ({ ORDER_W: orders[0]!, ORDER_H: orders[1]! });

export const gridSampleForward: Primitive<'x' | 'grid', 'y', GridSampleAttributes> = {
  name: 'grid_sample/forward',
  inputs: ['x', 'grid'],
  outputs: ['y'],
  shape: ({ x, grid }) => ({ y: [...grid.shape.slice(0, 3), x.shape[3]!] }),
  cost: (context) => ({
    flops: (context.attributes.isLinear ? 8 : 0) * sizeOf(context.outputs.y.shape),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(
      ({ inputs: { x, grid }, outputs: { y }, attributes, device }) => {
        const { workgroups, ...invocations } = gridFor(sizeOf(y.shape), device, { software: 16 });
        const constants = {
          ...positionConstants(x.shape, grid, attributes),
          ...orderConstants(attributes),
          C: x.shape[3]!,
          ...invocations,
        };
        return { dispatches: [{ shader: 'grid_sample/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

type GradientAttributes = GridSampleAttributes & {
  /** Rows and columns of x. */
  readonly size: readonly number[];
};

/** Lists the positions in each cell of x first, so that the sums have the same order in every run. */
export const gridSampleInputGradient: Primitive<'dy' | 'grid', 'dx', GradientAttributes> = {
  name: 'grid_sample/input_gradient',
  inputs: ['dy', 'grid'],
  outputs: ['dx'],
  shape: ({ dy }, { size }) => ({ dx: [dy.shape[0]!, ...size, dy.shape[3]!] }),
  cost: (context) => ({
    flops: (context.attributes.isLinear ? 8 : 1) * sizeOf(context.inputs.dy.shape),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(
      ({ inputs: { grid }, outputs: { dx }, attributes, device }) => {
        const constants = positionConstants(dx.shape, grid, attributes);
        const { N, H, W, PLACES } = constants;
        const COUNT = (H + 1) * (W + 1);
        const cells = gridFor(N * PLACES, device);
        const chain = gridFor(N * (COUNT + PLACES), device);
        const sums = gridFor(sizeOf(dx.shape), device);
        return {
          scratch: { cells: 4 * N * PLACES, chain: 4 * N * (COUNT + PLACES) },
          dispatches: [
            {
              shader: 'grid_sample/input_gradient_cells',
              constants: { ...constants, WORKGROUP: cells.WORKGROUP },
              workgroups: cells.workgroups,
            },
            {
              shader: 'gather/input_gradient_chain',
              constants: { BATCH: N, COUNT, PLACES, WORKGROUP: chain.WORKGROUP },
              bindings: { indices: 'cells' },
              workgroups: chain.workgroups,
            },
            {
              shader: 'grid_sample/input_gradient',
              constants: {
                ...constants,
                ...orderConstants(attributes),
                C: dx.shape[3]!,
                WORKGROUP: sums.WORKGROUP,
              },
              workgroups: sums.workgroups,
            },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The gradient by the grid of Σ dy · S x: along each coordinate Σ_c dy · ∂S x. */
function gridGradient(x: Tensor, grid: Tensor, dy: Tensor, attributes: GridSampleAttributes): Tensor {
  const { orders } = attributes;
  const columns = orders.map((order, axis) => {
    if (order > 0) return fill([...grid.shape.slice(0, 3), 1], 0);
    const slope = apply(gridSampleOp, { x, grid }, { ...attributes, orders: orders.with(axis, 1) }).y;
    return sum(multiply(dy, slope), { axis: -1, keepDims: true });
  });
  return concatenate(columns, -1);
}

const gridSampleGradientOp: Op<'dy' | 'grid', 'dx', GradientAttributes> = opOf(
  gridSampleInputGradient,
  ({ inputs: { dy, grid }, attributes: { size: _, ...attributes }, gradients }) => {
    const g = gradients.dx as Tensor;
    return {
      dy: () => apply(gridSampleOp, { x: g, grid }, attributes).y,
      grid: attributes.isLinear ? () => gridGradient(g, grid, dy, attributes) : null,
    };
  },
);

export const gridSampleOp: Op<'x' | 'grid', 'y', GridSampleAttributes> = {
  name: 'grid_sample',
  primitives: [gridSampleForward, gridSampleInputGradient],
  forward: (inputs, attributes) => runPrimitive(gridSampleForward, inputs, attributes),
  backward: ({ inputs: { x, grid }, attributes, gradients }) => {
    const dy = gradients.y as Tensor;
    return {
      x: () => apply(gridSampleGradientOp, { dy, grid }, { ...attributes, size: x.shape.slice(1, 3) }).dx,
      grid: attributes.isLinear ? () => gridGradient(x, grid, dy, attributes) : null,
    };
  },
};

export interface GridSampleOptions {
  /** Default: `bilinear`. */
  readonly method?: 'nearest' | 'bilinear';
  /** What is outside x: zeros, or the nearest pixel of its border. Default: `zeros`. */
  readonly padding?: 'zeros' | 'border';
  /** Whether −1 and 1 are the centres of the outer pixels. Default: false, their outer edges. */
  readonly alignCorners?: boolean;
}

const rules = (): Rules<GridSampleOptions> => ({
  method: oneOf(['nearest', 'bilinear']),
  padding: oneOf(['zeros', 'border']),
  alignCorners: flag,
});

/**
 * Images read at the positions of a grid, channels last: a spatial transformer, a warp by a flow.
 *
 *   y[n,p,q,:] = x at column ((u + 1) · W − 1) / 2 and row ((v + 1) · H − 1) / 2,  (u, v) = grid[n,p,q]
 *
 * With `alignCorners` at column (u + 1) · (W − 1) / 2, and likewise the row. So (−1, −1) is the top left corner of x and (1, 1) the
 * bottom right one. `bilinear` takes the weights of the four pixels around the position, `nearest` the nearest pixel, the even one of
 * two. A NaN in the grid gives NaN, and no gradient to x. The gradients by x and by the grid have the same bits in every run; with
 * `nearest` that by the grid is 0. The time of that by x grows with the square of P · Q, since no order of the positions is assumed.
 *
 * Shapes: x [N,H,W,C], grid [N,P,Q,2] → y [N,P,Q,C].
 * Throws: ShapeError for other shapes; UsageError for invalid options.
 * Source: PyTorch, `F.grid_sample`, there with channels first.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  checkTensors('gridSample', { x, grid });
  checkCall('gridSample', options, rules);
  const { method = 'bilinear', padding = 'zeros', alignCorners = false } = options;
  const fits =
    x.shape.length === 4 && grid.shape.length === 4 && grid.shape[0] === x.shape[0] && grid.shape[3] === 2;
  if (!fits)
    throw new ShapeError(
      `gridSample: x is ${describe(x)} and grid ${describe(grid)}, expected [N,H,W,C] and [N,P,Q,2] with one N.`,
    );
  const attributes = {
    isLinear: method === 'bilinear',
    isBorder: padding === 'border',
    alignsCorners: alignCorners,
    orders: [0, 0],
  };
  return apply(gridSampleOp, { x, grid }, attributes).y;
}
