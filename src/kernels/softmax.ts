/** Softmax over the last axis. */
import forwardWgsl from '../../shaders/softmax/forward.wgsl';
import inputGradientWgsl from '../../shaders/softmax/input_gradient.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type PrimitiveContext, sizeOf, type NoAttributes } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply, subtract } from './arithmetic.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { sum } from './sum.js';

registerShaders({
  'softmax/forward': forwardWgsl,
  'softmax/input_gradient': inputGradientWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

function rowsOf(
  shape: readonly number[],
  device: PrimitiveContext<never, never, NoAttributes>['device'],
  shader: string,
): {
  dispatches: {
    shader: string;
    constants: Record<string, number>;
    workgroups: readonly [number, number, number];
  }[];
} {
  const K = shape.at(-1) ?? 1;
  const ROWS = sizeOf(shape) / K;
  const { WORKGROUP, workgroups } = gridFor(ROWS, device);
  return { dispatches: [{ shader, constants: { ROWS, K, WORKGROUP }, workgroups }] };
}

export const softmaxForward: Primitive<'x', 'y', NoAttributes> = {
  name: 'softmax/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => ({ flops: 5 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [baselineVariant(({ inputs, device }) => rowsOf(inputs.x.shape, device, 'softmax/forward'))],
};

export const softmaxInputGradient: Primitive<'y' | 'dy', 'dx', NoAttributes> = {
  name: 'softmax/input_gradient',
  inputs: ['y', 'dy'],
  outputs: ['dx'],
  shape: ({ y }) => ({ dx: y.shape }),
  cost: (context) => ({ flops: 4 * sizeOf(context.inputs.y.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(({ inputs, device }) => rowsOf(inputs.y.shape, device, 'softmax/input_gradient')),
  ],
};

/** dx = y·(dy − Σ y·dy): linear in dy, by a symmetric matrix. */
export const softmaxGradientOp: Op<'y' | 'dy', 'dx', NoAttributes> = opOf(
  softmaxInputGradient,
  ({ inputs: { y, dy }, gradients }) => {
    const g = gradients.dx as Tensor;
    const rowSums = (product: Tensor): Tensor => sum(product, { axis: -1, keepDims: true });
    return {
      y: () =>
        subtract(multiply(g, subtract(dy, rowSums(multiply(y, dy)))), multiply(dy, rowSums(multiply(g, y)))),
      dy: () => apply(softmaxGradientOp, { y, dy: g }, {}).dx,
    };
  },
);

export const softmaxOp: Op<'x', 'y', NoAttributes> = {
  name: 'softmax',
  primitives: [softmaxForward, softmaxInputGradient],
  forward: (inputs) => runPrimitive(softmaxForward, inputs, {}),
  backward: ({ outputs: { y }, gradients }) => ({
    x: () => apply(softmaxGradientOp, { y, dy: gradients.y as Tensor }, {}).dx,
  }),
};

/**
 * Softmax over the last axis.
 *
 *   y[…,k] = exp(x[…,k]) / Σ_j exp(x[…,j]), computed from x minus its row's maximum
 */
export function softmax(x: Tensor): Tensor {
  return apply(softmaxOp, { x }, {}).y;
}
