/** Exponential linear units. Letters: x the operand, y the result, dy its gradient. */
import { checkCall } from '../calls.js';
import { apply } from '../engine/op.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { type Rules, notNegative, positive } from '../options.js';
import { scale } from './arithmetic.js';
import { lessEqual } from './comparison.js';
import { curve } from './curve.js';
import { preciseExp } from './precise_exp.js';

type Units = { readonly alpha: number; readonly scale: number; readonly rate: number };

/** y = scale · x above 0, otherwise alpha · (e^(rate · x) − 1). */
export const eluOp = curve<Units, 'y'>('elu', {
  scalars: ['alpha', 'scale', 'rate'],
  helpers: preciseExp,
  expression: (x, { alpha, scale, rate }) =>
    `select(${alpha} * expm1_of(${x} * ${rate}), ${x} * ${scale}, exceeds(${x}, 0.0))`,
  // y has the sign of x, since alpha and scale are not negative.
  keeps: 'y',
  gradient: (y, dy, { alpha, scale, rate }) =>
    `${dy} * select((${y} + ${alpha}) * ${rate}, ${scale}, exceeds(${y}, 0.0))`,
  curvature: (y, { rate }) => scale(lessEqual(y, 0), rate),
});

export interface EluOptions {
  /** Default 1. */
  readonly alpha?: number;
}

const eluRules = (): Rules<EluOptions> => ({ alpha: notNegative });
const celuRules = (): Rules<EluOptions> => ({ alpha: positive });

/**
 * y = x above 0, otherwise alpha · (eˣ − 1).
 *
 * Throws: UsageError for a negative alpha. Source: Clevert et al. 2016.
 */
export function elu(x: Tensor, options: EluOptions = {}): Tensor {
  checkTensors('elu', { x });
  checkCall('elu', options, eluRules);
  const { alpha = 1 } = options;
  return apply(eluOp, { x }, { alpha, scale: 1, rate: 1 }).y;
}

/**
 * y = scale · elu(x, alpha), with the constants that keep mean and variance of layers.
 *
 * Source: Klambauer et al. 2017.
 */
export function selu(x: Tensor): Tensor {
  checkTensors('selu', { x });
  const scale = 1.0507009873554805;
  return apply(eluOp, { x }, { alpha: 1.6732632423543772 * scale, scale, rate: 1 }).y;
}

/**
 * y = x above 0, otherwise alpha · (e^(x / alpha) − 1), whose derivative is continuous.
 *
 * Throws: UsageError for an alpha that is not positive. Source: Barron 2017.
 */
export function celu(x: Tensor, options: EluOptions = {}): Tensor {
  checkTensors('celu', { x });
  checkCall('celu', options, celuRules);
  const { alpha = 1 } = options;
  return apply(eluOp, { x }, { alpha, scale: 1, rate: 1 / alpha }).y;
}
