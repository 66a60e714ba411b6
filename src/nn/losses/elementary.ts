/** Functions that several losses are made of. */
import type { Tensor } from '../../engine/tensor.js';
import { add, exp, multiply, negate, scale } from '../../kernels/arithmetic.js';
import { log1p } from '../../kernels/log1p.js';
import { maximum } from '../../kernels/extremes.js';
import { pow } from '../../kernels/power.js';
import { relu } from '../../kernels/relu.js';
import { abs } from '../../kernels/rounding.js';

/** Keras's epsilon: what keeps logarithms and quotients finite. */
export const epsilon = 1e-7;

/** log(1 + eˣ), for x of any size. */
export function softplus(x: Tensor): Tensor {
  return add(relu(x), log1p(exp(negate(abs(x)))));
}

/** The target with the share s spread over K classes: (1 − s) · target + s / K. */
export function smoothed(target: Tensor, share = 0, classes: number): Tensor {
  return share > 0 ? scale(target, 1 - share, share / classes) : target;
}

/** losses · wrong^γ. Where wrong is 0 the slope of a power below 1 is infinite, and would make the gradient NaN. */
export function focused(losses: Tensor, wrong: Tensor, gamma: number): Tensor {
  if (gamma === 0) return losses;
  return multiply(pow(gamma < 1 ? maximum(wrong, tiny) : wrong, gamma), losses);
}

/** Below every probability that f32 tells from 0 in 1 − p, with finite powers. */
const tiny = 1e-30;
