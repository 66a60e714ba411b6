/**
 * Batch normalisation with given statistics: one element-wise expression, which the plan fuses into the preceding kernel.
 * Letters: C channels (the last axis), μ and v their means and variances, σ = √(v + ε).
 */
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors, describe, tensorRule } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, notNegative } from '../options.js';
import { add, divide, multiply, negate, sqrt, subtract } from './arithmetic.js';
import { elementwisePrimitive } from './elementwise.js';
import { sumTo } from './sum.js';

type Operand = 'x' | 'gamma' | 'beta' | 'mean' | 'variance';
type Epsilon = { readonly epsilon: number };

export const batchNormInferenceForward = elementwisePrimitive<Operand, Epsilon>(
  'batch_norm_inference/forward',
  ['x', 'gamma', 'beta', 'mean', 'variance'],
  {
    expression: ({ x, gamma, beta, mean, variance }, { epsilon }, _, scalar) =>
      `(${x} - ${mean}) / sqrt(${variance} + ${scalar(epsilon)}) * ${gamma} + ${beta}`,
  },
);

export const batchNormInferenceOp: Op<Operand, 'y', Epsilon> = {
  name: 'batch_norm_inference',
  primitives: [batchNormInferenceForward],
  forward: (inputs, attributes) => runPrimitive(batchNormInferenceForward, inputs, attributes),
  // dx = dy·γ/σ;  dμ = −Σ dx;  dv = −Σ dx·(x − μ) / 2σ²;  dγ = Σ dy·(x − μ)/σ;  dβ = Σ dy
  backward: ({ inputs: { x, gamma, mean, variance }, attributes: { epsilon }, gradients }) => {
    const dy = gradients.y as Tensor;
    const shifted = (): Tensor => add(variance, epsilon);
    const dx = (): Tensor => multiply(dy, divide(gamma, sqrt(shifted())));
    const overRows = (tensor: Tensor): Tensor => sumTo(tensor, mean.shape);
    return {
      x: dx,
      gamma: () => divide(overRows(multiply(dy, subtract(x, mean))), sqrt(shifted())),
      beta: () => overRows(dy),
      mean: () => negate(overRows(dx())),
      variance: () => divide(multiply(overRows(multiply(dx(), subtract(x, mean))), -0.5), shifted()),
    };
  },
};

export interface BatchNormOperands {
  /** Scale per channel. */
  readonly gamma: Tensor;
  /** Shift per channel. */
  readonly beta: Tensor;
  /** Keeps the root away from 0. Default 10⁻³. */
  readonly epsilon?: number;
}

export const batchNormRules = (): Rules<BatchNormOperands> => ({
  gamma: tensorRule(),
  beta: tensorRule(),
  epsilon: notNegative,
});

/** Throws: ShapeError when x has no channels to normalise or an operand is not [C]. */
export function checkBatchNorm(who: string, x: Tensor, perChannel: Readonly<Record<string, Tensor>>): void {
  if (x.shape.length < 2)
    throw new ShapeError(`${who}: x is ${describe(x)}, expected at least two axes, channels last.`);
  const C = x.shape.at(-1);
  for (const [name, tensor] of Object.entries(perChannel)) {
    if (tensor.shape.length !== 1 || tensor.shape[0] !== C)
      throw new ShapeError(
        `${who}: ${name} is ${describe(tensor)}, expected [${C}] for the ${C} channels of x ${describe(x)}.`,
      );
  }
}

/**
 * Batch normalisation with given statistics, such as the moving statistics of training.
 *
 *   y = γ·(x − μ)/√(v + ε) + β
 *
 * Shapes: x [N,…,C], gamma, beta, mean and variance [C] → y like x.
 * Throws: ShapeError when the operands do not fit; UsageError for ε below 0.
 * Source: Ioffe and Szegedy 2015.
 */
export function batchNormInference(
  x: Tensor,
  operands: BatchNormOperands & { readonly mean: Tensor; readonly variance: Tensor },
): Tensor {
  checkTensors('batchNormInference', { x });
  checkCall('batchNormInference', operands, () => ({
    mean: tensorRule(),
    variance: tensorRule(),
    ...batchNormRules(),
  }));
  const { gamma, beta, mean, variance, epsilon = 1e-3 } = operands;
  checkBatchNorm('batchNormInference', x, { gamma, beta, mean, variance });
  return apply(batchNormInferenceOp, { x, gamma, beta, mean, variance }, { epsilon }).y;
}
