/**
 * Element-wise ops on one tensor whose gradient is one kernel too, such as activations.
 * Letters: x the operand, y the result, dy its gradient.
 */
import { type Op, apply, opOf } from '../engine/op.js';
import type { Primitive } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply } from './arithmetic.js';
import { elementwisePrimitive } from './elementwise.js';
import { type Numbers, type Texts, textsOf } from './elementwise_op.js';

interface Curve<A extends Numbers, K extends 'x' | 'y'> {
  readonly scalars?: readonly (string & keyof A)[];
  readonly helpers?: readonly string[];
  readonly expression: (x: string, numbers: Texts<A>) => string;
  /** Which tensor the gradient reads: y spares the memory of x where its kernel can fuse the op. */
  readonly keeps: K;
  /** WGSL of dx, linear in dy. */
  readonly gradient: (kept: string, dy: string, numbers: Texts<A>) => string;
  /** The derivative of dx / dy by the tensor that is kept; null where it is 0. */
  readonly curvature: ((kept: Tensor, numbers: A) => Tensor) | null;
}

/** An op on one tensor, and on numbers, whose gradient is one kernel too. */
/* @__NO_SIDE_EFFECTS__ */
export function curve<A extends Numbers, K extends 'x' | 'y'>(
  name: string,
  { scalars = [], helpers = [], expression, keeps, gradient, curvature }: Curve<A, K>,
): Op<'x', 'y', A> {
  const forward: Primitive<'x', 'y', A> = {
    ...elementwisePrimitive<'x', A>(`${name}/forward`, ['x'], {
      helpers,
      expression: ({ x }, numbers, _, scalar) => expression(x, textsOf(numbers, scalar)),
    }),
    scalars,
  };
  type Inputs = K | 'dy';
  const operands = (kept: Tensor, dy: Tensor): Record<Inputs, Tensor> =>
    ({ [keeps]: kept, dy }) as Record<Inputs, Tensor>;
  const inputGradient: Primitive<Inputs, 'y', A> = {
    ...elementwisePrimitive<Inputs, A>(`${name}/input_gradient`, [keeps, 'dy'], {
      helpers,
      expression: (texts, numbers, _, scalar) => gradient(texts[keeps], texts.dy, textsOf(numbers, scalar)),
    }),
    scalars,
  };
  const gradientOp: Op<Inputs, 'y', A> = {
    ...opOf<Inputs, 'y', A>(inputGradient, ({ inputs, attributes, gradients }) => {
      const g = gradients.y as Tensor;
      const kept = inputs[keeps];
      return {
        [keeps]: curvature && (() => multiply(multiply(g, inputs.dy), curvature(kept, attributes))),
        dy: () => apply(gradientOp, operands(kept, g), attributes).y,
      } as Record<Inputs, (() => Tensor) | null>;
    }),
    scalars,
  };
  return {
    name,
    primitives: [forward, inputGradient],
    scalars,
    forward: (inputs, numbers) => runPrimitive(forward, inputs, numbers),
    backward: ({ inputs, outputs, attributes, gradients }) => ({
      x: () => {
        const kept = keeps === 'x' ? inputs.x : outputs.y;
        return apply(gradientOp, operands(kept, gradients.y as Tensor), attributes).y;
      },
    }),
  };
}
