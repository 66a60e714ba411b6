/**
 * The commands: the options of each, and the module that runs it. That module is imported when the command is called, so
 * that `--help` and wrong usage load nothing of the engine.
 */
import { InvalidArgumentError } from 'commander';
import { pictureFits } from '../picture_preparation.js';
import { splitNames } from '../data/split_names.js';
import { UsageError } from '../errors.js';
import { modelNames, presetNames, scheduleNames } from '../nn/names.js';
import { type SectionName, sectionNames } from './bench/sections.js';
import { type DeclaredCommand, type OptionsOf, command, option } from './declaration.js';
import {
  classWeights,
  colour,
  fraction,
  imageShape,
  memorySize,
  names,
  pictureSize,
  pixelRange,
  portNumber,
  positiveInteger,
  positiveIntegers,
  positiveNumber,
  seedNumber,
} from './values.js';

// ---- shared options ----

const json = option('--json', 'print one JSON object on the last line of standard output');
const device = option('--device <name>', "adapter to use: part of its name, see 'npm run devices'");
const noTune = option('--no-tune', "ignore the results of 'npm run tune'");
const seed = option('--seed <n>', 'seed of every random choice', { parse: seedNumber, default: 42 });

const datasetFlags = '--dataset <name>';
const datasetHelp =
  'digits, fashion, or a path: a CSV, IDX files, or a folder with one subfolder of images per class';
const dataset = option(datasetFlags, datasetHelp, { default: 'digits' });
const dataFolder = option(
  '--data <dir>',
  'folder with the files of digits or fashion (default: the usual places)',
);
const transpose = option('--transpose', 'swap rows and columns of IDX images, as EMNIST needs');
const fit = (help: string) => option('--fit <way>', help, { choices: pictureFits });
const background = (help: string) => option('--background <colour>', help, { parse: colour });
/** How tables and pictures of a data set become images. */
const formOptions = [
  option(
    '--label-column <name>',
    "column of the labels in a CSV: its name, 'first' or 'last' (default: found)",
  ),
  option('--pixel-range <black,white>', 'values of black and white in a CSV, such as 0,1 (default: found)', {
    parse: pixelRange,
  }),
  option('--size <WxH>', 'size of the images, for pictures of different sizes', { parse: pictureSize }),
  fit('how pictures of another size take it: digit, contain, cover or stretch (default: contain)'),
  background('the colour behind transparent pixels: white, black or #rrggbb (default: white)'),
  option('--skip-bad', 'leave out pictures that are damaged, empty or of a single colour'),
];
const csvShape = option(
  '--image-shape <HxWxC>',
  'image shape, for a CSV whose rows are not square greyscale images',
  {
    parse: imageShape,
  },
);
const offline = option('--offline', 'never download');

const savedModel = option(
  '--model <path>',
  'a run folder, a folder written by model.save(), or a .safetensors file',
  { isRequired: true },
);
const weights = option('--weights <name>', 'weights to use: best or last (default: best)');
const batchSize = option('--batch-size <n>', 'images per step', { parse: positiveInteger, default: 128 });

// ---- train ----

