/** `train`: from a data set to a run folder with a trained model. */
import process from 'node:process';
import { ModelError, UsageError } from '../errors.js';
import type { Device } from '../engine/device.js';
import type { Folder } from '../folder.js';
import type { ImageSet } from '../data/dataset.js';
import type { Callback } from '../nn/callbacks/callback.js';
import { modelCheckpoint } from '../nn/callbacks/index.js';
import { paperModel } from '../nn/models.js';
import { rmsprop } from '../nn/optimizers.js';
import { type Sequential, loadModel } from '../nn/sequential.js';
import type { History } from '../nn/training.js';
import { loadDataset } from '../node/datasets.js';
import { lockFolder, openFolder } from '../node/files.js';
import { open } from '../node/open.js';
import { historyToJson } from '../report/history.js';
import { bold, duration, type Output, openOutput, percent, table } from './output.js';
import { type Preset, isPresetName, presets } from './presets.js';
import { progressLine } from '../report/progress_callback.js';
import {
  type RunFile,
  type Settings,
  clearRun,
  defaultFolder,
  readHistory,
  readRun,
  toJson,
} from './run_folder.js';
import { version } from './version.js';

export interface TrainOptions {
  readonly dataset: 'digits';
  readonly data?: string;
  readonly offline?: boolean;
  readonly preset?: string;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly limit?: number;
  readonly seed: number;
  readonly out?: string;
  readonly resume?: string;
  readonly device?: string;
  readonly json?: boolean;
}

export async function train(options: TrainOptions): Promise<number> {
  const started = performance.now();
  const output = openOutput(options);
  const device = await open(options.device === undefined ? {} : { device: options.device });
  const folder = openFolder(options.resume ?? options.out ?? defaultFolder(options.dataset));
  const saved = options.resume === undefined ? undefined : await readRun(folder);
  const settings = saved?.settings ?? chooseSettings(options, device, output);
  const preset = presets[settings.preset];
  describeRun(output, device, settings, folder, saved !== undefined);

  const lock = await lockFolder(folder.path);
  try {
    const images = await loadImages(settings, options, output);
    const model = paperModel({
      seed: settings.seed,
      classes: images.train.classCount,
      inputShape: images.train.imageShape,
    });
    model.compile({
      optimizer: rmsprop({ learningRate: settings.learningRate ?? preset.learningRate }),
      loss: 'sparseCategoricalCrossentropy',
    });
    if (!saved) {
      output.say('');
      model.summary(output.say);
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
      preset,
      folder,
      output,
      run,
      isResumed: saved !== undefined,
    });
    if (history.isInterrupted) return reportInterruption(output, folder, history);
    const report = await finish({ model, images, settings, folder, output, history, started });
    output.result(report);
    return 0;
  } finally {
    await lock.release();
  }
}

// ---- what to do ----

function chooseSettings(options: TrainOptions, device: Device, output: Output): Settings {
  let { preset: name } = options;
  if (name === undefined) {
    const isSoftware = device.traits.family === 'software';
    name = isSoftware ? 'quick' : 'corrected';
    output.say(
      `Preset ${bold(output, name)}: the device is ${isSoftware ? 'software on the CPU, where a full recipe would take hours' : 'a GPU'}; choose with --preset.`,
    );
  }
  if (!isPresetName(name))
    throw new UsageError(
      `train: preset '${name}' is unknown, expected one of ${Object.keys(presets).join(', ')}.`,
    );
  const preset = presets[name];
  return {
    dataset: options.dataset,
    data: options.data ?? null,
    preset: name,
    epochs: options.epochs ?? preset.epochs,
    batchSize: options.batchSize ?? preset.batchSize,
    learningRate: options.learningRate ?? null,
    limit: options.limit ?? preset.limit,
    seed: options.seed,
  };
}

function describeRun(
  output: Output,
  device: Device,
  settings: Settings,
  folder: Folder,
  isResumed: boolean,
): void {
  const { adapter, driver } = device.fingerprint;
  output.say(`Device: ${adapter} (${driver}), ${device.traits.family} kernels.`);
  const { preset, epochs, batchSize, seed } = settings;
  output.say(
    `${isResumed ? 'Resuming' : 'Run'}: ${folder.path}, preset ${preset} (${presets[preset].description}), ${epochs} epoch${epochs === 1 ? '' : 's'}, batch ${batchSize}, seed ${seed}.`,
  );
}

interface Images {
  readonly train: ImageSet;
  readonly validation: ImageSet;
  readonly test: ImageSet;
  readonly source: string;
}

async function loadImages(settings: Settings, options: TrainOptions, output: Output): Promise<Images> {
  const {
    train: all,
    test,
    source,
  } = await loadDataset(settings.dataset, {
    ...(settings.data === null ? {} : { folder: settings.data }),
    ...(options.offline ? { offline: true } : {}),
  });
  const { limit, seed } = settings;
  if (limit !== null && limit < 2 * all.classCount) {
    throw new UsageError(
      `train: --limit ${limit} is too small, expected at least ${2 * all.classCount} (two images per class).`,
    );
  }
  const limited = limit === null || limit >= all.count ? all : all.take(limit, { seed });
  const [training, validation] = limited.split(1 - presets[settings.preset].validationShare, { seed });
  output.say(
    `Data: ${settings.dataset} from ${source}: ${training.count} to train, ${validation.count} to validate (by class), ${test.count} to test.`,
  );
  return { train: training, validation, test, source };
}

function describeFile(settings: Settings, device: Device, model: Sequential, images: Images): RunFile {
  return {
    format: 'shadegrad run 1',
    settings,
    model: model.name,
    device: { ...device.fingerprint, family: device.traits.family },
    versions: { shadegrad: version, node: process.version },
    images: { train: images.train.count, validation: images.validation.count, test: images.test.count },
    source: images.source,
    startedAt: new Date().toISOString(),
  };
}

