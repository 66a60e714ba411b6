/** `train`: trains a model on a data set and saves it in a run folder. */
import process from 'node:process';
import { unusual } from '../data/plausible.js';
import { checkTrainable } from '../data/trainable.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { DataError, FileError, ModelError } from '../errors.js';
import type { Device } from '../engine/device.js';
import type { Folder } from '../folder.js';
import type { Callback, Training } from '../nn/callbacks/callback.js';
import { modelCheckpoint, terminateOnNaN, warnOnDivergence } from '../nn/callbacks/index.js';
import type { Checkpoint } from '../nn/training/checkpoint.js';
import { kernelChangeOf } from '../nn/training/kernel_change.js';
import type { Model } from '../nn/model.js';
import { type ModelOnHost, readModel, weightsPath } from '../nn/files/model_files.js';
import type { History } from '../nn/training/training.js';
import { openFolder } from '../node/files.js';
import { callbacksOf, fitOptionsOf, modelOf, splitBy } from '../recipe/parts.js';
import type { Recipe } from '../recipe/recipe.js';
import { forSmallSet } from '../recipe/small_set.js';
import { historyToCsv, historyToJson } from '../report/history.js';
import { progressLine } from '../report/progress_callback.js';
import { type ClaimMode, type ClaimedRun, claimRun } from './claimed_run.js';
import type { TrainOptions } from './commands.js';
import { describeData } from './data_summary.js';
import { openDevice, sayDevice } from './device.js';
import { Interruption } from './interruption.js';
import { type DataSource, dataSourceOf, loadImages } from './load_images.js';
import { type Output, counted, openOutput } from './output.js';
import {
  checkRecipeOptions,
  chooseRecipe,
  describeAugmentation,
  presetDescriptions,
  recipeOf,
} from './recipe.js';
import { restoreFiles } from './resumed_files.js';
import { kernelRecord, selectKernels } from './run_kernels.js';
import {
  type GrowingHistory,
  type RunFile,
  type RunTuning,
  defaultFolder,
  nextBestFile,
  readRun,
  readTestableRun,
  runFormat,
  toJson,
} from './run_folder.js';
import { tensorBoardOf } from './run_logs.js';
import { taskOf } from './task_of.js';
import { type Images, finish } from './train_result.js';
import { version } from './version.js';

export async function train(options: TrainOptions): Promise<number> {
  const started = performance.now();
  const output = openOutput(options);
  checkRecipeOptions(options);
  const { preset } = options;
  const mode: ClaimMode =
    options.resume !== undefined ? 'resume' : options.overwrite === true ? 'replace' : 'new';
  const at = options.resume ?? options.out ?? defaultFolder(options.dataset);
  const claim = await claimRun(at, mode);
  const interruption = new Interruption(output, claim.folder, () => claim.releaseNow());
  try {
    return await thenRelease(claim, output, async () => {
      // Steps that need no device come first, so that a wrong path fails at once.
      const saved = mode === 'resume' ? await readRun(claim.folder) : undefined;
      const known = saved?.recipe ?? (preset === undefined ? undefined : recipeOf(options, preset));
      const loaded = await loadData(known ?? dataSourceOf(options), options, output);
      const early = known && splitBy(known, loaded);
      const source = saved || options.from === undefined ? undefined : await readModel(options.from);

      const device = await openDevice(options);
      const recipe = known ?? recipeForSize(options, chooseRecipe(options, device, output), loaded, output);
      const images = { ...(early ?? splitBy(recipe, loaded)), source: loaded.source };
      const context = { claim, output, interruption, device, recipe, images, options, started };
      return runTraining({ ...context, ...(saved ? { saved } : {}), ...(source ? { source } : {}) });
    });
  } finally {
    interruption.dispose();
  }
}

/** Runs `action`, then releases the folder. An error of `action` takes precedence over one of the release. */
async function thenRelease<T>(claim: ClaimedRun, output: Output, action: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await action();
  } catch (error) {
    await claim.release().catch(() => undefined); // The lock expires with this process.
    throw error;
  }
  try {
    await claim.release();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    output.say(`${error.message} The lock expires when this process ends.`);
  }
  return result;
}

interface TrainContext {
  readonly claim: ClaimedRun;
  readonly output: Output;
  readonly interruption: Interruption;
  readonly device: Device;
  readonly recipe: Recipe;
  readonly images: Images & { readonly description: string };
  readonly options: TrainOptions;
  /** The start of the command, by `performance.now()`. */
  readonly started: number;
  /** The run that is resumed. */
  readonly saved?: RunFile;
  /** The model that --from names. */
  readonly source?: ModelOnHost;
}