const trainOptions = [
  json,
  device,
  dataset,
  dataFolder,
  transpose,
  csvShape,
  ...formOptions,
  offline,
  option('--preset <name>', 'training recipe (default: chosen for the device)', { choices: presetNames }),
  option('--model <name>', "network (default: the preset's)", { choices: modelNames }),
  option('--from <path>', 'start from the weights of a saved model'),
  option(
    '--freeze <patterns>',
    "with --from: layers that are not trained, such as 'conv2d*,dense'; layers of other shapes start from new weights",
    { parse: names },
  ),
  option('--split <name>', 'how to split the data; k-fold takes --folds and --fold', {
    choices: splitNames,
  }),
  option('--folds <n>', 'number of folds (default: 5)', { parse: positiveInteger }),
  option('--fold <n>', 'fold to validate on, from 1 (default: 1)', { parse: positiveInteger }),
  option(
    '--validation-share <x>',
    'share of each class of the training images to validate on (default: 0.1)',
    { parse: fraction },
  ),
  option('--limit <n>', 'train and validate on at most this many images', { parse: positiveInteger }),
  option('--epochs <n>', 'passes over the training images', { parse: positiveInteger }),
  option('--batch-size <n>', 'images per step', { parse: positiveInteger }),
  option(
    '--micro-batch <n>',
    'images computed at once; gradients accumulate over the batch (default: as many as fit)',
    { parse: positiveInteger },
  ),
  option('--memory <size>', 'device memory that training may use, such as 512MiB', { parse: memorySize }),
  option('--learning-rate <x>', "learning rate, or the schedule's peak; constant without --schedule", {
    parse: positiveNumber,
  }),
  option('--schedule <name>', 'learning-rate schedule; turns off the reduction on plateaus', {
    choices: scheduleNames,
  }),
  option('--optimizer <name>', 'optimizer, such as sgd (default: rmsprop)'),
  option('--momentum <x>', 'momentum, for optimizers that have it, such as sgd (default: 0)', {
    parse: fraction,
  }),
  option('--loss <name>', 'loss, such as categoricalCrossentropy (default: sparseCategoricalCrossentropy)'),
  option(
    '--class-weights <weights>',
    "factors of the loss by class: 'balanced', so that all classes count alike, or such as 0:2,7:0.5",
    { parse: classWeights },
  ),
  option('--oversample', 'show the images of rare classes as often as those of the largest one'),
  option('--l2 <x>', 'L2 penalty: adds this times Σ w² of the kernels to the loss', {
    parse: positiveNumber,
  }),
  option(
    '--standardise',
    'standardise inputs to mean 0 and standard deviation 1, instead of scaling them to [0, 1]',
  ),
  option('--no-filters', "do not apply the preset's blur and sharpen filters"),
  option('--no-augmentation', 'do not augment the training images'),
  option('--no-flips', 'augment without flips'),
  option('--mixup <alpha>', 'blend each image with another by a share from Beta(alpha, alpha), such as 0.2', {
    parse: positiveNumber,
  }),
  option(
    '--cutmix <alpha>',
    'put a part of another image over each one; its area is from Beta(alpha, alpha)',
    {
      parse: positiveNumber,
    },
  ),
  option('--variants <n>', 'augmented variants of each image per epoch (default: 1)', {
    parse: positiveInteger,
  }),
  option('--tensorboard', 'write TensorBoard logs into the run folder (default in preset paper)'),
  seed,
  noTune,
  option('--out <dir>', 'run folder (default: runs/<dataset>-<time>)'),
  option('--overwrite', 'replace the run in --out once the new one has written its first checkpoint'),
  option('--resume <dir>', 'resume an interrupted run with its own settings'),
];
export type TrainOptions = OptionsOf<typeof trainOptions>;

const train = command({
  name: 'train',
  description: 'Train a model and save it in a run folder.',
  example: 'npm run train -- --dataset fashion --preset corrected --epochs 5 --schedule cosine',
  options: trainOptions,
  run: async (options, { typed }) => {
    if (options.resume !== undefined) checkTypedWithResume(typed);
    return (await import('./train.js')).train(options);
  },
});

/** Options that do not change what a resumed run computes. */
const allowedWithResume: readonly string[] = ['--resume', '--offline', '--device', '--json'];

/** Throws: UsageError for options that a resumed run would ignore. */
function checkTypedWithResume(typed: readonly string[]): void {
  const ignored = typed.filter((flag) => !allowedWithResume.includes(flag));
  if (ignored.length > 0)
    throw new UsageError(`train: --resume uses the run's own settings; leave out ${ignored.join(', ')}.`);
}

// ---- a saved model ----

const evaluateOptions = [
  json,
  device,
  savedModel,
  weights,
  option(datasetFlags, `${datasetHelp} (default: the run's)`),
  dataFolder,
  transpose,
  offline,
  option('--part <name>', 'part of the data (default: test, else validation, else all)', {
    choices: ['train', 'validation', 'test', 'all'],
  }),
  batchSize,
  option('--limit <n>', 'evaluate on at most this many images', { parse: positiveInteger }),
  noTune,
  seed,
];
export type EvaluateOptions = OptionsOf<typeof evaluateOptions>;

const evaluate = command({
  name: 'evaluate',
  description: 'Compute the loss and accuracy of a saved model on the test images.',
  example: 'npm run evaluate -- --model runs/x',
  options: evaluateOptions,
  run: async (options) => (await import('./evaluate.js')).evaluate(options),
});

/** For files with more images than this, `predict` prints counts per class. */
export const imagesShown = 25;

const predictOptions = [
  json,
  device,
  savedModel,
  weights,
  option('--submission <file>', 'write a Kaggle submission: ImageId,Label, with the images numbered from 1'),
  option('--all', `print every image, even for files with more than ${imagesShown}`),
  option('--csv <file>', `write a table with a row for each image: file, image, class, probability`),
  fit("how pictures take the model's size: digit, contain, cover or stretch (default: the model's own way)"),
  background("the colour behind transparent pixels: white, black or #rrggbb (default: the model's)"),
  option(
    '--invert',
    'invert pictures with a light border, for models trained on light objects on a dark ground',
  ),
  transpose,
  batchSize,
  noTune,
];
export type PredictOptions = OptionsOf<typeof predictOptions>;

