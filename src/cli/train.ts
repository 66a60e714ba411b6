/** `train`: from a data set to a run folder with a trained model. */
import process from 'node:process';
import { checkTrainable } from '../data/trainable.js';
import { DataError, ModelError } from '../errors.js';
import type { Device } from '../engine/device.js';
import type { Folder } from '../folder.js';
import type { Callback, Training } from '../nn/callbacks/callback.js';
import { modelCheckpoint, terminateOnNaN, warnOnDivergence } from '../nn/callbacks/index.js';
import { kernelChangeOf } from '../nn/kernel_change.js';
import { modelsByName } from '../nn/models.js';
import { preprocessing } from '../nn/preprocessing.js';
import { plateauCallbacks, presets } from '../nn/presets.js';
import { type Sequential, loadModel, weightsPath } from '../nn/sequential.js';
import type { History } from '../nn/training.js';
import { loadDataset } from '../node/datasets.js';
import { lockFolder, openFolder } from '../node/files.js';
import { open } from '../node/open.js';
import { historyToCsv, historyToJson } from '../report/history.js';
import { progressLine } from '../report/progress_callback.js';
import { downloadProgress } from './download_progress.js';
import {
  listenAfterTraining,
  listenForInterrupt,
  reportInterruption,
  reportUntested,
} from './interruption.js';
import { type Output, openOutput } from './output.js';
import { type RecipeOptions, chooseSettings, describeAugmentation, optimizerOf, splitBy } from './recipe.js';
import { recordOf, takeChoices } from './run_choices.js';
import {
  type RunFile,
  type RunTuning,
  clearRun,
  defaultFolder,
  readHistory,
  readRun,
  runFormat,
  toJson,
} from './run_folder.js';
import { tensorBoardOf } from './run_logs.js';
import type { Settings } from './settings.js';
import { type Images, finish } from './train_result.js';
import { version } from './version.js';

export interface TrainOptions extends RecipeOptions {
  readonly offline?: boolean;
  readonly out?: string;
  readonly resume?: string;
  readonly device?: string;
  /** False: the table alone chooses the kernels. */
  readonly tune?: boolean;
  readonly json?: boolean;
}

export async function train(options: TrainOptions): Promise<number> {
  const started = performance.now();
  const output = openOutput(options);
  const device = await open(options.device === undefined ? {} : { device: options.device });
  const folder = openFolder(options.resume ?? options.out ?? defaultFolder(options.dataset));
  const saved = options.resume === undefined ? undefined : await readRun(folder);
  const tuning = await takeChoices(device, saved, folder, { tune: options.tune, warn: output.say });
  const settings = saved?.settings ?? chooseSettings(options, device, output);
  describeRun(output, device, settings, folder, saved !== undefined);

  // An interrupted or finished run has its own time behind it.
  const before = saved?.elapsedSeconds ?? saved?.result?.seconds ?? 0;
  const elapsedSeconds = (): number => before + (performance.now() - started) / 1000;
  const lock = await lockFolder(folder.path);
  try {
    const images = await loadImages(settings, options, output);
    if (saved) checkSameImages(saved, images, folder);
    const model = makeModel(settings, images);
    if (!saved) {
      if (settings.from !== null) await takeWeights(model, settings, settings.from, output);
      output.say('');
      model.summary((text) => output.say(...text.split('\n')));
    }
    output.say('');
    const run = saved ?? describeFile(settings, device, model, images);
    if (!saved) {
      await clearRun(folder, output.say);
      await folder.write('run.json', toJson(run));
      await folder.write('model.json', toJson(model.toJson()));
    }
    const history = await fit({
      model,
      images,
      settings,
      folder,
      output,
      run,
      tuning,
      isResumed: saved !== undefined,
      elapsedSeconds,
    });
    if (history.isInterrupted) return reportInterruption(output, folder, history);
    if (history.isLeftUntested) return reportUntested(output, folder);
    const stopListening = listenAfterTraining(output, folder, lock);
    try {
      output.result(await finish({ images, settings, folder, output, history, elapsedSeconds }));
    } finally {
      stopListening();
    }
    return 0;
  } finally {
    await lock.release();
  }
}

// ---- what to do ----

