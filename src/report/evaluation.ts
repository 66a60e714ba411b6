/**
 * What a test tells about a classifier, from its probabilities alone.
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

/** One image as the model saw it. */
export interface Prediction {
  /** Its place in the test set. */
  readonly index: number;
  readonly truth: number;
  readonly guess: number;
  /** The probability given to the guess. */
  readonly confidence: number;
}

/** The predictions whose confidence lies in one tenth of 0 … 1. */
export interface ConfidenceBin {
  readonly count: number;
  /** Means over the bin; 0 when it is empty. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Evaluation extends Confusion {
  readonly count: number;
  readonly accuracy: number;
  /** The share of images whose class is among the two likeliest. */
  readonly topTwoAccuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** confusion[truth][guess]: how many images. Made of `cells` when it is asked for. */
  readonly confusion: ConfusionRows;
  /** Σ_b n_b/N · |accuracy_b − confidence_b| over ten bins. */
  readonly calibrationError: number;
  readonly bins: readonly ConfidenceBin[];
  /** The mistakes made with the highest confidence, surest first; at most 25. */
  readonly worst: readonly Prediction[];
  /** Up to 25 images chosen by the seed. */
  readonly random: readonly Prediction[];
}

export interface ClassScore {
  readonly label: number;
  /** Images of this class. */
  readonly support: number;
  /** Of what was called so, the share that is; null when nothing was. */
  readonly precision: number | null;
  /** Of what is so, the share that was called so; null when nothing is. */
  readonly recall: number | null;
  /** Harmonic mean of both, 2·TP / (2·TP + FP + FN); null when the class neither occurs nor is guessed. */
  readonly f1: number | null;
}

export interface ConfusedPair {
  readonly truth: number;
  readonly guess: number;
  readonly count: number;
  /** Of the images of the true class. */
  readonly share: number;
}

/** As many as a grid of 5 × 5 shows. */
const shown = 25;
const binCount = 10;
/** As the engine's loss: keeps the logarithm of a vanished probability finite. */
const tiny = 1e-30;

/**
 * Compares probabilities with labels.
 *
 * Shapes: labels [N], probabilities [N, K] row by row. Among equal probabilities the lower class is the guess.
 * Loss: −Σ log max(p[n, label], 1e-30) / N. Sums in float64.
 * Throws: DataError when the lengths do not fit, a label has no class, there is no image, or a probability is no number.
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

/** Adds `confusion`, made when it is first asked for: its size is the square of the classes. */
export function withRows(evaluation: Omit<Evaluation, 'confusion'>): Evaluation {
  let rows: ConfusionRows | undefined;
  return {
    ...evaluation,
    get confusion() {
      return (rows ??= confusionRows(evaluation));
    },
  };
}

/** The class with the highest probability in row n of [N, K]; among equals the lowest. */
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

/** The mean over the classes, each counting alike; one that has no value counts as 0. */
export function macroAverage(scores: readonly ClassScore[], key: 'precision' | 'recall' | 'f1'): number {
  checkArgument('evaluation', 'key', key, () => oneOf(['precision', 'recall', 'f1']));
  return sum(scores.map((score) => score[key] ?? 0)) / scores.length;
}

/** What is taken for what, most often first; equal counts by true class, then by guess. */
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