async function runTraining(context: TrainContext): Promise<number> {
  const { claim, output, interruption, device, recipe, images, options, started, saved, source } = context;
  const { folder } = claim;
  const tuning = await selectKernels(device, saved, folder, { tune: options.tune, warn: output.say });
  // A run that was stopped before its first checkpoint is restarted from its run.json.
  const isResumed = saved !== undefined && (await folder.exists('last.safetensors'));
  const heading = isResumed ? 'Resuming' : saved ? 'Restarting' : claim.isReplacing ? 'Replacing' : 'Run';
  describeRun(output, device, recipe, folder, heading);
  if (saved && !isResumed)
    output.say('The run has no checkpoint yet, so training starts from the beginning.');
  output.say(images.description);
  if (saved) checkSameImages(saved, images, folder);

  // The time of the earlier sessions of the run.
  const before = isResumed ? (saved.elapsedSeconds ?? saved.result?.seconds ?? 0) : 0;
  const elapsedSeconds = (): number => before + (performance.now() - started) / 1000;
  const model = modelOf(recipe, images.train, { task: taskOf(recipe) });
  if (!isResumed) {
    if (recipe.from !== null)
      await takeWeights(model, recipe, recipe.from, source ?? (await readModel(recipe.from)), output);
    output.say('');
    model.summary((text) => output.say(...text.split('\n')));
  }
  output.say('');
  const run = saved ?? describeFile(recipe, device, model, images);
  interruption.phase = 'training';
  const history = await fit({
    model,
    images,
    recipe,
    claim,
    output,
    interruption,
    run,
    tuning,
    isResumed,
    elapsedSeconds,
  });
  if (history.isInterrupted) return reportStop(context, history);
  if (interruption.signal.aborted) return interruption.reportUntested();
  interruption.phase = 'testing';
  output.result(await finish({ images, recipe, folder, output, history, elapsedSeconds }));
  return 0;
}

function reportStop({ claim, interruption }: TrainContext, history: History): number {
  if (!claim.isReplacing) return interruption.reportStopped(history);
  interruption.say(`Interrupted before the first step; the run in ${claim.folder.path} is unchanged.`);
  return interruption.status;
}

// ---- preparing ----

function describeRun(output: Output, device: Device, recipe: Recipe, folder: Folder, heading: string): void {
  sayDevice(output, device);
  const { preset, model, epochs, batchSize, optimizer, schedule, learningRate, seed } = recipe;
  output.say(`${heading}: ${folder.path}, preset ${preset} (${presetDescriptions[preset]}).`);
  const rate = schedule === 'constant' ? `rate ${learningRate}` : `${schedule} rate up to ${learningRate}`;
  output.say(
    `Model ${model}, ${counted(epochs, 'epoch')}, batch ${batchSize}, ${optimizer.name} with ${rate}, seed ${seed}.`,
  );
  const { filters, augmentation, variantsPerImage, loss, classWeights, oversample, freeze, mixup, cutmix } =
    recipe;
  const filtered = filters.map(({ name, iterations }) => (iterations > 1 ? `${name} ×${iterations}` : name));
  if (filtered.length > 0) output.say(`Filters on all images: ${filtered.join(', ')}.`);
  if (loss !== undefined) output.say(`Loss ${loss}.`);
  if (freeze) output.say(`Frozen layers: ${freeze.join(', ')}.`);
  if (classWeights !== undefined) output.say(`Class weights: ${describeWeights(classWeights)}.`);
  if (oversample) output.say('Images of rare classes are repeated, so that all classes occur alike.');
  const mixed = Object.entries({ mixup, cutmix }).flatMap(([name, alpha]) =>
    alpha === undefined ? [] : [`${name} with Beta(${alpha}, ${alpha})`],
  );
  if (mixed.length > 0) output.say(`Training images are mixed: ${mixed.join(' or ')}.`);
  if (augmentation) {
    const often = variantsPerImage > 1 ? `, ${variantsPerImage} variants of each image per epoch` : '';
    output.say(`Augmentation of the training images: ${describeAugmentation(augmentation)}${often}.`);
  }
}

function describeWeights(weights: NonNullable<Recipe['classWeights']>): string {
  if (weights === 'balanced') return 'balanced, so that all classes count alike';
  return Object.entries(weights)
    .map(([label, weight]) => `${weight} for class ${label}`)
    .join(', ');
}

