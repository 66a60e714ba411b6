/**
 * Evaluates a classifier from its probabilities.
 *
 * Letters: N images, K classes.
 */
import { checkArgument, checkCall } from '../calls.js';
import { DataError } from '../errors.js';
import { count as countRule, countOrZero, numbers, oneOf, required, seed as seedRule } from '../options.js';
import { permutation, streams } from '../random.js';
import {
  type Confusion,
  type ConfusionRows,
  asConfusion,
  confusionRows,
  confusionRule,
  countConfusion,
  countRight,
  supports,
} from './confusion.js';

/** The prediction for one image. */
export interface Prediction {
  /** Index in the test set. */
  readonly index: number;
  readonly truth: number;
  readonly guess: number;
  /** The probability of the predicted class. */
  readonly confidence: number;
}

/** The predictions in one of ten confidence bins. */
export interface ConfidenceBin {
  readonly count: number;
  /** Means over the bin; 0 when it is empty. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Evaluation extends Confusion {
  readonly count: number;
  readonly accuracy: number;
  /** Share of images whose class is among the two most likely. */
  readonly topTwoAccuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** confusion[truth][prediction]: number of images. Built from `cells` on first access. */
  readonly confusion: ConfusionRows;
  /** Σ_b n_b/N · |accuracy_b − confidence_b| over ten bins. */
  readonly calibrationError: number;
  readonly bins: readonly ConfidenceBin[];
  /** The mistakes with the highest confidence, most confident first; at most 25. */
  readonly worst: readonly Prediction[];
  /** Up to 25 images chosen by the seed. */
  readonly random: readonly Prediction[];
}

export interface ClassScore {
  readonly label: number;
  /** Number of images of this class. */
  readonly support: number;
  /** TP / (TP + FP); null if the class is never predicted. */
  readonly precision: number | null;
  /** TP / (TP + FN); null if the class has no images. */
  readonly recall: number | null;
  /** Harmonic mean of both, 2·TP / (2·TP + FP + FN); null if the class neither occurs nor is predicted. */
  readonly f1: number | null;
}

export interface ConfusedPair {
  readonly truth: number;
  readonly guess: number;
  readonly count: number;
  /** Share of the images of the true class. */
  readonly share: number;
}

/** Images in a 5 × 5 grid. */
const shown = 25;
const binCount = 10;
/** Keeps the logarithm of a probability of 0 finite. */
const tiny = 1e-30;

/**
 * Compares probabilities with labels.
 *
 * Shapes: labels [N], probabilities [N, K] row by row. Of equal probabilities, the lower class is the prediction.
 * Loss: −Σ log max(p[n, label], 1e-30) / N. Sums in float64.
 * Throws: DataError when the lengths do not match, a label has no class, there are no images, or a probability is NaN.
 * Source of the calibration error: Guo et al. 2017, On Calibration of Modern Neural Networks, section 2 (bins of
 * equal width, open below).
 */
export function evaluate(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classes: number,
  options: { readonly seed: number },
): Evaluation {
  checkArgument('evaluation', 'labels', labels, () => numbers);
  checkArgument('evaluation', 'probabilities', probabilities, () => numbers);
  checkArgument('evaluation', 'classes', classes, () => countRule);
  checkCall('evaluation', options, () => ({ seed: required(seedRule) }));
  const { seed } = options;
  check(labels, probabilities, classes);
  const count = labels.length;
  const bins = Array.from({ length: binCount }, () => ({ count: 0, confidence: 0, accuracy: 0 }));
  const predictions: Prediction[] = [];
  let [amongTwo, loss] = [0, 0];
  for (let n = 0; n < count; n++) {
    const p = (label: number): number => probabilities[n * classes + label]!;
    const truth = labels[n]!;
    const guess = likeliest(probabilities, n, classes);
    let before = 0; // classes that come before the true one
    for (let k = 0; k < classes; k++) {
      if (p(k) > p(truth) || (p(k) === p(truth) && k < truth)) before++;
    }
    const confidence = p(guess);
    predictions.push({ index: n, truth, guess, confidence });
    if (before < 2) amongTwo++;
    loss += crossEntropy(p(truth));
    const bin = bins[Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1))]!;
    bin.count++;
    bin.confidence += confidence;
    if (guess === truth) bin.accuracy++;
  }
  for (const bin of bins.filter(({ count }) => count > 0)) {
    bin.confidence /= bin.count;
    bin.accuracy /= bin.count;
  }
  const worst = predictions
    .filter(({ truth, guess }) => truth !== guess)
    .sort((a, b) => b.confidence - a.confidence || a.index - b.index)
    .slice(0, shown);
  const chosen = permutation(count, seed, streams.show).subarray(0, shown);
  const confusion = countConfusion(predictions, classes);
  return withRows({
    ...confusion,
    count,
    accuracy: countRight(confusion) / count,
    topTwoAccuracy: amongTwo / count,
    loss: loss / count,
    calibrationError: bins.reduce(
      (sum, bin) => sum + (bin.count / count) * Math.abs(bin.accuracy - bin.confidence),
      0,
    ),
    bins,
    worst,
    random: Array.from(chosen, (index) => predictions[index]!),
  });
}

