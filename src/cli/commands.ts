/**
 * The commands: what each takes, said once, and which module runs it. A module is loaded when its command is called: the
 * help, and an option that is wrong, load nothing of the engine.
 */
import { InvalidArgumentError } from 'commander';
import { splitNames } from '../data/splits.js';
import { UsageError } from '../errors.js';
import { modelNames, presetNames, scheduleNames } from '../nn/names.js';
import { type SectionName, sectionNames } from './bench/sections.js';
import { type DeclaredCommand, type OptionsOf, command, option } from './declaration.js';
import { optimizerNames } from './settings.js';
import {
  imageShape,
  memorySize,
  portNumber,
  positiveNumber,
  seedNumber,
  share,
  wholeNumber,
  wholeNumbers,
} from './values.js';

// ---- options of several commands ----

const json = option('--json', 'print one JSON object on the last line of standard output');
const device = option('--device <name>', "adapter to use: a part of its name, see 'npm run devices'");
const noTune = option('--no-tune', "choose kernels without what 'npm run tune' has measured on this device");
const seed = option('--seed <n>', 'keys every random choice', { parse: seedNumber, default: 42 });

const datasetFlags = '--dataset <name>';
const datasetHelp = 'digits, fashion, or a path: a CSV, IDX files, a folder with pictures by class';
const dataset = option(datasetFlags, datasetHelp, { default: 'digits' });
const dataFolder = option(
  '--data <dir>',
  'folder with the files of digits or fashion; looked for in the usual places when left out',
);
const transpose = option('--transpose', 'swap rows and columns of IDX images, as EMNIST needs');
const csvShape = option('--image-shape <HxWxC>', 'of a CSV whose columns are no grey square', {
  parse: imageShape,
});
const offline = option('--offline', 'never download');

const savedModel = option(
  '--model <path>',
  'a run folder, one that model.save() wrote, or a .safetensors file',
  { isRequired: true },
);
const weights = option('--weights <name>', 'best or last (default: best)');
const batchSize = option('--batch-size <n>', 'images per step', { parse: wholeNumber, default: 128 });

// ---- train ----

const trainOptions = [
  json,
  device,
  dataset,
  dataFolder,
  transpose,
  csvShape,
  offline,
  option('--preset <name>', 'the recipe; by default one that suits the device', { choices: presetNames }),
  option('--model <name>', "the network (default: the preset's)", { choices: modelNames }),
  option('--from <path>', 'begin with the weights of a saved model, for another cycle or other images'),
  option('--split <name>', 'how the images are divided; k-fold with --folds and --fold', {
    choices: splitNames,
  }),
  option('--folds <n>', 'of k-fold: how many parts (default: 5)', { parse: wholeNumber }),
  option('--fold <n>', 'of k-fold: which part validates, from 1 (default: 1)', { parse: wholeNumber }),
  option('--validation-share <x>', 'of the training images, by class (default: 0.1)', { parse: share }),
  option('--limit <n>', 'train and validate on this many images only', { parse: wholeNumber }),
  option('--epochs <n>', 'passes over the training images', { parse: wholeNumber }),
  option('--batch-size <n>', 'images per step', { parse: wholeNumber }),
  option(
    '--micro-batch <n>',
    'images at once; gradients accumulate over the batch (default: as many as fit)',
    { parse: wholeNumber },
  ),
  option('--memory <size>', 'what training may take of the device, such as 512MiB', { parse: memorySize }),
  option('--learning-rate <x>', "the rate, or the schedule's peak; constant without --schedule", {
    parse: positiveNumber,
  }),
  option('--schedule <name>', 'how the rate changes over the training; in place of plateaus', {
    choices: scheduleNames,
  }),
  option('--optimizer <name>', 'default: rmsprop', { choices: optimizerNames }),
  option('--momentum <x>', 'of sgd (default: 0)', { parse: share }),
  option('--l2 <x>', 'adds this times Σ w² of the kernels to the loss', { parse: positiveNumber }),
  option('--standardise', 'inputs of mean 0 and deviation 1 in place of 0 to 1'),
  option('--no-filters', "without the preset's blur and sharpen"),
  option('--no-augmentation', 'training images as they are'),
  option('--no-flips', 'augmentation without mirroring'),
  option('--variants <n>', 'how often an epoch shows each image, augmented anew (default: 1)', {
    parse: wholeNumber,
  }),
  option('--tensorboard', 'write TensorBoard logs into the run folder (preset paper does)'),
  seed,
  noTune,
  option('--out <dir>', 'the run folder (default: runs/<dataset>-<time>)'),
  option('--overwrite', 'replace the run that lies at --out, once the new one has its first checkpoint'),
  option('--resume <dir>', 'resume an interrupted run, with its own settings'),
];
export type TrainOptions = OptionsOf<typeof trainOptions>;

