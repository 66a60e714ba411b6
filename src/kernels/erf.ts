/** The error function. Letters: x the operand, y the result, dy its gradient. */
import erfWgsl from '../../shaders/floats/erf.wgsl';
import { apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { exp, multiply, negate, square } from './arithmetic.js';
import { curve } from './curve.js';
import { clip } from './extremes.js';
import { preciseExp } from './precise_exp.js';

registerShaders({ 'floats/erf': erfWgsl });

/** erf_of, and the functions of preciseExp. */
export const preciseErf = [...preciseExp, 'floats/erf'] as const;

const peak = 2 / Math.sqrt(Math.PI);

export const erfOp = curve<NoAttributes, 'x'>('erf', {
  helpers: preciseErf,
  expression: (x) => `erf_of(${x})`,
  keeps: 'x',
  gradient: (x, dy) => `${dy} * ${peak} * precise_exp(-${x} * ${x})`,
  // −2x·(2/√π)·e^−x², which is 0 in f32 from |x| = 10 on.
  curvature: (x) => {
    const near = clip(x, -20, 20);
    return multiply(multiply(near, -2 * peak), exp(negate(square(near))));
  },
});

/**
 * y = (2/√π) ∫₀ˣ e^−t² dt, within 4 · 2⁻²⁴ of the result.
 *
 * Source: minimax polynomials for f32.
 */
export function erf(x: Tensor): Tensor {
  return apply(erfOp, { x }, {}).y;
}
