/** The Huber loss. */
import { checkCall } from '../../calls.js';
import { add, scale, square, subtract } from '../../kernels/arithmetic.js';
import { abs } from '../../kernels/rounding.js';
import { relu } from '../../kernels/relu.js';
import { type Rules, positive } from '../../options.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

export interface HuberOptions {
  /** Errors above it count linearly. Default 1. */
  readonly delta?: number;
}

const rules = (): Rules<HuberOptions> => ({ delta: positive });

/**
 * The Huber loss: of a sample, the mean of e² / 2 for errors e = |target − output| up to δ, and of δ·e − δ² / 2 for larger ones.
 *
 * Shapes: output [N,…], target like the output. Throws: UsageError for options out of range.
 */
export function huber(options: HuberOptions = {}): Loss {
  checkCall('losses.huber', options, rules);
  const { delta = 1 } = options;
  return perSampleLoss({
    name: 'huber',
    perSample: (output, target) => {
      const error = abs(subtract(target, output));
      const above = relu(scale(error, 1, -delta));
      // With the part up to δ: part² / 2 + δ · (e − part)
      return add(scale(square(subtract(error, above)), 0.5), scale(above, delta));
    },
  });
}

registerLosses({ huber });
