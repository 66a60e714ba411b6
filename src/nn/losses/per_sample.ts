/** Losses from a function of each sample: the mean over the samples that count, and the sums that training reports. */
import type { Shape } from '../../engine/primitive.js';
import { type Tensor, describe } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { divide, fill, multiply } from '../../kernels/arithmetic.js';
import { inEpoch } from '../../kernels/in_epoch.js';
import { mean } from '../../kernels/mean.js';
import { placeTotals } from '../../kernels/place_totals.js';
import { reshape } from '../../kernels/reshape.js';
import { sum } from '../../kernels/sum.js';
import type { Loss, SampleWeights } from './loss.js';

export interface PerSampleLoss extends Pick<
  Loss,
  'name' | 'targetShape' | 'guessing' | 'activation' | 'probabilities'
> {
  /** Default 'values'. */
  readonly target?: Loss['target'];
  /** Shapes: output [N,…], target [N] u32 or like the output → [N,…]; the mean over the other axes is the loss of a sample. */
  perSample(output: Tensor, target: Tensor): Tensor;
}

/** A loss with the sums `loss` and `count`. */
export function perSampleLoss(options: PerSampleLoss): Loss {
  const { name, target: kind = 'values', perSample } = options;
  const ofSamples = (output: Tensor, target: Tensor): Tensor =>
    perSample(output, kind === 'values' ? alike(name, target, output) : target);
  return {
    ...options,
    target: kind,
    sums: ['loss', 'count'],
    perSample: ofSamples,
    apply: (output, target, samples = {}) => {
      const { total, count } = sampleSums(name, ofSamples(output, target), samples);
      return { loss: divide(total, count), totals: joinTotals([total, count]) };
    },
  };
}

/**
 * The weighted sum over the samples that count, and their number.
 *
 * Shapes: x [N,…] → total [], count [].
 */
export function sampleSums(
  who: string,
  x: Tensor,
  samples: SampleWeights,
): { readonly total: Tensor; readonly count: Tensor } {
  const N = batchOf(who, x);
  const each = x.shape.length === 1 ? x : mean(x, { axis: x.shape.map((_, axis) => axis).slice(1) });
  const { state } = samples;
  return {
    total: sumOverSamples(each, samples),
    count: state ? sum(inEpoch(fill([N], 1), state)) : fill([], N),
  };
}

/** Σ_n weights[n] · x[n] over the samples that count. Shapes: x [N,…] → […]. */
export function sumOverSamples(x: Tensor, { weights, state }: SampleWeights): Tensor {
  const N = x.shape[0] as number;
  const weighted = weights ? multiply(x, reshape(weights, [N, ...x.shape.slice(1).map(() => 1)])) : x;
  return sum(state ? inEpoch(weighted, state) : weighted, { axis: 0 });
}

/** The parts, one after another. Shape: [Σ sizes]. */
export function joinTotals(parts: readonly Tensor[]): Tensor {
  const width = parts.reduce((total, { size }) => total + size, 0);
  let first = 0;
  return parts.reduce(
    (totals, part) => {
      const joined = placeTotals(totals, part, first);
      first += part.size;
      return joined;
    },
    fill([width], 0),
  );
}

/** Throws: ShapeError for a tensor without a batch axis. */
function batchOf(who: string, { shape, ...spec }: Tensor): number {
  const [N] = shape;
  if (N === undefined)
    throw new ShapeError(`${who}: the losses are ${describe({ shape, ...spec })}, expected [N,…].`);
  return N;
}

/**
 * The target in the shape of the output, from which it may differ in axes of extent 1.
 *
 * Throws: ShapeError if it differs in others: broadcasting would compare each sample with each other one.
 */
export function alike(who: string, target: Tensor, output: Tensor): Tensor {
  const wide = ({ shape: [N, ...rest] }: { readonly shape: Shape }): string =>
    [N, ...rest.filter((extent) => extent !== 1)].join();
  if (wide(target) !== wide(output))
    throw new ShapeError(
      `${who}: target ${describe(target)} and output ${describe(output)} do not fit, expected one shape.`,
    );
  return target.shape.length === output.shape.length ? target : reshape(target, output.shape);
}