/** Adds `confusion`, built on first access because its size is the square of the number of classes. */
export function withRows(evaluation: Omit<Evaluation, 'confusion'>): Evaluation {
  let rows: ConfusionRows | undefined;
  return {
    ...evaluation,
    get confusion() {
      return (rows ??= confusionRows(evaluation));
    },
  };
}

/** The class with the highest probability in row n of [N, K]; the lowest of equals. */
export function likeliest(probabilities: ArrayLike<number>, n: number, classes: number): number {
  let guess = 0;
  for (let k = 1; k < classes; k++)
    if (probabilities[n * classes + k]! > probabilities[n * classes + guess]!) guess = k;
  return guess;
}

/** −log max(p, 1e-30) of the probability given to the true class, in nats. */
export function crossEntropy(probability: number): number {
  return -Math.log(Math.max(probability, tiny));
}

function check(labels: ArrayLike<number>, probabilities: ArrayLike<number>, classes: number): void {
  const count = labels.length;
  if (count === 0) throw new DataError('evaluation: there are no images to evaluate.');
  if (probabilities.length !== count * classes) {
    throw new DataError(
      `evaluation: ${count} labels of ${classes} classes need ${count * classes} probabilities, but there are ${probabilities.length}.`,
    );
  }
  for (let n = 0; n < count; n++) {
    const label = labels[n]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new DataError(`evaluation: label ${n} is ${label}, expected one from 0 to ${classes - 1}.`);
  }
  for (let i = 0; i < probabilities.length; i++) {
    if (!Number.isFinite(probabilities[i])) {
      throw new DataError(
        `evaluation: the probabilities of image ${Math.floor(i / classes)} are not all numbers (class ${i % classes}: ${probabilities[i]}); the model's training probably diverged. Train again with a smaller learning rate.`,
      );
    }
  }
}

/** Precision, recall and F1 of each class. */
export function classScores(counts: Confusion | ConfusionRows): ClassScore[] {
  checkArgument('evaluation', 'confusion', counts, confusionRule);
  const confusion = asConfusion(counts);
  const [hits, guessed] = [0, 0].map(() => Array.from({ length: confusion.classes }, () => 0)) as [
    number[],
    number[],
  ];
  for (const { truth, guess, count } of confusion.cells) {
    guessed[guess]! += count;
    if (truth === guess) hits[truth]! += count;
  }
  return supports(confusion).map((support, label) => ({
    label,
    support,
    precision: ratio(hits[label]!, guessed[label]!),
    recall: ratio(hits[label]!, support),
    f1: ratio(2 * hits[label]!, support + guessed[label]!),
  }));
}

/** The unweighted mean over the classes; a class without a value counts as 0. */
export function macroAverage(scores: readonly ClassScore[], key: 'precision' | 'recall' | 'f1'): number {
  checkArgument('evaluation', 'key', key, () => oneOf(['precision', 'recall', 'f1']));
  return sum(scores.map((score) => score[key] ?? 0)) / scores.length;
}

/**
 * The balanced accuracy where the classes are unequal, the largest more than 1.5 times the smallest: the mean of the classes' recalls.
 * Undefined for classes alike, where it is the accuracy; classes without images are left out.
 */
export function balancedAccuracyOf(scores: readonly ClassScore[]): number | undefined {
  const recalls = scores.flatMap(({ recall }) => (recall === null ? [] : [recall]));
  const supports = scores.flatMap(({ support }) => (support === 0 ? [] : [support]));
  if (Math.max(...supports) <= 1.5 * Math.min(...supports)) return undefined;
  return sum(recalls) / recalls.length;
}

/** Confused pairs, most frequent first; equal counts by true class, then by prediction. */
export function confusedPairs(counts: Confusion | ConfusionRows, limit: number): ConfusedPair[] {
  checkArgument('evaluation', 'confusion', counts, confusionRule);
  checkArgument('evaluation', 'limit', limit, () => countOrZero);
  const confusion = asConfusion(counts);
  const images = supports(confusion);
  return confusion.cells
    .filter(({ truth, guess }) => truth !== guess)
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.guess - b.guess)
    .slice(0, limit)
    .map((cell) => ({ ...cell, share: cell.count / Math.max(1, images[cell.truth]!) }));
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