const train = command({
  name: 'train',
  description: 'Train a model and keep it in a run folder.',
  example: 'npm run train -- --dataset fashion --preset corrected --epochs 5 --schedule cosine',
  options: trainOptions,
  run: async (options, { typed }) => {
    if (options.resume !== undefined) refuseBesideResume(typed);
    return (await import('./train.js')).train(options);
  },
});

/** Options that do not change what a resumed run computes. */
const besideResume: readonly string[] = ['--resume', '--offline', '--device', '--json'];

/** Throws: UsageError for options that a resumed run, which has its own settings, would ignore. */
function refuseBesideResume(typed: readonly string[]): void {
  const ignored = typed.filter((flag) => !besideResume.includes(flag));
  if (ignored.length > 0)
    throw new UsageError(
      `train: --resume goes on with the run's own settings; leave out ${ignored.join(', ')}.`,
    );
}

// ---- a saved model ----

const evaluateOptions = [
  json,
  device,
  savedModel,
  weights,
  option(datasetFlags, `${datasetHelp} (default: the run's own)`),
  dataFolder,
  transpose,
  offline,
  option('--part <name>', 'which part of the data (default: test, else validation, else all)', {
    choices: ['train', 'validation', 'test', 'all'],
  }),
  batchSize,
  option('--limit <n>', 'evaluate on this many images only', { parse: wholeNumber }),
  noTune,
  seed,
];
export type EvaluateOptions = OptionsOf<typeof evaluateOptions>;

const evaluate = command({
  name: 'evaluate',
  description: 'Loss and accuracy of a saved model on the test images.',
  example: 'npm run evaluate -- --model runs/x',
  options: evaluateOptions,
  run: async (options) => (await import('./evaluate.js')).evaluate(options),
});

/** A file with more images is summed up. */
export const imagesShown = 25;

const predictOptions = [
  json,
  device,
  savedModel,
  weights,
  option('--submission <file>', 'write what Kaggle wants: ImageId,Label, from 1 in the order of the images'),
  option('--all', `a line for every image, also when a file holds more than ${imagesShown}`),
  option('--invert', 'pictures with a light border become light on dark, as clothing is learned'),
  transpose,
  batchSize,
  noTune,
];
export type PredictOptions = OptionsOf<typeof predictOptions>;

const predict = command({
  name: 'predict',
  description: 'What a saved model sees in pictures (PNG of any size), rows of a CSV, or IDX files.',
  example:
    'npm run predict -- --model runs/x three.png\n  npm run predict -- --model runs/x test.csv --submission submission.csv',
  argument: '<file...>',
  usage: '-- --model <path> <file...>',
  options: predictOptions,
  run: async (options, { args }) => (await import('./predict.js')).predict(args, options),
});

/** Options that name a saved model and how it is run. */
export type SavedModelOptions = Pick<PredictOptions, 'model' | 'weights' | 'device' | 'tune'>;

// ---- runs and data ----

const reportOptions = [
  json,
  option('--out <dir>', 'where to write (default: the run folder; runs/comparison-<time> for several)'),
];
export type ReportOptions = OptionsOf<typeof reportOptions>;

const report = command({
  name: 'report',
  description: 'Write the report of a run again, or compare runs on one page.',
  example: 'npm run report -- runs/a\n  npm run report -- runs/a runs/b --out runs/comparison',
  argument: '<run...>',
  usage: '-- <run...> [--out <dir>]',
  options: reportOptions,
  run: async (options, { args }) => (await import('./report.js')).report(args, options),
});

const exploreOptions = [
  json,
  device,
  dataset,
  dataFolder,
  transpose,
  csvShape,
  offline,
  seed,
  option('--out <dir>', 'where to write (default: runs/explore-<dataset>-<time>)'),
];
export type ExploreOptions = OptionsOf<typeof exploreOptions>;

const explore = command({
  name: 'explore',
  description: 'Shape, classes and pictures of a data set, also filtered and augmented.',
  example: 'npm run explore -- --dataset fashion',
  options: exploreOptions,
  run: async (options) => (await import('./explore.js')).explore(options),
});

const demoOptions = [
  json,
  option('--port <n>', 'where it listens (default: 4173, or a free one when that is taken)', {
    parse: portNumber,
  }),
  option('--build [dir]', 'write it as files for a static host in place of serving (default: dist/page)'),
];
export type DemoOptions = OptionsOf<typeof demoOptions>;