const predict = command({
  name: 'predict',
  description:
    'Classify pictures of any size and kind, folders of them, rows of a CSV, or IDX files with a saved model.',
  example:
    'npm run predict -- --model runs/x three.png photographs/\n  npm run predict -- --model runs/x test.csv --submission submission.csv',
  argument: '<file...>',
  usage: '-- --model <path> <file...>',
  options: predictOptions,
  run: async (options, { args }) => (await import('./predict.js')).predict(args, options),
});

/** The options that choose a saved model and the device it runs on. */
export type SavedModelOptions = Pick<PredictOptions, 'model' | 'weights' | 'device' | 'tune'>;

// ---- runs and data ----

const reportOptions = [
  json,
  option('--out <dir>', 'output folder (default: the run folder; runs/comparison-<time> for several runs)'),
];
export type ReportOptions = OptionsOf<typeof reportOptions>;

const report = command({
  name: 'report',
  description: 'Rewrite the report of a run, or compare several runs on one page.',
  example: 'npm run report -- runs/a\n  npm run report -- runs/a runs/b --out runs/comparison',
  argument: '<run...>',
  usage: '-- <run...> [--out <dir>]',
  options: reportOptions,
  run: async (options, { args }) => (await import('./report.js')).report(args, options),
});

const summaryOptions = [
  json,
  device,
  option('--model <name>', `${modelNames.join(', ')}, or the path of a saved model`, { isRequired: true }),
  option('--image-shape <HxWxC>', 'image shape of a named model (default: 28x28x1)', { parse: imageShape }),
  option('--classes <n>', 'number of classes of a named model (default: 10)', { parse: positiveInteger }),
  batchSize,
];
export type SummaryOptions = OptionsOf<typeof summaryOptions>;

const summary = command({
  name: 'summary',
  description:
    'Show the layers of a model: output shapes, parameters, multiply-adds, and the memory it takes.',
  example: 'npm run summary -- --model paper\n  npm run summary -- --model runs/x --batch-size 32',
  options: summaryOptions,
  run: async (options) => (await import('./summary.js')).summary(options),
});

const exploreOptions = [
  json,
  device,
  dataset,
  dataFolder,
  transpose,
  csvShape,
  ...formOptions,
  offline,
  seed,
  option('--out <dir>', 'output folder (default: runs/explore-<dataset>-<time>)'),
];
export type ExploreOptions = OptionsOf<typeof exploreOptions>;

const explore = command({
  name: 'explore',
  description:
    'Show the shape, classes and samples of a data set, with and without filters and augmentation.',
  example: 'npm run explore -- --dataset fashion',
  options: exploreOptions,
  run: async (options) => (await import('./explore.js')).explore(options),
});

const findRateOptions = [
  json,
  device,
  dataset,
  dataFolder,
  transpose,
  csvShape,
  ...formOptions,
  offline,
  option('--preset <name>', 'training recipe (default: chosen for the device)', { choices: presetNames }),
  option('--model <name>', "network (default: the preset's)", { choices: modelNames }),
  option('--batch-size <n>', 'images per step', { parse: positiveInteger }),
  option('--optimizer <name>', 'optimizer, such as sgd (default: rmsprop)'),
  option('--momentum <x>', 'momentum of sgd (default: 0)', { parse: fraction }),
  option('--limit <n>', 'train on at most this many images', { parse: positiveInteger }),
  option('--no-augmentation', 'do not augment the training images'),
  option('--from-rate <x>', 'rate of the first step (default: 1e-6)', { parse: positiveNumber }),
  option('--to-rate <x>', 'rate of the last step (default: 1)', { parse: positiveNumber }),
  option('--steps <n>', 'number of steps (default: 100)', { parse: positiveInteger }),
  seed,
  option('--out <dir>', 'output folder (default: runs/find-rate-<dataset>-<time>)'),
];
export type FindRateOptions = OptionsOf<typeof findRateOptions>;

const findRate = command({
  name: 'find-rate',
  description:
    'Train for some steps with a growing learning rate, show the loss by rate, and suggest a rate.',
  example: 'npm run find-rate -- --dataset fashion --optimizer sgd --momentum 0.9',
  options: findRateOptions,
  run: async (options) => (await import('./find_rate.js')).findRate(options),
});

const demoOptions = [
  json,
  option('--port <n>', 'port to listen on (default: 4173, or any free port if that is in use)', {
    parse: portNumber,
  }),
  option(
    '--build [dir]',
    'write the page as files for a static host instead of serving it (default: dist/page)',
  ),
];
export type DemoOptions = OptionsOf<typeof demoOptions>;

