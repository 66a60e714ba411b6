/** The command line: what may be asked, and what goes wrong in one clear line. */
import process from 'node:process';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ShadegradError } from '../errors.js';
import { setFolderOpener } from '../folder.js';
import { openFolder } from '../node/files.js';
import { bench } from './bench.js';
import { devices } from './devices.js';
import { evaluate } from './evaluate.js';
import { gradcheckCommand } from './gradcheck_command.js';
import { predict } from './predict.js';
import { presets } from './presets.js';
import { train } from './train.js';
import { version } from './version.js';

/** Ends with 2 for a wrong use, 1 for work that failed, 130 after Ctrl-C. */
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
      process.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    throw error;
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
    .exitOverride();

  const command = (name: string, description: string, example: string): Command =>
    program
      .command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  ${example}`)
      .option('--json', 'print one JSON object on the last line of standard output')
      .option('--device <name>', "adapter to use: a part of its name, see 'npm run devices'")
      .usage('-- [options]');

  command(
    'train',
    'Train a model and keep it in a run folder.',
    'npm run train -- --limit 2000 --epochs 1 --out runs/x',
  )
    .addOption(dataset())
    .addOption(dataFolder())
    .option('--offline', 'never download')
    .addOption(
      new Option('--preset <name>', 'the recipe; by default one that suits the device').choices(
        Object.keys(presets),
      ),
    )
    .addOption(new Option('--epochs <n>', 'passes over the training images').argParser(wholeNumber))
    .addOption(new Option('--batch-size <n>', 'images per step').argParser(wholeNumber))
    .addOption(
      new Option('--learning-rate <x>', "a constant rate instead of the preset's").argParser(positiveNumber),
    )
    .addOption(
      new Option('--limit <n>', 'train and validate on this many images only').argParser(wholeNumber),
    )
    .addOption(seed())
    .option('--out <dir>', 'the run folder (default: runs/<dataset>-<time>)')
    .option('--resume <dir>', 'go on with an interrupted run, with its own settings')
    .action(run(train));

  command(
    'evaluate',
    'Loss and accuracy of a saved model on the test images.',
    'npm run evaluate -- --model runs/x',
  )
    .requiredOption('--model <dir>', 'a run folder, or one that model.save() wrote')
    .option('--weights <name>', 'best or last (default: best)')
    .addOption(dataset())
    .addOption(dataFolder())
    .addOption(new Option('--batch-size <n>', 'images per step').argParser(wholeNumber).default(128))
    .addOption(new Option('--limit <n>', 'test on this many images only').argParser(wholeNumber))
    .addOption(seed())
    .action(run(evaluate));

  command(
    'predict',
    'What a saved model sees in pictures of digits (PNG, any size).',
    'npm run predict -- --model runs/x three.png',
  )
    .argument('<image.png...>')
    .requiredOption('--model <dir>', 'a run folder, or one that model.save() wrote')
    .option('--weights <name>', 'best or last (default: best)')
    .usage('-- --model <dir> <image.png...>')
    .action(run((files: string[], options: Parameters<typeof predict>[1]) => predict(files, options)));

  command('devices', 'The adapters of this machine, and which one would be used.', 'npm run devices').action(
    run(devices),
  );

  command(
    'bench',
    'Images per second of the training step, and GFLOP/s of each kernel.',
    'npm run bench -- --quick',
  )
    .option('--quick', 'fewer repeats')
    .addOption(new Option('--batch-size <n>', 'images per step').argParser(wholeNumber).default(128))
    .action(run(bench));

  command(
    'gradcheck',
    'Checks every kernel and gradient against float64 references.',
    'npm run gradcheck -- --filter conv2d',
  )
    .option('--filter <text>', 'only ops whose name contains this')
    .action(run(gradcheckCommand));

  return program;
}

const dataset = (): Option =>
  new Option('--dataset <name>', 'the images').choices(['digits']).default('digits');
const dataFolder = (): Option =>
  new Option(
    '--data <dir>',
    "folder with the data set's files; looked for in the usual places when left out",
  );
const seed = (): Option =>
  new Option('--seed <n>', 'keys every random choice').argParser(seedNumber).default(42);

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return value;
}

function seedNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295.');
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

// Whoever read our output has gone, as `head` does: nothing more to say, and no reason for a stack trace.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(1);
    throw error;
  });
}

setFolderOpener(openFolder);
// Ends the process explicitly: an open device would keep it alive.
process.exit(await main(process.argv.slice(2)));
