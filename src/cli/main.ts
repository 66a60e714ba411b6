/** The command line: what may be asked, and what goes wrong in one clear line. */
import process from 'node:process';
import { inspect } from 'node:util';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DeviceError, ShadegradError, UsageError } from '../errors.js';
import { splitNames } from '../data/splits.js';
import { setFolderOpener } from '../folder.js';
import type { ImageShape } from '../data/dataset.js';
import { setDebugSink } from '../engine/debug.js';
import { openFolder } from '../node/files.js';
import { setAroundDawn } from '../node/open.js';
import { endProcess } from '../node/patience.js';
import { type SectionName, bench, sectionNames } from './bench.js';
import { servePeer } from './bench/peer_shadegrad.js';
import { watchOutput } from './closed_output.js';
import { demo } from './demo.js';
import { devices } from './devices.js';
import { evaluate, partNames } from './evaluate.js';
import { explore } from './explore.js';
import { gradcheckCommand } from './gradcheck_command.js';
import { sayError } from './output.js';
import { imagesShown, predict } from './predict.js';
import { quietly } from './quiet_dawn.js';
import { type ReportOptions, report } from './report.js';
import { modelNames, presetNames, scheduleNames } from '../nn/names.js';
import { optimizerNames } from './settings.js';
import { type TrainOptions, train } from './train.js';
import { tune } from './tune.js';
import { version } from './version.js';

/** Ends with 2 for a wrong use, 1 for work that failed; after a signal as a shell has it, 130 after Ctrl-C. */
async function main(argv: readonly string[]): Promise<number> {
  let status = 0;
  const run =
    <Arguments extends unknown[]>(command: (...args: Arguments) => Promise<number>) =>
    async (...args: Arguments): Promise<void> => {
      status = await command(...args);
    };
  const program = buildProgram(run);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ShadegradError) {
      // What a compiler says of a shader has lines of its own.
      const isShader = error instanceof DeviceError && error.problem === 'shader';
      sayError(...(isShader ? error.message.split('\n') : [error.message]));
      return error.exitCode;
    }
    // Ours to mend: with its trace and causes.
    sayError(...inspect(error).split('\n'));
    return 1;
  }
}

type Runner = <Arguments extends unknown[]>(
  command: (...args: Arguments) => Promise<number>,
) => (...args: Arguments) => Promise<void>;

