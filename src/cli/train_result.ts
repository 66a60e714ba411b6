/** The end of `train`: tests the best weights once, prints the results, and writes the report. */
import type { Folder } from '../folder.js';
import type { ImageSet } from '../data/dataset.js';
import { maxOf } from '../extent.js';
import { DeviceSet } from '../nn/samples/device_set.js';
import { labelledSet } from '../nn/samples/samples.js';
import type { Model } from '../nn/model.js';
import { loadModel } from '../nn/files/model_files.js';
import type { History } from '../nn/training/training.js';
import { TrainingStep } from '../nn/training/training_step.js';
import { optimizerOf } from '../recipe/optimizer_of.js';
import { batchSizeOf } from '../recipe/parts.js';
import type { Recipe } from '../recipe/recipe.js';
import { duration, percent } from '../report/charts/numbers.js';
import { balancedAccuracyOf, classScores, evaluate as evaluateProbabilities } from '../report/evaluation.js';
import type { KernelTime } from '../report/evaluation_file.js';
import { augmentedSamples } from './augmented_samples.js';
import { timeKernels } from './bench/kernels.js';
import { type Output, bold, counted, shellWord, table } from './output.js';
import { writeReport } from './report_writer.js';
import { type PartResult, type RunResult, readRun, toJson } from './run_folder.js';
import { stepCounter } from './saved_model.js';
import { taskOf } from './task_of.js';

export interface Images {
  readonly train: ImageSet;
  readonly validation: ImageSet;
  readonly test?: ImageSet;
  readonly source: string;
}

interface FinishContext {
  readonly images: Images;
  readonly recipe: Recipe;
  readonly folder: Folder;
  readonly output: Output;
  readonly history: History;
  readonly elapsedSeconds: () => number;
}

/** The validation images decide which epoch is best; the test images are evaluated once, at the end. */
export async function finish(context: FinishContext): Promise<object> {
  const { images, recipe, folder, output, history, elapsedSeconds } = context;
  const { metrics, epochs } = history;
  const accuracies = metrics['val_accuracy'] ?? [];
  const best = accuracies.indexOf(maxOf(accuracies));
  const bestEpoch = epochs[best] ?? 0;
  const model = await loadModel(folder, { weights: 'best' });
  // A batch that fits in training also fits in inference.
  const batchSize = history.checkpoint.microBatchSize ?? batchSizeOf(recipe, images.train);

  const trainSample = images.train.take(Math.min(images.train.count, images.validation.count), {
    seed: recipe.seed,
  });
  // A saved model knows neither the loss nor the optimizer.
  model.compile({ optimizer: optimizerOf(recipe), ...taskOf(recipe) });
  const { loss, accuracy = Number.NaN } = await model.evaluate(trainSample, { batchSize });
  const onTrain: PartResult = { loss, accuracy, images: trainSample.count };
  const onValidation: PartResult = {
    accuracy: accuracies[best] ?? Number.NaN,
    loss: metrics['val_loss']?.[best] ?? Number.NaN,
  };
  const tested = images.test ?? images.validation;
  const probabilities = await model.predict(tested, {
    batchSize,
    callbacks: [stepCounter(output, 'Testing')],
  });
  const scored = evaluateProbabilities(tested.labels, probabilities, tested.classCount, { seed: 0 });
  const ofTest = recipe.loss === undefined ? scored : await model.evaluate(tested, { batchSize });
  const onTest = images.test ? { accuracy: scored.accuracy, loss: ofTest.loss } : null;

  const seconds = elapsedSeconds();
  const reason = `the best validation accuracy of ${counted(epochs.length, 'epoch')}`;
  const result: RunResult = {
    bestEpoch,
    reason,
    train: onTrain,
    validation: onValidation,
    test: onTest,
    seconds,
  };
  printResult(context, result, {
    trainCount: trainSample.count,
    balanced: balancedAccuracyOf(classScores(scored)),
  });
  await folder.write('run.json', toJson({ ...(await readRun(folder)), result }));

  const { augmentation } = recipe;
  const augmented = augmentation
    ? { augmented: await augmentedSamples(images.train, model.preprocessing, augmentation, recipe) }
    : {};
  const files = await writeReport({
    folder,
    test: { images: tested, probabilities },
    seed: recipe.seed,
    ...augmented,
    ...(await kernelTimes(model, images.train.take(batchSize, { seed: recipe.seed }), recipe)),
  });
  output.say(`Report: ${folder.path}/report.html (${files.length} files).`);
  return { history: { epochs, ...metrics }, ...result, out: folder.path };
}

interface ResultDetails {
  readonly trainCount: number;
  /** Of the tested images, if their classes are unequal. */
  readonly balanced: number | undefined;
}

function printResult(
  { images, output, folder }: FinishContext,
  result: RunResult,
  { trainCount, balanced }: ResultDetails,
): void {
  const { bestEpoch, reason, train, validation, test, seconds } = result;
  const row = (name: string, count: number, part: PartResult): (string | number)[] => [
    name,
    count,
    percent(part.accuracy),
    part.loss.toFixed(4),
  ];
  const rows = [row('training', trainCount, train), row('validation', images.validation.count, validation)];
  if (test && images.test) rows.push(row('test', images.test.count, test));
  output.say('', ...table(['set', 'images', 'accuracy', 'loss'], rows));
  output.say(
    '',
    `The best weights are those of epoch ${bestEpoch}: ${reason}. Training accuracy is measured without dropout or augmentation, on ${trainCount} images.`,
  );
  const headline =
    test && images.test
      ? `${bold(output, `Test accuracy ${percent(test.accuracy)}`)} on ${images.test.count} images`
      : 'The data set has no labelled test images, and the validation accuracy is optimistic';
  if (balanced !== undefined)
    output.say(
      `The classes are unequal; the balanced accuracy, the mean over them, is ${percent(balanced)}.`,
    );
  output.say(`${headline}; total time ${duration(seconds)}. Saved in ${folder.path}; try:`);
  output.say(`  npm run evaluate -- --model ${shellWord(folder.path)}`);
  output.say(`  npm run predict -- --model ${shellWord(folder.path)} image.png`);
}

/** Times the kernels of a training step and discards its weights. Returns nothing if the device has no timestamps. */
async function kernelTimes(
  model: Model,
  images: ImageSet,
  recipe: Recipe,
): Promise<{ readonly kernelTimes?: readonly KernelTime[] }> {
  const { device } = model;
  if (!device.hasTimestamps) return {};
  const set = new DeviceSet(device, await labelledSet('train', images, model));
  const resources: { dispose(): void }[] = [set];
  try {
    const step = await TrainingStep.create(model, set, images.count, {
      augmentation: recipe.augmentation ?? undefined,
    });
    resources.push(step);
    const timings = await timeKernels(step.bound.step, { repeats: 3, seconds: Infinity });
    const total = timings.reduce((sum, { ms }) => sum + ms.median, 0);
    const kernelTimes = timings.map(({ kernel, variant, shapes, ms: { median } }) => ({
      kernel,
      variant,
      shapes,
      ms: median,
      share: median / total,
    }));
    return { kernelTimes };
  } finally {
    for (const resource of resources) resource.dispose();
  }
}