const demo = command({
  name: 'demo',
  description: 'Serves the page that trains, draws and looks inside, for the browser of this machine.',
  example: 'npm run demo\n  npm run demo -- --build public',
  options: demoOptions,
  run: async (options) => (await import('./demo.js')).demo(options),
});

// ---- the device ----

const devicesOptions = [json, device];
export type DevicesOptions = OptionsOf<typeof devicesOptions>;

const devices = command({
  name: 'devices',
  description: 'The adapters of this machine, and which one would be used.',
  example: 'npm run devices',
  options: devicesOptions,
  run: async (options) => (await import('./devices.js')).devices(options),
});

const benchOptions = [
  json,
  device,
  option('--quick', 'less than a minute: fewer sections, batch sizes and repeats'),
  option('--only <section,…>', `measure these alone, of ${sectionNames.join(', ')}`, { parse: sections }),
  option('--inputs', 'also what filters and augmentation cost'),
  option('--to-99', 'also the time to 99 % test accuracy (a full bench has it)'),
  option('--peers', 'also other systems on the same model, in turns: tfjs, jax-js, ONNX Runtime, PyTorch'),
  option('--batch-size <n>', 'images per step (default: several sizes, 128 for the rest)', {
    parse: wholeNumber,
  }),
  noTune,
  option('--out <file>', 'write the results as JSON'),
  option('--save', "write the results into the folder of results, under the device's name"),
  option('--results <dir>', 'the folder of results', { default: 'bench/results' }),
  option('--compare <file...>', 'compare two results, before and after; exit code 1 when speed was lost'),
  option('--threshold <percent>', 'of --compare: the loss of speed that fails', {
    parse: positiveNumber,
    default: 15,
  }),
  option('--chart <file>', 'draw the folder of results as SVG'),
  option('--markdown <file>', 'write the folder of results as a page'),
];
export type BenchOptions = OptionsOf<typeof benchOptions>;

const bench = command({
  name: 'bench',
  description:
    'How fast this device is, and what shadegrad makes of it: images per second, and each kernel beside the roofline.',
  example: 'npm run bench -- --quick\n  npm run bench -- --compare before.json after.json',
  options: benchOptions,
  run: async (options) => (await import('./bench.js')).bench(options),
});

function sections(text: string): SectionName[] {
  return text.split(',').map((name) => {
    const found = sectionNames.find((section) => section === name);
    if (!found) throw new InvalidArgumentError(`Expected some of ${sectionNames.join(', ')}.`);
    return found;
  });
}

const peerOptions = [device, noTune];
export type PeerOptions = OptionsOf<typeof peerOptions>;

const benchPeer = command({
  name: 'bench-peer',
  description: "shadegrad's own process among those that 'npm run bench -- --peers' compares.",
  example: 'npm run bench -- --peers',
  isHidden: true,
  options: peerOptions,
  run: async (options) => (await import('./bench/peer_shadegrad.js')).servePeer(options),
});

const tuneOptions = [
  json,
  device,
  option('--model <name>', 'whose kernels', { choices: modelNames, default: 'paper' }),
  option(
    '--batch-size <n,…>',
    "images per step; several are tuned one after another (default: the preset's and 128)",
    { parse: wholeNumbers },
  ),
  option('--image-shape <HxWxC>', 'of the images (default: 28x28x1)', { parse: imageShape }),
  option('--classes <n>', 'of the images', { parse: wholeNumber, default: 10 }),
  option('--repeats <n>', 'how often each variant is measured', { parse: wholeNumber, default: 8 }),
  option('--dry-run', 'store nothing'),
  option('--clear', 'forget what is stored for this device, and do nothing else'),
];
export type TuneOptions = OptionsOf<typeof tuneOptions>;

const tune = command({
  name: 'tune',
  description:
    'Measures which variant of each kernel is fastest on this device, and keeps that for the other commands.',
  example: 'npm run tune -- --batch-size 64,128',
  options: tuneOptions,
  run: async (options) => (await import('./tune.js')).tune(options),
});

const gradcheckOptions = [json, device, option('--filter <text>', 'only ops whose name contains this')];
export type GradcheckOptions = OptionsOf<typeof gradcheckOptions>;

const gradcheck = command({
  name: 'gradcheck',
  description: 'Checks every kernel and gradient against float64 references.',
  example: 'npm run gradcheck -- --filter conv2d',
  options: gradcheckOptions,
  run: async (options) => (await import('./gradcheck_command.js')).gradcheckCommand(options),
});

/** In the order of the help. */
export const commands: readonly DeclaredCommand[] = [
  train,
  evaluate,
  predict,
  report,
  explore,
  demo,
  devices,
  bench,
  tune,
  gradcheck,
  benchPeer,
];
