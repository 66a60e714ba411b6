/** A loss from a function of a batch. */
import { Tensor, describe } from '../../engine/tensor.js';
import { ShapeError, UsageError } from '../../errors.js';
import { divide, fill, scale } from '../../kernels/arithmetic.js';
import { shown } from '../../options.js';
import type { Loss } from './loss.js';
import { joinTotals, sampleSums } from './per_sample.js';

/**
 * A function of a batch, recorded in the step: the loss of each sample, or one number for the batch, such as their mean.
 *
 * Shapes: target [N] u32 if the data has integers, otherwise f32 of its own shape; prediction [N,…] → [N,…] or [].
 */
export type LossFunction = (target: Tensor, prediction: Tensor) => Tensor;

/**
 * The mean over the other axes is the loss of a sample. One number for the batch is the loss as it is, to which the weights of samples
 * do not apply; a smaller batch at the end of the epoch then has a program of its own. `name` is that of the function in messages.
 */
export function lossFromFunction(name: string, fn: LossFunction): Loss {
  return {
    name: 'loss',
    sums: ['loss', 'count'],
    target: 'either',
    apply: (output, target, samples = {}) => {
      const result = resultOf(name, fn, target, output);
      const N = output.shape[0] as number;
      if (result.shape.length === 0)
        return { loss: result, totals: joinTotals([scale(result, N), fill([], N)]), isOfBatch: true };
      const { total, count } = sampleSums(name, result, samples);
      return { loss: divide(total, count), totals: joinTotals([total, count]) };
    },
  };
}

/** Throws: UsageError unless the function returns a tensor; ShapeError unless it is f32, of the samples or a scalar. */
export function resultOf(name: string, fn: LossFunction, target: Tensor, output: Tensor): Tensor {
  const result: unknown = fn(target, output);
  if (!(result instanceof Tensor))
    throw new UsageError(
      `compile: ${name} returned ${shown(result)}, expected a tensor with the value of each sample.`,
    );
  const [N] = output.shape;
  if (result.dtype !== 'f32' || (result.shape.length > 0 && result.shape[0] !== N))
    throw new ShapeError(
      `compile: ${name} returned ${describe(result)}, expected f32 of [${N}], a value for each sample, or of [].`,
    );
  return result;
}