const demo = command({
  name: 'demo',
  description: 'Serve the page on this machine: train in the browser, draw digits, look inside the network.',
  example: 'npm run demo\n  npm run demo -- --build public',
  options: demoOptions,
  run: async (options) => (await import('./demo.js')).demo(options),
});

// ---- the device ----

const devicesOptions = [json, device];
export type DevicesOptions = OptionsOf<typeof devicesOptions>;

const devices = command({
  name: 'devices',
  description: 'List the adapters of this machine and show which one is used.',
  example: 'npm run devices',
  options: devicesOptions,
  run: async (options) => (await import('./devices.js')).devices(options),
});

const benchOptions = [
  json,
  device,
  option('--quick', 'less than a minute: fewer sections, batch sizes and repeats'),
  option('--only <section,…>', `measure only these sections, out of ${sectionNames.join(', ')}`, {
    parse: sections,
  }),
  option('--inputs', 'also measure filters and augmentation'),
  option('--to-99', 'also measure the time to 99 % test accuracy (a full bench always does)'),
  option('--peers', 'also measure other systems on the same model: tfjs, jax-js, ONNX Runtime, PyTorch'),
  option('--batch-size <n>', 'images per step (default: several sizes end to end, 128 elsewhere)', {
    parse: positiveInteger,
  }),
  noTune,
  option('--out <file>', 'write the results as JSON'),
  option('--save', 'write the results into the results folder, named after the device'),
  option('--results <dir>', 'results folder', { default: 'bench/results' }),
  option('--compare <file...>', 'compare two results, before and after; exit code 1 on a regression'),
  option('--threshold <percent>', 'slowdown that --compare reports as a failure', {
    parse: positiveNumber,
    default: 15,
  }),
  option('--chart <file>', 'draw a chart of the results folder as SVG'),
  option('--markdown <file>', 'write a page about the results folder'),
];
export type BenchOptions = OptionsOf<typeof benchOptions>;

const bench = command({
  name: 'bench',
  description:
    'Measure the speed of this device and of shadegrad on it: images per second, and each kernel against the roofline.',
  example: 'npm run bench -- --quick\n  npm run bench -- --compare before.json after.json',
  options: benchOptions,
  run: async (options) => (await import('./bench.js')).bench(options),
});

function sections(text: string): SectionName[] {
  return text.split(',').map((name) => {
    const found = sectionNames.find((section) => section === name);
    if (!found) throw new InvalidArgumentError(`Expected one or more of ${sectionNames.join(', ')}.`);
    return found;
  });
}

const peerOptions = [device, noTune];
export type PeerOptions = OptionsOf<typeof peerOptions>;

const benchPeer = command({
  name: 'bench-peer',
  description: "Run shadegrad as one of the systems that 'npm run bench -- --peers' compares.",
  example: 'npm run bench -- --peers',
  isHidden: true,
  options: peerOptions,
  run: async (options) => (await import('./bench/peer_shadegrad.js')).servePeer(options),
});

const tuneOptions = [
  json,
  device,
  option('--model <name>', 'model whose kernels are tuned', { choices: modelNames, default: 'paper' }),
  option('--batch-size <n,…>', "images per step, one or more values (default: the preset's and 128)", {
    parse: positiveIntegers,
  }),
  option('--image-shape <HxWxC>', 'image shape (default: 28x28x1)', { parse: imageShape }),
  option('--classes <n>', 'number of classes', { parse: positiveInteger, default: 10 }),
  option('--repeats <n>', 'measurements per variant', { parse: positiveInteger, default: 8 }),
  option('--dry-run', 'do not store the results'),
  option('--clear', 'delete the stored results of this device and exit'),
];
export type TuneOptions = OptionsOf<typeof tuneOptions>;

const tune = command({
  name: 'tune',
  description:
    'Measure which variant of each kernel is fastest on this device, and store the result for the other commands.',
  example: 'npm run tune -- --batch-size 64,128',
  options: tuneOptions,
  run: async (options) => (await import('./tune.js')).tune(options),
});

const gradcheckOptions = [
  json,
  device,
  option('--filter <text>', 'check only ops and networks whose name contains this'),
];
export type GradcheckOptions = OptionsOf<typeof gradcheckOptions>;

const gradcheck = command({
  name: 'gradcheck',
  description: 'Check every kernel and gradient against float64 references.',
  example: 'npm run gradcheck -- --filter conv2d',
  options: gradcheckOptions,
  run: async (options) => (await import('./gradcheck.js')).gradcheck(options),
});

/** In the order in which the help lists them. */
export const commands: readonly DeclaredCommand[] = [
  train,
  evaluate,
  predict,
  report,
  summary,
  findRate,
  explore,
  demo,
  devices,
  bench,
  tune,
  gradcheck,
  benchPeer,
];