/** The default recipe, changed for a small set in what the user has not chosen. */
function recipeForSize(
  options: TrainOptions,
  usual: Recipe,
  { train: { count } }: LoadedDataset,
  output: Output,
): Recipe {
  const { batchSize, epochs, learningRate, schedule, augmentation, split, folds, fold, validationShare } =
    options;
  const { recipe, changes } = forSmallSet(
    usual,
    count,
    new Set([
      ...(batchSize === undefined ? [] : (['batchSize'] as const)),
      ...(epochs === undefined ? [] : (['epochs'] as const)),
      ...(learningRate === undefined && schedule === undefined ? [] : (['learningRate'] as const)),
      ...(augmentation ? [] : (['augmentation'] as const)),
      ...([split, folds, fold, validationShare].every((each) => each === undefined)
        ? []
        : (['split'] as const)),
    ]),
  );
  if (changes.length > 0)
    output.say(
      `The set is small, ${counted(count, 'image')}, so the recipe is changed: ${changes.join(', ')}. Options of your own come first; --preset ${usual.preset} keeps the recipe.`,
    );
  return recipe;
}

async function loadData(source: DataSource, options: TrainOptions, output: Output): Promise<LoadedDataset> {
  const loaded = await loadImages(source, options, output);
  checkTrainable(loaded);
  output.say(...describeData(loaded), ...unusual(loaded));
  return loaded;
}

/** Throws: DataError if the counts or classes differ from those that the run started with. */
function checkSameImages({ images: before, classNames }: RunFile, images: Images, folder: Folder): void {
  const now = countImages(images);
  const isSame =
    Object.entries(now).every(([part, count]) => before[part] === count) &&
    classNames.join('\n') === images.train.classNames.join('\n');
  if (isSame) return;
  const show = (counts: RunFile['images'], classes: number): string =>
    `${counts['train']} training, ${counts['validation']} validation and ${counts['test']} test images in ${classes} classes`;
  throw new DataError(
    `train: the data set has changed: ${folder.path} was started with ${show(before, classNames.length)}, but now there are ${show(now, images.train.classCount)}. Restore the old files, or start a new run.`,
  );
}

function countImages({ train: training, validation, test }: Images): RunFile['images'] {
  return { train: training.count, validation: validation.count, test: test?.count ?? 0 };
}

/**
 * Copies the weights of a saved model. With `freeze`, layers that it does not have in their shape, such as a head for other classes,
 * keep their initial weights.
 *
 * Throws: ModelError if it is a different network, or does not have a layer that is frozen.
 */
async function takeWeights(
  model: Model,
  { seed, split, limit, freeze }: Recipe,
  from: string,
  source: ModelOnHost,
  output: Output,
): Promise<void> {
  const loaded = source.load();
  const left = freeze ? layersUnlike(model, loaded) : [];
  const untaught = left.find((name) =>
    model.network.nodes.some((node) => node.name === name && node.isFrozen),
  );
  if (untaught !== undefined)
    throw new ModelError(
      `train: ${from} has no layer ${untaught} with weights of the shape of this model's, so --freeze would keep its initial weights; choose the same --model, or another pattern.`,
    );
  const taken = left.length > 0 ? loaded.withNetwork(model.network, { seed }) : loaded;
  model.setWeights(await taken.weights());
  for (const each of new Set([loaded, taken])) each.dispose();
  const without = left.length > 0 ? `, without ${left.join(', ')}` : '';
  output.say(`Starting from the weights of ${from}${without}.`);
  const folder = openFolder(weightsPath(from)?.folder ?? from);
  const before = (await folder.exists('run.json')) ? (await readTestableRun(folder)).recipe : undefined;
  if (before && (before.seed !== seed || before.split.name !== split.name || before.limit !== limit))
    output.say(
      `That model used another split (seed ${before.seed}, split ${before.split.name}): it may have been trained on images that validate here.`,
    );
}

/** The layers with parameters that the other model does not have, or has in another shape. */
function layersUnlike({ network }: Model, other: Model): readonly string[] {
  const shapes = new Map(other.network.parameters.map(({ path, shape }) => [path, shape.join()]));
  return network.nodes
    .filter(({ parameters }) => parameters.some(({ path, shape }) => shapes.get(path) !== shape.join()))
    .map(({ name }) => name);
}