function describeRun(
  output: Output,
  device: Device,
  settings: Settings,
  folder: Folder,
  isResumed: boolean,
): void {
  const { adapter, driver } = device.fingerprint;
  output.say(`Device: ${adapter} (${driver}), ${device.traits.family} kernels.`);
  const { preset, model, epochs, batchSize, optimizer, schedule, learningRate, seed } = settings;
  output.say(
    `${isResumed ? 'Resuming' : 'Run'}: ${folder.path}, preset ${preset} (${presets[preset].description}).`,
  );
  const rate = schedule === 'constant' ? `rate ${learningRate}` : `${schedule} rate up to ${learningRate}`;
  output.say(
    `Model ${model}, ${epochs} epoch${epochs === 1 ? '' : 's'}, batch ${batchSize}, ${optimizer} with ${rate}, seed ${seed}.`,
  );
  const { filters, augmentation, variantsPerImage } = settings;
  const filtered = filters.map(({ name, iterations }) => (iterations > 1 ? `${name} ×${iterations}` : name));
  if (filtered.length > 0) output.say(`Filters on all images: ${filtered.join(', ')}.`);
  if (augmentation) {
    const often = variantsPerImage > 1 ? `, ${variantsPerImage} variants of each image per epoch` : '';
    output.say(`Augmentation of the training images: ${describeAugmentation(augmentation)}${often}.`);
  }
}

async function loadImages(settings: Settings, options: TrainOptions, output: Output): Promise<Images> {
  const { data, transpose, shape } = settings;
  const loaded = await loadDataset(settings.dataset, {
    ...(data === null ? {} : { folder: data }),
    ...(options.offline ? { offline: true } : {}),
    ...(transpose ? { transpose } : {}),
    ...(shape ? { shape } : {}),
    onProgress: downloadProgress(output),
  });
  checkTrainable(loaded);
  const parts = splitBy(settings, loaded);
  output.say(`Data: ${loaded.name} from ${loaded.source}. ${parts.description}`);
  return { ...parts, source: loaded.source };
}

/** Throws: DataError when the data are no longer those that the run has seen, by their counts and classes. */
function checkSameImages({ images: before, classNames }: RunFile, images: Images, folder: Folder): void {
  const now = countImages(images);
  const isSame =
    Object.entries(now).every(([part, count]) => before[part] === count) &&
    classNames.join('\n') === images.train.classNames.join('\n');
  if (isSame) return;
  const show = (counts: RunFile['images'], classes: number): string =>
    `${counts['train']} training, ${counts['validation']} validation and ${counts['test']} test images in ${classes} classes`;
  throw new DataError(
    `train: the data have changed since ${folder.path} was started, with ${show(before, classNames.length)}; now there are ${show(now, images.train.classCount)}. Bring the old data back, or start a new run.`,
  );
}

function countImages({ train: training, validation, test }: Images): RunFile['images'] {
  return { train: training.count, validation: validation.count, test: test?.count ?? 0 };
}

