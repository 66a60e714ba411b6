/** Time to 99 % test accuracy: a real training on the digits, stopped as soon as it is there. */
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
  /** Of training so far. */
  readonly seconds: number;
  /** On so many test images. */
  readonly accuracy: number;
  readonly images: number;
}

export interface To99 {
  readonly target: number;
  readonly isReached: boolean;
  /** Of training alone: the clock starts when all is compiled, and stands while the test images are looked at. */
  readonly trainingSeconds: number;
  /** Compiling and every look at the test images included. */
  readonly totalSeconds: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly trials: readonly Trial[];
  /** What was trained and how, for people. */
  readonly recipe: string;
}

const target = 0.99;
/** Looks at test images over the whole recipe. */
const looks = 20;
/** A look at some of them comes first; all are looked at when these lack no more than this of the target. */
const some = { images: 1000, lacking: 0.01 };
const seed = 42;

/** Throws: DataError when the digits have no test images. */
export async function measureTo99(device: Device, digits: LoadedDataset, output: Output): Promise<To99> {
  const recipe = chooseRecipe({ dataset: 'digits', preset: 'quick', seed }, device, output);
  const { train, test } = splitBy(recipe, digits);
  if (!test) throw new DataError('bench: the digits have no test images.');
  const model = modelOf(recipe, train, device);
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

/** Looks at the test images now and then, and ends training when the target is met. */
class AccuracyWatch implements Callback {
  readonly trials: Trial[] = [];
  readonly #some: ImageSet;
  #begun = 0;
  #lookingMs = 0;

  constructor(
    private readonly model: Model,
    private readonly test: ImageSet,
  ) {
    this.#some = test.take(some.images, { seed });
  }

  onTrainBegin(): void {
    this.#begun = performance.now();
  }

  async onBatchEnd(_step: number, _logs: object, training: Training): Promise<void> {
    const all = training.stepsPerEpoch * training.epochs;
    const { step } = training.position();
    if (step % Math.ceil(all / looks) !== 0 && step !== all) return;
    // Of the steps whose metrics are here; one or two more may be under way, and are tested with them.
    const looked = performance.now();
    const seconds = (looked - this.#begun - this.#lookingMs) / 1000;
    const accuracy = await this.#look(this.#some, { step, seconds });
    const isNear = accuracy >= target - some.lacking || step === all;
    if (isNear && (await this.#look(this.test, { step, seconds })) >= target) training.stop();
    this.#lookingMs += performance.now() - looked;
  }

  async #look(images: ImageSet, at: Pick<Trial, 'step' | 'seconds'>): Promise<number> {
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
    : `${percent(target, 0)} of the test images was not reached in ${training}`;
  return {
    title: `Time to ${percent(target, 0)} test accuracy`,
    head: ['step', 'seconds', 'test accuracy', 'on images'],
    rows: trials.map(({ step, seconds, accuracy, images }) => [
      step,
      seconds.toFixed(1),
      percent(accuracy),
      images,
    ]),
    note: `${verdict}; ${duration(totalSeconds)} with compiling and ${trials.length} looks at the test images (${recipe}).`,
  };
}
