/** Time to 99 % test accuracy: trains on the digits until that is reached. */
import type { ImageSet } from '../../data/dataset.js';
import type { Device } from '../../engine/device.js';
import { DataError } from '../../errors.js';
import type { Callback, Training } from '../../nn/callbacks/callback.js';
import type { Model } from '../../nn/model.js';
import type { LoadedDataset } from '../../data/loaded_dataset.js';
import { duration, percent } from '../../report/charts/numbers.js';
import { progressLine } from '../../report/progress_callback.js';
import type { Output } from '../output.js';
import { fitOptionsOf, modelOf, splitBy } from '../../recipe/parts.js';
import type { Recipe } from '../../recipe/recipe.js';
import { chooseRecipe } from '../recipe.js';
import type { Report } from './report.js';

export interface Trial {
  readonly step: number;
  /** Training time so far. */
  readonly seconds: number;
  readonly accuracy: number;
  /** The number of test images. */
  readonly images: number;
}

export interface To99 {
  readonly target: number;
  readonly isReached: boolean;
  /** Without compilation and without the evaluations on test images. */
  readonly trainingSeconds: number;
  /** Including compilation and the evaluations on test images. */
  readonly totalSeconds: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly trials: readonly Trial[];
  /** A description of the recipe. */
  readonly recipe: string;
}

const target = 0.99;
/** Evaluations on test images over the whole recipe. */
const evaluations = 20;
/** A sample of the test images is evaluated first, and all of them if the sample is within `margin` of the target. */
const sample = { images: 1000, margin: 0.01 };
const seed = 42;

/** Throws: DataError if the digits have no test images. */
export async function measureTo99(device: Device, digits: LoadedDataset, output: Output): Promise<To99> {
  const recipe = chooseRecipe({ dataset: 'digits', preset: 'quick', seed }, device, output);
  const { train, test } = splitBy(recipe, digits);
  if (!test) throw new DataError('bench: the digits have no test images.');
  const model = modelOf(recipe, train, { device });
  const watch = new AccuracyWatch(model, test);
  const begun = performance.now();
  await model.fit(train, {
    ...fitOptionsOf(recipe, train),
    callbacks: [progressLine(output.stream, { colour: output.hasColour }), watch],
  });
  const totalSeconds = (performance.now() - begun) / 1000;
  model.dispose();
  const { trials } = watch;
  const last = trials.at(-1);
  return {
    target,
    isReached: (last?.accuracy ?? 0) >= target,
    trainingSeconds: last?.seconds ?? 0,
    totalSeconds,
    steps: last?.step ?? 0,
    batchSize: recipe.batchSize,
    trials,
    recipe: describeRecipe(recipe, train),
  };
}

/** Evaluates the test images now and then, and stops training once the target is reached. */
class AccuracyWatch implements Callback {
  readonly trials: Trial[] = [];
  readonly #sample: ImageSet;
  #startedAt = 0;
  #evaluationMs = 0;

  constructor(
    private readonly model: Model,
    private readonly test: ImageSet,
  ) {
    this.#sample = test.take(sample.images, { seed });
  }

  onTrainBegin(): void {
    this.#startedAt = performance.now();
  }

  async onBatchEnd(_step: number, _logs: object, training: Training): Promise<void> {
    const all = training.stepsPerEpoch * training.epochs;
    const { step } = training.position();
    if (step % Math.ceil(all / evaluations) !== 0 && step !== all) return;
    // `step` is the last step whose metrics were read; one or two later ones may be in flight, and count too.
    const evaluationStart = performance.now();
    const seconds = (evaluationStart - this.#startedAt - this.#evaluationMs) / 1000;
    const accuracy = await this.#evaluate(this.#sample, { step, seconds });
    const isNear = accuracy >= target - sample.margin || step === all;
    if (isNear && (await this.#evaluate(this.test, { step, seconds })) >= target) training.stop();
    this.#evaluationMs += performance.now() - evaluationStart;
  }

  async #evaluate(images: ImageSet, at: Pick<Trial, 'step' | 'seconds'>): Promise<number> {
    const { accuracy = Number.NaN } = await this.model.evaluate(images);
    this.trials.push({ ...at, accuracy, images: images.count });
    return accuracy;
  }
}

function describeRecipe(
  { preset, model, epochs, batchSize, learningRate, schedule }: Recipe,
  { count }: ImageSet,
): string {
  return `preset ${preset}: ${model}, ${count} images, at most ${epochs} epochs of batches of ${batchSize}, ${schedule} rate up to ${learningRate}, seed ${seed}`;
}

export function reportTo99({
  target,
  isReached,
  trainingSeconds,
  totalSeconds,
  steps,
  trials,
  recipe,
}: To99): Report {
  const training = `${duration(trainingSeconds)} of training (${steps} steps)`;
  const verdict = isReached
    ? `${percent(target, 0)} of the test images after ${training}`
    : `${percent(target, 0)} of the test images were not reached in ${training}`;
  return {
    title: `Time to ${percent(target, 0)} test accuracy`,
    head: ['step', 'seconds', 'test accuracy', 'on images'],
    rows: trials.map(({ step, seconds, accuracy, images }) => [
      step,
      seconds.toFixed(1),
      percent(accuracy),
      images,
    ]),
    note: `${verdict}; ${duration(totalSeconds)} including compilation and ${trials.length} evaluations on test images (${recipe}).`,
  };
}
