/** Functions that several losses are made of. */
import type { Tensor } from '../../engine/tensor.js';
import { add, exp, negate } from '../../kernels/arithmetic.js';
import { log1p } from '../../kernels/log1p.js';
import { relu } from '../../kernels/relu.js';
import { abs } from '../../kernels/rounding.js';

/** Keras's epsilon: what keeps logarithms and quotients finite. */
export const epsilon = 1e-7;

/** log(1 + eˣ), for x of any size. */
export function softplus(x: Tensor): Tensor {
  return add(relu(x), log1p(exp(negate(abs(x)))));
}