function describeFile(recipe: Recipe, device: Device, model: Model, images: Images): RunFile {
  return {
    format: runFormat,
    recipe,
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
  readonly model: Model;
  readonly images: Images;
  readonly recipe: Recipe;
  readonly claim: ClaimedRun;
  readonly output: Output;
  readonly interruption: Interruption;
  readonly run: RunFile;
  readonly tuning: RunTuning['tuning'];
  /** False for a new or restarted run. */
  readonly isResumed: boolean;
  /** Over all sessions of the run. */
  readonly elapsedSeconds: () => number;
}

async function fit(context: FitContext): Promise<History> {
  const { model, images, recipe, claim, output, interruption, run, isResumed } = context;
  const notes: string[] = [];
  const say = (line: string): void => void notes.push(line);
  const checkpoint = isResumed ? await readCheckpoint(model, claim.folder) : undefined;
  const before = await restoreFiles(claim, run, checkpoint);
  const runFiles = writeRunFiles(context, before, () => {
    for (const note of notes.splice(0)) output.say(note);
  });
  const logs = recipe.tensorBoard ? [tensorBoardOf(model, images, recipe, claim.logs, run)] : [];
  const history = await model.fit(images.train, {
    ...fitOptionsOf(recipe, images.train),
    validationData: images.validation,
    signal: interruption.signal,
    callbacks: [
      progressLine(output.stream, { colour: output.hasColour }),
      terminateOnNaN({ say }),
      warnOnDivergence({ say: (line) => say(`${line} Train again with a smaller --learning-rate.`) }),
      ...callbacksOf(recipe, say),
      modelCheckpoint({ folder: withPendingBest(claim.folder), monitor: 'val_accuracy', saveBestOnly: true }),
      ...logs,
      runFiles,
    ],
    ...(checkpoint ? { resume: checkpoint } : {}),
  });
  for (const note of notes.splice(0)) output.say(note);
  // A checkpoint can also be in the middle of an epoch. Before the first step, keep the run that would be replaced.
  if (history.isInterrupted && !(claim.isReplacing && history.checkpoint.position.step === 0)) {
    await model.saveWeights(claim.folder, 'last', { checkpoint: history.checkpoint });
    await claim.commit();
  }
  return { ...history, epochs: before.epochs, metrics: before.metrics };
}

/** Throws: ModelError if last.safetensors is damaged or contains no checkpoint. */
async function readCheckpoint(model: Model, folder: Folder): Promise<Checkpoint> {
  const { checkpoint } = await model.loadWeights(folder, 'last');
  if (checkpoint) return checkpoint;
  throw new ModelError(`train: ${folder.path}/last.safetensors contains no checkpoint to resume from.`);
}

/** Writes best weights as `nextBestFile`, to be renamed once the checkpoint of their epoch is written. */
function withPendingBest(folder: Folder): Folder {
  return { ...folder, write: (_, contents) => folder.write(nextBestFile, contents) };
}

/**
 * Writes run.json, the history and the checkpoint. The order matters: if the process is killed at any point, the folder
 * holds the previous or the new checkpoint, and files of an epoch without a checkpoint are ignored.
 */
function writeRunFiles(
  { model, claim, output, run, tuning, isResumed, elapsedSeconds }: FitContext,
  before: GrowingHistory,
  printNotes: () => void,
): Callback {
  const { folder } = claim;
  const writeRun = async ({ kernels }: Training): Promise<void> =>
    folder.write(
      'run.json',
      toJson({ ...run, kernels, ...kernelRecord(model.device, tuning), elapsedSeconds: elapsedSeconds() }),
    );
  return {
    onTrainBegin: async (training) => {
      const change = isResumed
        ? kernelChangeOf(run, training.kernels, model.device.kernelSelection)
        : undefined;
      if (change !== undefined) output.say(change);
      // Not earlier: a device error during preparation leaves no run. run.json is first, because resuming needs it.
      await writeRun(training);
      if (!(await folder.exists('model.json'))) await folder.write('model.json', toJson(model.toJson()));
    },
    onEpochEnd: async (epoch, logs, training) => {
      before.epochs.push(epoch + 1);
      for (const [name, value] of Object.entries(logs)) (before.metrics[name] ??= []).push(value);
      await folder.write('history.json', historyToJson(before));
      await folder.write('history.csv', historyToCsv(before));
      await model.saveWeights(folder, 'last', { checkpoint: training.checkpoint() });
      if (await folder.exists(nextBestFile)) await claim.move(nextBestFile, 'best.safetensors');
      await writeRun(training);
      await claim.commit();
      printNotes();
    },
    onTrainEnd: async (_, training) => writeRun(training),
  };
}
