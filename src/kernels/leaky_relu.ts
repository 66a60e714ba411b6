/** Leaky and parametric rectified linear units. Letters: x the operand, y the result, dy its gradient. */
import { checkCall } from '../calls.js';
import { apply } from '../engine/op.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { type Rules, notNegative } from '../options.js';
import { multiply } from './arithmetic.js';
import { greater, where } from './comparison.js';
import { curve } from './curve.js';
import { nonFinite } from './elementwise.js';

type Slope = { readonly negativeSlope: number };

export const leakyReluOp = curve<Slope, 'y'>('leaky_relu', {
  scalars: ['negativeSlope'],
  helpers: nonFinite,
  expression: (x, { negativeSlope }) => `select(${x} * ${negativeSlope}, ${x}, ${x} > 0.0)`,
  // y has the sign of x, since the slope is not negative.
  keeps: 'y',
  gradient: (y, dy, { negativeSlope }) => `select(${dy} * ${negativeSlope}, ${dy}, exceeds(${y}, 0.0))`,
  curvature: null,
});

export interface LeakyReluOptions {
  /** Default 0.2, as of Keras's function; its layer's is 0.3. */
  readonly negativeSlope?: number;
}

const rules = (): Rules<LeakyReluOptions> => ({ negativeSlope: notNegative });

/**
 * y = x above 0, otherwise negativeSlope · x. The gradient at 0 is negativeSlope · dy, as in PyTorch.
 *
 * Throws: UsageError for a negative slope.
 */
export function leakyRelu(x: Tensor, options: LeakyReluOptions = {}): Tensor {
  checkTensors('leakyRelu', { x });
  checkCall('leakyRelu', options, rules);
  const { negativeSlope = 0.2 } = options;
  return apply(leakyReluOp, { x }, { negativeSlope }).y;
}

/**
 * y = x above 0, otherwise slope · x, with a tensor of slopes, which may be learned.
 *
 * Shapes: slope broadcasts to x.
 */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  checkTensors('prelu', { x, slope });
  return where(greater(x, 0), x, multiply(x, slope));
}