// ---- training ----

interface FitContext {
  readonly model: Sequential;
  readonly images: Images;
  readonly settings: Settings;
  readonly preset: Preset;
  readonly folder: Folder;
  readonly output: Output;
  readonly run: RunFile;
  readonly isResumed: boolean;
}

async function fit({
  model,
  images,
  settings,
  preset,
  folder,
  output,
  run,
  isResumed,
}: FitContext): Promise<History> {
  const notes: string[] = [];
  const say = (line: string): void => void notes.push(line);
  const resumed = isResumed ? await model.loadWeights(folder, 'last') : undefined;
  if (isResumed && !resumed?.checkpoint)
    throw new ModelError(`train: ${folder.path}/last.safetensors holds no checkpoint to resume from.`);
  const before = isResumed
    ? await readHistory(folder)
    : { epochs: [], metrics: {} as Record<string, number[]> };
  const keep: Callback = {
    onTrainBegin: async ({ kernels }) => folder.write('run.json', toJson({ ...run, kernels })),
    onEpochEnd: async (epoch, logs, training) => {
      before.epochs.push(epoch + 1);
      for (const [name, value] of Object.entries(logs)) (before.metrics[name] ??= []).push(value);
      await folder.write('history.json', historyToJson(before));
      await model.saveWeights(folder, 'last', { checkpoint: training.checkpoint() });
      for (const note of notes.splice(0)) output.say(note);
    },
  };
  const interruption = listenForInterrupt(output);
  try {
    const history = await model.fit(images.train, {
      epochs: settings.epochs,
      batchSize: Math.min(settings.batchSize, images.train.count),
      validationData: images.validation,
      seed: settings.seed,
      signal: interruption.signal,
      callbacks: [
        progressLine(output.stream, { colour: output.hasColour }),
        ...preset.callbacks(say),
        modelCheckpoint({ folder, name: 'best', monitor: 'val_accuracy' }),
        keep,
      ],
      ...(resumed?.checkpoint ? { resume: resumed.checkpoint } : {}),
    });
    // Also in the middle of an epoch: the checkpoint knows the place.
    if (history.isInterrupted) await model.saveWeights(folder, 'last', { checkpoint: history.checkpoint });
    return { ...history, epochs: before.epochs, metrics: before.metrics };
  } finally {
    interruption.dispose();
  }
}

/** The first Ctrl-C ends training after the step under way, the second one ends the process. */
function listenForInterrupt(output: Output): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    output.say('\nStopping after this step; press Ctrl-C again to quit without saving.');
    controller.abort();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
    },
  };
}

function reportInterruption(output: Output, folder: Folder, { checkpoint: { position } }: History): number {
  output.say(
    `Interrupted in epoch ${position.epoch + 1} after ${position.step} step${position.step === 1 ? '' : 's'}; saved. Go on with:`,
  );
  output.say(`  npm run train -- --resume ${folder.path}`);
  return 130;
}

// ---- the result ----

interface FinishContext extends Omit<FitContext, 'preset' | 'run' | 'isResumed'> {
  readonly history: History;
  readonly started: number;
}

/** Which epoch is used is decided on the validation images; the test images are looked at once, at the end. */
async function finish({
  images,
  settings,
  folder,
  output,
  history,
  started,
}: FinishContext): Promise<object> {
  const { metrics, epochs } = history;
  const validation = metrics['val_accuracy'] ?? [];
  const best = validation.indexOf(Math.max(...validation));
  const model = await loadModel(folder, { weights: 'best' });
  const batchSize = Math.min(settings.batchSize, images.test.count);
  const trainSample = images.train.take(Math.min(images.train.count, images.validation.count), {
    seed: settings.seed,
  });
  const progress = (done: number, total: number): void => {
    if (output.stream.isTTY)
      output.stream.write(`\rTesting ${done}/${total}${done === total ? '\r\u001B[K' : ''}`);
  };
  const onTrain = await model.evaluate(trainSample, { batchSize });
  const onTest = await model.evaluate(images.test, { batchSize, onStep: progress });
  const seconds = (performance.now() - started) / 1000;
  output.say('');
  output.say(
    table(
      ['set', 'images', 'accuracy', 'loss'],
      [
        ['training', trainSample.count, percent(onTrain.accuracy), onTrain.loss.toFixed(4)],
        [
          'validation',
          images.validation.count,
          percent(validation[best] ?? Number.NaN),
          (metrics['val_loss']?.[best] ?? Number.NaN).toFixed(4),
        ],
        ['test', images.test.count, percent(onTest.accuracy), onTest.loss.toFixed(4)],
      ],
    ),
  );
  output.say(
    `\nWeights of epoch ${epochs[best]} of ${epochs.at(-1)}: the best validation accuracy (training accuracy without dropout, on ${trainSample.count} of its images).`,
  );
  output.say(
    `${bold(output, `Test accuracy ${percent(onTest.accuracy)}`)} on ${images.test.count} images, ${duration(seconds)} in all. Saved in ${folder.path}; try:`,
  );
  output.say(`  npm run evaluate -- --model ${folder.path}`);
  output.say(`  npm run predict -- --model ${folder.path} image.png`);
  const report = {
    history: { epochs, ...metrics },
    bestEpoch: epochs[best],
    train: onTrain,
    test: onTest,
    seconds,
    out: folder.path,
  };
  await folder.write(
    'run.json',
    toJson({
      ...(await readRun(folder)),
      result: { bestEpoch: epochs[best], train: onTrain, test: onTest, seconds },
    }),
  );
  return report;
}
