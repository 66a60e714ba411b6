/** Functions that several losses are made of. */
import { add, exp, log, negate, scale } from '../../kernels/arithmetic.js';
import { relu } from '../../kernels/relu.js';
import type { Tensor } from '../../engine/tensor.js';

/** Keras's epsilon: what keeps logarithms and quotients finite. */
export const epsilon = 1e-7;

/** |x|, with the gradient 0 at 0. */
export function absolute(x: Tensor): Tensor {
  return add(relu(x), relu(negate(x)));
}

/** max(x, least). */
export function atLeast(x: Tensor, least: number): Tensor {
  return scale(relu(scale(x, 1, -least)), 1, least);
}

/** x within [least, most]; the gradient is 0 outside. */
export function clipped(x: Tensor, least: number, most: number): Tensor {
  return negate(atLeast(negate(atLeast(x, least)), -most));
}

/** log(1 + eˣ), for x of any size. */
export function softplus(x: Tensor): Tensor {
  return add(relu(x), log(scale(exp(negate(absolute(x))), 1, 1)));
}