function buildProgram(run: Runner): Command {
  const program = new Command('npm run')
    .description('Trains neural networks on WebGPU with hand-written shaders.')
    .version(version)
    .showHelpAfterError('(add --help for all options)')
    // Commander repeats what was typed, on lines that it ends itself.
    .configureOutput({ writeErr: (text) => sayError(...text.replace(/\n$/, '').split('\n')) })
    .exitOverride();

  const command = (
    name: string,
    description: string,
    example: string,
    { hasDevice = true } = {},
  ): Command => {
    const made = program
      .command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  ${example}`)
      .option('--json', 'print one JSON object on the last line of standard output')
      .usage('-- [options]');
    return hasDevice
      ? made.option('--device <name>', "adapter to use: a part of its name, see 'npm run devices'")
      : made;
  };

  command(
    'train',
    'Train a model and keep it in a run folder.',
    'npm run train -- --dataset fashion --preset corrected --epochs 5 --schedule cosine',
  )
    .addOption(dataset().default('digits'))
    .addOption(dataFolder())
    .addOption(transpose())
    .addOption(csvShape())
    .addOption(offline())
    .addOption(
      new Option('--preset <name>', 'the recipe; by default one that suits the device').choices(presetNames),
    )
    .addOption(new Option('--model <name>', "the network (default: the preset's)").choices(modelNames))
    .option('--from <path>', 'begin with the weights of a saved model, for another cycle or other images')
    .addOption(
      new Option('--split <name>', 'how the images are divided; k-fold with --folds and --fold').choices(
        splitNames,
      ),
    )
    .addOption(new Option('--folds <n>', 'of k-fold: how many parts (default: 5)').argParser(wholeNumber))
    .addOption(
      new Option('--fold <n>', 'of k-fold: which part validates, from 1 (default: 1)').argParser(wholeNumber),
    )
    .addOption(
      new Option('--validation-share <x>', 'of the training images, by class (default: 0.1)').argParser(
        share,
      ),
    )
    .addOption(
      new Option('--limit <n>', 'train and validate on this many images only').argParser(wholeNumber),
    )
    .addOption(new Option('--epochs <n>', 'passes over the training images').argParser(wholeNumber))
    .addOption(new Option('--batch-size <n>', 'images per step').argParser(wholeNumber))
    .addOption(
      new Option(
        '--micro-batch <n>',
        'images at once; gradients accumulate over the batch (default: as many as fit)',
      ).argParser(wholeNumber),
    )
    .addOption(
      new Option('--memory <size>', 'what training may take of the device, such as 512MiB').argParser(
        memorySize,
      ),
    )
    .addOption(
      new Option(
        '--learning-rate <x>',
        "the rate, or the schedule's peak; constant without --schedule",
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--schedule <name>', 'how the rate changes over the training; in place of plateaus').choices(
        scheduleNames,
      ),
    )
    .addOption(new Option('--optimizer <name>', 'default: rmsprop').choices(optimizerNames))
    .addOption(new Option('--momentum <x>', 'of sgd (default: 0)').argParser(share))
    .addOption(
      new Option('--l2 <x>', 'adds this times Σ w² of the kernels to the loss').argParser(positiveNumber),
    )
    .option('--standardise', 'inputs of mean 0 and deviation 1 in place of 0 to 1')
    .option('--no-filters', "without the preset's blur and sharpen")
    .option('--no-augmentation', 'training images as they are')
    .option('--no-flips', 'augmentation without mirroring')
    .addOption(
      new Option(
        '--variants <n>',
        'how often an epoch shows each image, augmented anew (default: 1)',
      ).argParser(wholeNumber),
    )
    .option('--tensorboard', 'write TensorBoard logs into the run folder (preset paper does)')
    .addOption(seed())
    .addOption(noTune())
    .option('--out <dir>', 'the run folder (default: runs/<dataset>-<time>)')
    .option('--overwrite', 'replace the run that lies at --out, once the new one has its first checkpoint')
    .option('--resume <dir>', 'resume an interrupted run, with its own settings')
    .action(
      run((options: TrainOptions, self: Command) => {
        if (options.resume !== undefined) refuseBesideResume(self);
        return train(options);
      }),
    );

  command(
    'evaluate',
    'Loss and accuracy of a saved model on the test images.',
    'npm run evaluate -- --model runs/x',
  )
    .requiredOption('--model <path>', 'a run folder, one that model.save() wrote, or a .safetensors file')
    .option('--weights <name>', 'best or last (default: best)')
    .addOption(dataset(" (default: the run's own)"))
    .addOption(dataFolder())
    .addOption(transpose())
    .addOption(offline())
    .addOption(
      new Option(
        '--part <name>',
        'which part of the data (default: test, else validation, else all)',
      ).choices(partNames),
    )
    .addOption(new Option('--batch-size <n>', 'images per step').argParser(wholeNumber).default(128))
    .addOption(new Option('--limit <n>', 'evaluate on this many images only').argParser(wholeNumber))
    .addOption(noTune())
    .addOption(seed())
    .action(run(evaluate));

  command(
    'predict',
    'What a saved model sees in pictures (PNG of any size), rows of a CSV, or IDX files.',
    'npm run predict -- --model runs/x three.png\n  npm run predict -- --model runs/x test.csv --submission submission.csv',
  )
    .argument('<file...>')
    .requiredOption('--model <path>', 'a run folder, one that model.save() wrote, or a .safetensors file')
    .option('--weights <name>', 'best or last (default: best)')
    .option(
      '--submission <file>',
      'write what Kaggle wants: ImageId,Label, from 1 in the order of the images',
    )
    .option('--all', `a line for every image, also when a file holds more than ${imagesShown}`)
    .option('--invert', 'pictures with a light border become light on dark, as clothing is learned')
    .addOption(transpose())
    .addOption(new Option('--batch-size <n>', 'images per step').argParser(wholeNumber).default(128))
    .addOption(noTune())
    .usage('-- --model <path> <file...>')
    .action(run((files: string[], options: Parameters<typeof predict>[1]) => predict(files, options)));

  command(
    'report',
    'Write the report of a run again, or compare runs on one page.',
    'npm run report -- runs/a\n  npm run report -- runs/a runs/b --out runs/comparison',
    { hasDevice: false },
  )
    .argument('<run...>')
    .option('--out <dir>', 'where to write (default: the run folder; runs/comparison-<time> for several)')
    .usage('-- <run...> [--out <dir>]')
    .action(run((runs: string[], options: ReportOptions) => report(runs, options)));

  command(
    'explore',
    'Shape, classes and pictures of a data set, also filtered and augmented.',
    'npm run explore -- --dataset fashion',
  )
    .addOption(dataset().default('digits'))
    .addOption(dataFolder())
    .addOption(transpose())
    .addOption(csvShape())
    .addOption(offline())
    .addOption(seed())
    .option('--out <dir>', 'where to write (default: runs/explore-<dataset>-<time>)')
    .action(run(explore));

  command(
    'demo',
    'Serves the page that trains, draws and looks inside, for the browser of this machine.',
    'npm run demo\n  npm run demo -- --build public',
    { hasDevice: false },
  )
    .addOption(
      new Option(
        '--port <n>',
        'where it listens (default: 4173, or a free one when that is taken)',
      ).argParser(portNumber),
    )
    .option('--build [dir]', 'write it as files for a static host in place of serving (default: dist/page)')
    .action(run(demo));

  command('devices', 'The adapters of this machine, and which one would be used.', 'npm run devices').action(
    run(devices),
  );

  command(
    'bench',
    'How fast this device is, and what shadegrad makes of it: images per second, and each kernel beside the roofline.',
    'npm run bench -- --quick\n  npm run bench -- --compare before.json after.json',
  )
    .option('--quick', 'less than a minute: fewer sections, batch sizes and repeats')
    .addOption(
      new Option('--only <section,…>', `measure these alone, of ${sectionNames.join(', ')}`).argParser(
        sections,
      ),
    )
    .option('--inputs', 'also what filters and augmentation cost')
    .option('--to-99', 'also the time to 99 % test accuracy (a full bench has it)')
    .option('--peers', 'also other systems on the same model, in turns: tfjs, jax-js, ONNX Runtime, PyTorch')
    .addOption(
      new Option('--batch-size <n>', 'images per step (default: several sizes, 128 for the rest)').argParser(
        wholeNumber,
      ),
    )
    .addOption(noTune())
    .option('--out <file>', 'write the results as JSON')
    .option('--save', "write the results into the folder of results, under the device's name")
    .option('--results <dir>', 'the folder of results', 'bench/results')
    .option('--compare <file...>', 'compare two results, before and after; exit code 1 when speed was lost')
    .addOption(
      new Option('--threshold <percent>', 'of --compare: the loss of speed that fails')
        .argParser(positiveNumber)
        .default(15),
    )
    .option('--chart <file>', 'draw the folder of results as SVG')
    .option('--markdown <file>', 'write the folder of results as a page')
    .action(run(bench));

  command(
    'tune',
    'Measures which variant of each kernel is fastest on this device, and keeps that for the other commands.',
    'npm run tune -- --batch-size 64,128',
  )
    .addOption(new Option('--model <name>', 'whose kernels').choices(modelNames).default('paper'))
    .addOption(
      new Option(
        '--batch-size <n,…>',
        "images per step; several are tuned one after another (default: the preset's and 128)",
      ).argParser(wholeNumbers),
    )
    .addOption(new Option('--image-shape <HxWxC>', 'of the images (default: 28x28x1)').argParser(imageShape))
    .addOption(new Option('--classes <n>', 'of the images').argParser(wholeNumber).default(10))
    .addOption(
      new Option('--repeats <n>', 'how often each variant is measured').argParser(wholeNumber).default(8),
    )
    .option('--dry-run', 'store nothing')
    .option('--clear', 'forget what is stored for this device, and do nothing else')
    .action(run(tune));

  command(
    'gradcheck',
    'Checks every kernel and gradient against float64 references.',
    'npm run gradcheck -- --filter conv2d',
  )
    .option('--filter <text>', 'only ops whose name contains this')
    .action(run(gradcheckCommand));

  for (const made of program.commands) refuseEmptyValues(made);

  // The process of ours that `bench --peers` starts beside those of the others.
  program
    .command('bench-peer', { hidden: true })
    .option('--device <name>')
    .option('--no-tune')
    .action(run(servePeer));

  return program;
}

/**
 * Refuses values that are empty or white space, for every option and argument: a shell makes them of a variable that is
 * not set, and as a path or a number they would mean the working folder or 0.
 */
function refuseEmptyValues(command: Command): void {
  for (const taker of [
    ...command.options.filter((each) => each.required || each.optional),
    ...command.registeredArguments,
  ]) {
    const { parseArg: parse } = taker;
    taker.parseArg = <T>(text: string, before: T): T => {
      if (text.trim() === '') throw new InvalidArgumentError('Expected a value, which is empty here.');
      if (parse) return parse(text, before);
      return (taker.variadic ? [...((before as string[] | undefined) ?? []), text] : text) as T;
    };
  }
}

/** Options that do not change what a resumed run computes. */
const besideResume: readonly string[] = ['resume', 'offline', 'device', 'json'];

/** Throws: UsageError for options that a resumed run, which has its own settings, would ignore. */
function refuseBesideResume(train: Command): void {
  const ignored = train.options.filter((option) => {
    const name = option.attributeName();
    return !besideResume.includes(name) && train.getOptionValueSource(name) === 'cli';
  });
  if (ignored.length > 0) {
    const names = ignored.map(({ long }) => long).join(', ');
    throw new UsageError(`train: --resume goes on with the run's own settings; leave out ${names}.`);
  }
}

