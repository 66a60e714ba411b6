/** Clipping of gradients: by value, by the norm of each parameter's, or by the norm of all together. */
import type { Tensor } from '../../engine/tensor.js';
import { add, divide, multiply, sqrt } from '../../kernels/arithmetic.js';
import { clip, maximum } from '../../kernels/extremes.js';
import { l2Penalty } from '../../kernels/l2_penalty.js';
import type { OptimizerOperands } from './optimizer.js';
import type { SharedOptions } from './shared_options.js';

/**
 * What gradients are multiplied by so that their norm together is at most `most`: most / max(most, √Σ g²), which is NaN if one of
 * them is, and 0 if one of them is infinite, which makes that one NaN.
 *
 * Shapes: gradients any → [].
 */
export function normFactor(gradients: readonly Tensor[], most: number): Tensor {
  const squares = gradients.map((gradient) => l2Penalty(gradient, 1));
  const norm = sqrt(squares.reduce((sum, each) => add(sum, each)));
  return divide(most, maximum(norm, most));
}

/** The gradients that an update uses. */
export function clipped(
  { gradients, factor }: OptimizerOperands,
  { clipValue, clipNorm }: SharedOptions,
): Tensor {
  if (clipValue !== undefined) return clip(gradients, -clipValue, clipValue);
  if (clipNorm !== undefined) return multiply(gradients, normFactor([gradients], clipNorm));
  return factor ? multiply(gradients, factor) : gradients;
}
