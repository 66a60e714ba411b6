/** What each sample adds to the counts of the classes, of which precision, recall and their relatives are made. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { fill, multiply } from '../../kernels/arithmetic.js';
import { argMax } from '../../kernels/arg_max.js';
import { greater } from '../../kernels/comparison.js';
import { reshape } from '../../kernels/reshape.js';
import { atLabels } from '../../kernels/softmax_cross_entropy.js';
import { sum } from '../../kernels/sum.js';
import { alike } from '../losses/per_sample.js';
import type { MetricBatch, MetricSums } from './metric.js';

export type ClassCount = 'truePositives' | 'predictedPositives' | 'actualPositives';

/** The classes of an output: its last axis. */
export const classesOf = (outputShape: Shape): number => outputShape.at(-1) ?? 1;

export function classSums(outputShape: Shape): Readonly<Record<ClassCount, number>> {
  const K = classesOf(outputShape);
  return { truePositives: K, predictedPositives: K, actualPositives: K };
}

/**
 * Counts over the other axes of each sample. A class is predicted if its probability exceeds the threshold; without one, the
 * class of the largest output is, and of binary outputs those above 0.5. Shapes: [N,K].
 */
export function classCounts(
  who: string,
  batch: MetricBatch,
  threshold?: number,
): Readonly<Record<ClassCount, Tensor>> {
  const { output, target, probabilities, isBinary } = batch;
  const K = classesOf(output.shape);
  const N = output.shape[0] as number;
  const flat = (x: Tensor): Tensor => reshape(x, [-1, K]);
  const ones = fill([output.size / K, K], 1);
  const actual =
    target.dtype === 'u32' ? atLabels(ones, target) : greater(flat(alike(who, target, output)), 0.5);
  const predicted =
    threshold !== undefined || isBinary
      ? greater(flat(probabilities), threshold ?? 0.5)
      : atLabels(ones, argMax(flat(output), { axis: -1 }));
  const ofSample = (x: Tensor): Tensor => sum(reshape(x, [N, -1, K]), { axis: 1 });
  return {
    truePositives: ofSample(multiply(predicted, actual)),
    predictedPositives: ofSample(predicted),
    actualPositives: ofSample(actual),
  };
}

export type Average = 'macro' | 'micro';

/** The mean of a share over the classes that occur, or the share over all classes together; 0 for a share of nothing. */
export function averageOf(
  sums: MetricSums<ClassCount>,
  average: Average,
  share: (counts: Readonly<Record<ClassCount, number>>) => number,
): number {
  const { truePositives, predictedPositives, actualPositives } = sums;
  const classes = truePositives.map((each, k) => ({
    truePositives: each,
    predictedPositives: predictedPositives[k]!,
    actualPositives: actualPositives[k]!,
  }));
  if (average === 'micro')
    return share({
      truePositives: total(truePositives),
      predictedPositives: total(predictedPositives),
      actualPositives: total(actualPositives),
    });
  const found = classes.filter((each) => each.predictedPositives + each.actualPositives > 0);
  return ratio(total(found.map(share)), found.length);
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** a / b, and 0 for 0 / 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}