const dataset = (without = ''): Option =>
  new Option(
    '--dataset <name>',
    `digits, fashion, or a path: a CSV, IDX files, a folder with pictures by class${without}`,
  );
const dataFolder = (): Option =>
  new Option(
    '--data <dir>',
    'folder with the files of digits or fashion; looked for in the usual places when left out',
  );
const offline = (): Option => new Option('--offline', 'never download');
const noTune = (): Option =>
  new Option('--no-tune', "choose kernels without what 'npm run tune' has measured on this device");
const transpose = (): Option =>
  new Option('--transpose', 'swap rows and columns of IDX images, as EMNIST needs');
const csvShape = (): Option =>
  new Option('--image-shape <HxWxC>', 'of a CSV whose columns are no grey square').argParser(imageShape);
const seed = (): Option =>
  new Option('--seed <n>', 'keys every random choice').argParser(seedNumber).default(42);

function sections(text: string): SectionName[] {
  return text.split(',').map((name) => {
    const found = sectionNames.find((section) => section === name);
    if (!found) throw new InvalidArgumentError(`Expected some of ${sectionNames.join(', ')}.`);
    return found;
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return value;
}

function wholeNumbers(text: string): number[] {
  return text.split(',').map(wholeNumber);
}

function seedNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295.');
  return value;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Expected a whole number from 1 to 65535.');
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

const memoryUnits: Readonly<Record<string, number>> = {
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
};

/** Bytes. */
function memorySize(text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(count) * (memoryUnits[unit.toLowerCase()] ?? 0));
  if (!(bytes > 0)) throw new InvalidArgumentError('Expected a size above 0, such as 512MiB or 2GiB.');
  return bytes;
}

function imageShape(text: string): ImageShape {
  const found = /^(\d+)x(\d+)(?:x([13]))?$/.exec(text);
  const [height, width, channels] = [found?.[1], found?.[2], found?.[3] ?? 1].map(Number);
  if (!height || !width || !channels)
    throw new InvalidArgumentError('Expected height, width and channels (1 or 3), such as 32x32x3.');
  return { height, width, channels };
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('Expected a number from 0 to below 1.');
  return value;
}

watchOutput();
setFolderOpener(openFolder);
setDebugSink((text) => sayError(...text.split('\n')));
setAroundDawn(quietly);
const status = await main(process.argv.slice(2));
// What is written to a socket may still be on its way, and exit() would cut it off.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
// Ends the process explicitly: an open device would keep it alive.
endProcess(status);
