/** Gaussian error linear unit. Letters: x the operand, y the result, dy its gradient, Φ and φ the normal distribution and its density. */
import { checkCall } from '../calls.js';
import { apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { type Rules, flag } from '../options.js';
import { add, exp, multiply, scale, square } from './arithmetic.js';
import { curve } from './curve.js';
import { preciseErf } from './erf.js';
import { tanh } from './exponentials.js';
import { clip } from './extremes.js';
import { preciseExp } from './precise_exp.js';

const density = 1 / Math.sqrt(2 * Math.PI);
/** Beyond, Φ is 0 or 1 in f32 and φ is 0. */
const limit = 20;
const near = (x: string): string => `clamp(${x}, ${-limit}.0, ${limit}.0)`;

export const geluOp = curve<NoAttributes, 'x'>('gelu', {
  helpers: preciseErf,
  expression: (x) => `max_of(${x}, ${-limit}.0) * (0.5 + 0.5 * erf_of(${x} * ${Math.SQRT1_2}))`,
  keeps: 'x',
  // Φ(x) + x·φ(x)
  gradient: (x, dy) =>
    `${dy} * (0.5 + 0.5 * erf_of(${x} * ${Math.SQRT1_2}) + clamp_of(${x}, ${-limit}.0, ${limit}.0) * ${density} * precise_exp(-0.5 * ${near(x)} * ${near(x)}))`,
  // φ(x)·(2 − x²)
  curvature: (x) => {
    const squared = square(clip(x, -limit, limit));
    return multiply(exp(scale(squared, -0.5)), scale(squared, -density, 2 * density));
  },
});

const inner = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;
const tanhOfInner = (x: string): string => `tanh_of(${inner} * (${x} + ${cubic} * ${x} * ${x} * ${x}))`;

export const geluTanhOp = curve<NoAttributes, 'x'>('gelu_tanh', {
  helpers: preciseExp,
  expression: (x) => {
    const bounded = `clamp_of(${x}, ${-limit}.0, ${limit}.0)`;
    return `0.5 * max_of(${x}, ${-limit}.0) * (1.0 + ${tanhOfInner(bounded)})`;
  },
  keeps: 'x',
  // ½(1 + t) + ½x(1 − t²)u′ with t = tanh u
  gradient: (x, dy) => {
    const bounded = `clamp_of(${x}, ${-limit}.0, ${limit}.0)`;
    const t = tanhOfInner(bounded);
    const slope = `${inner} * (1.0 + ${3 * cubic} * ${bounded} * ${bounded})`;
    return `${dy} * 0.5 * (1.0 + ${t} + ${bounded} * (1.0 - ${t} * ${t}) * ${slope})`;
  },
  // (1 − t²)·(u′ + ½x(u″ − 2t·u′²))
  curvature: (x) => {
    const bounded = clip(x, -limit, limit);
    const squared = square(bounded);
    const t = tanh(multiply(bounded, scale(squared, inner * cubic, inner)));
    const slope = scale(squared, 3 * inner * cubic, inner);
    const bend = add(scale(bounded, 6 * inner * cubic), multiply(multiply(t, square(slope)), -2));
    return multiply(scale(square(t), -1, 1), add(slope, multiply(multiply(bounded, 0.5), bend)));
  },
});

export interface GeluOptions {
  /** Computes Φ by tanh, as GPT-2 does. Default false. */
  readonly approximate?: boolean;
}

const rules = (): Rules<GeluOptions> => ({ approximate: flag });

/**
 * y = x·Φ(x), or its approximation ½x(1 + tanh(√(2/π)·(x + 0.044715x³))), both 0 at −∞.
 *
 * Throws: UsageError for unknown options. Source: Hendrycks and Gimpel 2016.
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  checkTensors('gelu', { x });
  checkCall('gelu', options, rules);
  return apply(options.approximate === true ? geluTanhOp : geluOp, { x }, {}).y;
}