function makeModel(settings: Settings, { train: images }: Images): Sequential {
  const { model: name, l2, standardise, filters, seed } = settings;
  const model = modelsByName[name]({
    seed,
    classes: images.classCount,
    inputShape: images.imageShape,
    preprocessing: preprocessing({
      ...(standardise ? { standardise: images.meanAndDeviation() } : {}),
      filters,
    }),
    ...(l2 > 0 ? { kernelRegularizer: { l2 } } : {}),
  });
  model.compile({ optimizer: optimizerOf(settings), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** Throws: FileError when there is no model, ModelError when it is another network. */
async function takeWeights(
  model: Sequential,
  { seed, split, limit }: Settings,
  from: string,
  output: Output,
): Promise<void> {
  const source = await loadModel(from);
  model.setWeights(await source.weights());
  source.dispose();
  output.say(`Beginning with the weights of ${from}.`);
  const folder = openFolder(weightsPath(from)?.folder ?? from);
  const before = (await folder.exists('run.json')) ? (await readRun(folder)).settings : undefined;
  if (before && (before.seed !== seed || before.split !== split || before.limit !== limit))
    output.say(
      `Its images were divided otherwise (seed ${before.seed}, split ${before.split}): it may have been trained on what validates here.`,
    );
}

function describeFile(settings: Settings, device: Device, model: Sequential, images: Images): RunFile {
  return {
    format: runFormat,
    settings,
    model: model.name,
    device: { ...device.fingerprint, family: device.traits.family },
    versions: { shadegrad: version, node: process.version },
    images: countImages(images),
    classNames: images.train.classNames,
    source: images.source,
    startedAt: new Date().toISOString(),
  };
}

// ---- training ----

interface FitContext {
  readonly model: Sequential;
  readonly images: Images;
  readonly settings: Settings;
  readonly folder: Folder;
  readonly output: Output;
  readonly run: RunFile;
  readonly tuning: RunTuning['tuning'];
  readonly isResumed: boolean;
  /** Of the run, all its sessions together. */
  readonly elapsedSeconds: () => number;
}

interface TrainedHistory extends History {
  /** Ctrl-C came when the last step was done. */
  readonly isLeftUntested: boolean;
}

async function fit({
  model,
  images,
  settings,
  folder,
  output,
  run,
  tuning,
  isResumed,
  elapsedSeconds,
}: FitContext): Promise<TrainedHistory> {
  const notes: string[] = [];
  const say = (line: string): void => void notes.push(line);
  const resumed = isResumed ? await model.loadWeights(folder, 'last') : undefined;
  if (isResumed && !resumed?.checkpoint)
    throw new ModelError(`train: ${folder.path}/last.safetensors holds no checkpoint to resume from.`);
  const before = isResumed
    ? await readHistory(folder)
    : { epochs: [], metrics: {} as Record<string, number[]> };
  const writeRun = async ({ kernels }: Training): Promise<void> =>
    folder.write(
      'run.json',
      toJson({ ...run, kernels, ...recordOf(model.device, tuning), elapsedSeconds: elapsedSeconds() }),
    );
  const keep: Callback = {
    onTrainBegin: async (training) => {
      const change = isResumed ? kernelChangeOf(run, training.kernels, model.device.choices) : undefined;
      if (change !== undefined) output.say(change);
      await writeRun(training);
    },
    onEpochEnd: async (epoch, logs, training) => {
      before.epochs.push(epoch + 1);
      for (const [name, value] of Object.entries(logs)) (before.metrics[name] ??= []).push(value);
      await folder.write('history.json', historyToJson(before));
      await folder.write('history.csv', historyToCsv(before));
      await model.saveWeights(folder, 'last', { checkpoint: training.checkpoint() });
      await writeRun(training);
      for (const note of notes.splice(0)) output.say(note);
    },
    onTrainEnd: async (_, training) => writeRun(training),
  };
  const logs = settings.tensorBoard ? [tensorBoardOf(model, images, settings, folder)] : [];
  const interruption = listenForInterrupt(output);
  try {
    const history = await model.fit(images.train, {
      epochs: settings.epochs,
      batchSize: Math.min(settings.batchSize, images.train.count),
      microBatchSize: settings.microBatch ?? undefined,
      memory: settings.memory ?? undefined,
      validationData: images.validation,
      seed: settings.seed,
      signal: interruption.signal,
      callbacks: [
        progressLine(output.stream, { colour: output.hasColour }),
        terminateOnNaN({ say }),
        warnOnDivergence({ say: (line) => say(`${line} Train again with a smaller --learning-rate.`) }),
        ...plateauCallbacks(settings, say),
        modelCheckpoint({ folder, monitor: 'val_accuracy', saveBestOnly: true }),
        ...logs,
        keep,
      ],
      ...(settings.augmentation ? { augmentation: settings.augmentation } : {}),
      variantsPerImage: settings.variantsPerImage,
      ...(resumed?.checkpoint ? { resume: resumed.checkpoint } : {}),
    });
    for (const note of notes.splice(0)) output.say(note);
    // Also in the middle of an epoch: the checkpoint knows the place.
    if (history.isInterrupted) await model.saveWeights(folder, 'last', { checkpoint: history.checkpoint });
    return {
      ...history,
      epochs: before.epochs,
      metrics: before.metrics,
      isLeftUntested: interruption.signal.aborted && !history.isInterrupted,
    };
  } finally {
    interruption.dispose();
  }
}
