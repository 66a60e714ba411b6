/** Exponential moving means in slots. */
import type { Tensor } from '../../engine/tensor.js';
import { add, scale } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';

/** slot ← β·slot + (1 − β)·value; returns the new mean. */
export function movingMean(slot: Tensor, beta: number, value: Tensor): Tensor {
  // The planner fuses into the kernel of the first operand: that of the gradients, which other ops use as well.
  const mean = add(scale(value, 1 - beta), scale(slot, beta));
  assign(slot, mean);
  return mean;
}
