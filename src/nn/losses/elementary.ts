/** Functions that several losses are made of. */
import type { Tensor } from '../../engine/tensor.js';
import { add, exp, negate, scale } from '../../kernels/arithmetic.js';
import { log1p } from '../../kernels/log1p.js';
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
