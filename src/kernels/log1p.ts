/** ln(1 + x). Letters: x the operand, y the result, dy its gradient. */
import { apply } from '../engine/op.js';
import type { Tensor } from '../engine/tensor.js';
import { add, divide } from './arithmetic.js';
import { unary } from './elementwise_op.js';
import { preciseLog } from './precise_log.js';

export const log1pOp = unary('log1p', {
  helpers: preciseLog,
  expression: (x) => `log1p_of(${x})`,
  dx: ({ x, dy }) => divide(dy, add(x, 1)),
});

/** y = ln(1 + x), within 8 · 2⁻²⁴ of the result, near 0 as well: −∞ at −1 and NaN below, as in NumPy. */
export function log1p(x: Tensor): Tensor {
  return apply(log1pOp, { x }, {}).y;
}
