/**
 * The command line as a user meets it, in processes of its own:
 *   train → run folder → evaluate → summary → predict, with --json on the last line
 *   --from begins where another run ended
 *   --micro-batch and --memory: one line, and the same loss
 *   Ctrl-C and --resume give the bits of a run that was never interrupted; so do SIGTERM, SIGHUP, output without a reader,
 *     and a kill before the first checkpoint or between two files of an epoch, with TensorBoard's files as well
 *   a run at --out is refused, and with --overwrite replaced once the new one has a checkpoint, not before
 *   a second Ctrl-C, and a run folder that was deleted
 *   --resume refuses options it would ignore and changed data; Ctrl-C while testing says how to go on
 *   wrong use, bad files, no adapter: one line, the right exit code, no stack trace (a full disk: test/unit/files.test.ts)
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/node/datasets.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { encodePng } from '../../src/node/png.js';
import { writeSmallDigits } from './small_digits.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const cli = path.join(root, 'dist', 'cli.mjs');
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-cli-'));

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: work,
    encoding: 'utf8',
    env: { ...process.env, DEBUG: '0', ...env },
  });
  // Dawn's own words, which stay where standard error is a socket, as node's pipes are (src/cli/quiet_dawn.ts).
  return { status, stdout, stderr: stderr.replaceAll(/^Warning: .*\n( {4}at .*\n)*\n?/gm, '') };
}

const lastJson = ({ stdout }: Run): Record<string, unknown> =>
  JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
const hashOf = (folder: string, name: string): string =>
  readFileSync(path.join(work, folder, name)).toString('base64');
const training = ['--dataset', 'small', '--model', 'simple', '--batch-size', '16', '--preset', 'quick'];

beforeAll(async () => {
  await writeSmallDigits(path.join(work, 'small'));
  await writeSmallDigits(path.join(work, 'tiny'), { isHalved: true });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('train, evaluate, predict', () => {
  it('trains into a run folder', () => {
    const done = run(['train', ...training, '--epochs', '1', '--out', 'runs/x', '--json']);
    expect(done.stderr).toMatch(/Epoch 1\/1\n5\/5 ━+ .*val_accuracy/);
    expect(done.status).toBe(0);
    const result = lastJson(done);
    expect(result['history']).toMatchObject({ epochs: [1], val_accuracy: [expect.any(Number)] });
    expect(result['test']).toEqual({
      loss: expect.any(Number) as number,
      accuracy: expect.any(Number) as number,
    });
    expect(readdirSync(path.join(work, 'runs/x')).sort()).toEqual([
      'accuracy.png',
      'best.safetensors',
      'confusion.png',
      'evaluation.json',
      'history.csv',
      'history.json',
      'last.safetensors',
      'loss.png',
      'model.json',
      'random.png',
      'report.html',
      'run.json',
      'worst.png',
    ]);
    const saved = JSON.parse(readFileSync(path.join(work, 'runs/x/run.json'), 'utf8')) as {
      recipe: object;
      result: object;
    };
    expect(saved.recipe).toMatchObject({
      preset: 'quick',
      epochs: 1,
      batchSize: 16,
      dataset: 'small',
      seed: 42,
    });
    expect(saved.result).toMatchObject({ bestEpoch: 1 });
  });

  it('evaluates it to the accuracy that train printed', () => {
    const trained = JSON.parse(readFileSync(path.join(work, 'runs/x/run.json'), 'utf8')) as {
      result: { test: { accuracy: number } };
    };
    const done = run(['evaluate', '--model', 'runs/x', '--batch-size', '16', '--json']);
    expect(done.status).toBe(0);
    expect(lastJson(done)).toMatchObject({ accuracy: trained.result.test.accuracy, images: 40 });
  });

  it('summarises it', () => {
    const summary = run(['summary', '--model', 'runs/x', '--batch-size', '16', '--json']);
    expect(summary.status).toBe(0);
    const { multiplyAdds, memory } = lastJson(summary) as {
      readonly multiplyAdds: number;
      readonly memory: Readonly<Record<'training' | 'inference', { readonly total: number }>>;
    };
    expect(multiplyAdds).toBeGreaterThan(1000);
    expect(memory.training.total).toBeGreaterThan(memory.inference.total);
  });

  it('predicts pictures of any size', async () => {
    const { test } = await loadDataset('digits', { offline: true });
    const small = { data: test.image(0), width: 28, height: 28, channels: 1 as const };
    // Dark on white, five times as large.
    const large = new Uint8Array(140 * 140).map(
      (_, i) => 255 - small.data[Math.floor(i / 700) * 28 + Math.floor((i % 140) / 5)]!,
    );
    writeFileSync(path.join(work, 'small.png'), encodePng(small));
    writeFileSync(
      path.join(work, 'large.png'),
      encodePng({ data: large, width: 140, height: 140, channels: 1 }),
    );
    const done = run(['predict', '--model', 'runs/x', 'small.png', 'large.png', '--json']);
    expect(done.status).toBe(0);
    const { predictions } = lastJson(done) as {
      predictions: { file: string; label: number; probabilities: number[] }[];
    };
    expect(predictions.map(({ file }) => file)).toEqual(['small.png', 'large.png']);
    for (const { probabilities } of predictions) {
      expect(probabilities).toHaveLength(10);
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
    expect(run(['predict', '--model', 'runs/x', 'small.png']).stdout).toMatch(
      /^Model runs\/x on 1 image of \d+×\d+×1, 10 classes \(0, 1, 2, 3, 4, 5, 6, 7, 8, 9\)\.\nsmall\.png: \d\n( {2}\d +\d+\.\d\d %.*\n){3}$/,
    );
  });

  it('stops at Ctrl-C, and continues to the bits of a run that was never interrupted', async () => {
    const short = [...training, '--dataset', 'tiny', '--epochs', '4'];
    expect(run(['train', ...short, '--out', 'runs/straight']).status).toBe(0);
    const child = spawn(process.execPath, [cli, 'train', ...short, '--out', 'runs/broken'], { cwd: work });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isFirst = !stdout.includes('Epoch 2/4');
      stdout += text;
      // Once: a second one would end the process without saving.
      if (isFirst && stdout.includes('Epoch 2/4')) child.kill('SIGINT');
    });
    const status = await new Promise((done) => child.on('close', done));
    expect(stdout).toMatch(
      /Interrupted in epoch \d after \d+ steps; saved\. Resume with:\n {2}npm run train -- --resume runs\/broken\n/,
    );
    expect(status).toBe(130);
    expect(run(['train', '--resume', 'runs/broken']).status).toBe(0);
    for (const name of ['last.safetensors', 'best.safetensors', 'history.json']) {
      expect(hashOf('runs/broken', name) === hashOf('runs/straight', name), name).toBe(true);
    }
  });
});

describe('a run that is stopped', () => {
  const short = [...training, '--model', 'mlp', '--dataset', 'tiny', '--epochs', '3', '--tensorboard'];
  const failing = path.join(root, 'test', 'failing_files.mjs');
  const names = ['last.safetensors', 'best.safetensors', 'history.json', 'history.csv', 'model.json'];

  /** Ends the process before a call of the file system, as a kill does: the `nth` that `call` matches. */
  function killed(args: readonly string[], call: { under: string; nth: number }): Run {
    return run(args, {
      NODE_OPTIONS: `--import ${failing}`,
      FILE_CALLS: JSON.stringify({ ...call, under: path.join(work, call.under), code: 'KILL' }),
    });
  }

  /** Trains, and does something at each line that matches. */
  async function trained(
    args: readonly string[],
    onText: (text: string, child: ReturnType<typeof spawn>) => void,
  ): Promise<Run> {
    const child = spawn(process.execPath, [cli, ...args], { cwd: work });
    let [stdout, stderr] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onText(stdout, child);
    });
    const status = await new Promise<number | null>((done) => child.on('close', done));
    return { status, stdout, stderr: stderr.replaceAll(/^Warning: .*\n( {4}at .*\n)*\n?/gm, '') };
  }

  const isWhole = (folder: string): void => {
    for (const name of names)
      expect(hashOf(folder, name) === hashOf('runs/whole', name), `${folder}/${name}`).toBe(true);
    expect(
      readdirSync(path.join(work, folder)).filter((name) => /lock|tmp|next|shadegrad/.test(name)),
    ).toEqual([]);
    for (const kind of ['train', 'validation']) {
      const logs = path.join(work, folder, 'logs');
      const [stamp] = readdirSync(logs);
      const events = readdirSync(path.join(logs, stamp!, kind)).map((name) =>
        readFileSync(path.join(logs, stamp!, kind, name), 'latin1'),
      );
      expect(events.join('').match(/epoch_loss/g), `${folder} ${kind}`).toHaveLength(3);
    }
  };

  it('ends like one that was not, whatever stopped it', async () => {
    expect(run(['train', ...short, '--out', 'runs/whole']).status).toBe(0);
    isWhole('runs/whole');
    const stops = [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['closed', 141],
    ] as const;
    for (const [how, status] of stops) {
      const out = `runs/${how}`;
      let isStopped = false;
      const stopped = await trained(['train', ...short, '--out', out], (text, child) => {
        if (isStopped || !text.includes('Epoch 1/3')) return;
        isStopped = true;
        if (how === 'closed') child.stdout!.destroy();
        else child.kill(how);
      });
      expect(stopped.status, how).toBe(status);
      expect(stopped.stdout + stopped.stderr).toMatch(
        /; saved\. Resume with:\n {2}npm run train -- --resume |the report is not finished/,
      );
      expect(run(['train', '--resume', out]).status, how).toBe(0);
      isWhole(out);
    }
  });

  it('before its first checkpoint begins again, and says so', () => {
    const out = 'runs/early';
    let nth = 0;
    // The first calls claim the folder; then run.json is there and no checkpoint.
    do {
      nth += 12;
      rmSync(path.join(work, out), { recursive: true, force: true });
      expect(killed(['train', ...short, '--out', out], { under: out, nth }).status).toBeNull();
    } while (!existsSync(path.join(work, out, 'run.json')));
    expect(readdirSync(path.join(work, out))).not.toContain('last.safetensors');
    const resumed = run(['train', '--resume', out]);
    expect(resumed.stdout).toContain(
      'The run has no checkpoint yet, so training starts from the beginning.\n',
    );
    expect(resumed.status).toBe(0);
    isWhole(out);
  });

  it('between two files of an epoch loses that epoch and nothing else', () => {
    const out = 'runs/between';
    const log = path.join(work, 'calls');
    const env = { NODE_OPTIONS: `--import ${failing}` };
    const counting = { ...env, FILE_CALLS: JSON.stringify({ under: path.join(work, out), log }) };
    expect(run(['train', ...short, '--out', out], counting).status).toBe(0);
    const calls = readFileSync(log, 'utf8').split('\n');
    // The third epoch's draft of the weights gets its name: all else of that epoch is written.
    const renames = calls.flatMap((call, i) => (call.startsWith('rename .last.safetensors') ? [i + 1] : []));
    expect(renames).toHaveLength(3);
    rmSync(path.join(work, out), { recursive: true });
    expect(killed(['train', ...short, '--out', out], { under: out, nth: renames[2]! }).status).toBeNull();
    const { epochs } = JSON.parse(readFileSync(path.join(work, out, 'history.json'), 'utf8')) as {
      epochs: number[];
    };
    expect(epochs).toEqual([1, 2, 3]);
    expect(run(['train', '--resume', out]).status).toBe(0);
    isWhole(out);
  });

  it('by a second Ctrl-C ends at once, without a lock', async () => {
    let isStopped = false;
    const long = [
      ...training,
      '--model',
      'mlp',
      '--dataset',
      'tiny',
      '--epochs',
      '5000',
      '--out',
      'runs/twice',
    ];
    const stopped = await trained(['train', ...long], (text, child) => {
      if (isStopped || !text.includes('Epoch 1/')) return;
      isStopped = true;
      child.kill('SIGINT');
      child.kill('SIGTERM');
    });
    // Signals that are pending together have no order; the first one that is handled gives the status.
    expect([130, 143]).toContain(stopped.status);
    expect(readdirSync(path.join(work, 'runs/twice'))).not.toContain('run.lock');
  });

  it('by the loss of its folder says so, and does not make it again', async () => {
    let isDeleted = false;
    const long = [
      ...training,
      '--model',
      'mlp',
      '--dataset',
      'tiny',
      '--epochs',
      '5000',
      '--out',
      'runs/lost',
    ];
    const stopped = await trained(['train', ...long], (text) => {
      if (isDeleted || !text.includes('Epoch 2/')) return;
      isDeleted = true;
      // At once, which removing file by file beside a writer is not.
      renameSync(path.join(work, 'runs/lost'), path.join(work, 'moved away'));
    });
    expect(stopped.stderr).toMatch(/^cannot write to runs\/lost: it was deleted, .*\n$/);
    expect(stopped.status).toBe(1);
    expect(readdirSync(path.join(work, 'runs'))).not.toContain('lost');
  });
});

describe('a run in the folder of --out', () => {
  const small = ['--dataset', 'tiny', '--model', 'mlp', '--preset', 'quick', '--epochs', '1'];
  const all = (): string[] =>
    readdirSync(path.join(work, 'runs/there')).map((name) => `${name} ${hashOf('runs/there', name)}`);

  it('is refused before anything else, and replaced only by a run that has a checkpoint', () => {
    expect(run(['train', ...small, '--out', 'runs/there']).status).toBe(0);
    const before = all();
    const refused = run(['train', ...small, '--out', 'runs/there', '--device', 'abacus']);
    expect(refused.stderr).toBe(
      'train: runs/there holds a finished run. Name another folder, or replace the run with --overwrite.\n',
    );
    expect(refused.status).toBe(2);
    const overwriting = ['train', ...small, '--seed', '1', '--out', 'runs/there', '--overwrite'];
    expect(run([...overwriting, '--memory', '1KiB']).stderr).toMatch(/^fit: this device is too small/);
    expect(all()).toEqual(before);
    expect(run(overwriting).status).toBe(0);
    expect(all()).not.toEqual(before);
    expect(readFileSync(path.join(work, 'runs/there/run.json'), 'utf8')).toContain('"seed": 1\n');
  });
});

it('begins with the weights of a saved model', () => {
  const accuracyOf = (folder: string): unknown =>
    (JSON.parse(readFileSync(path.join(work, folder, 'run.json'), 'utf8')) as { result: { test: unknown } })
      .result.test;
  const still = ['--limit', '20', '--epochs', '1', '--learning-rate', '1e-30', '--from', 'runs/x'];
  const done = run(['train', ...training, ...still, '--out', 'runs/from']);
  expect(done.status).toBe(0);
  expect(done.stdout).toContain('Starting from the weights of runs/x.\n');
  expect(accuracyOf('runs/from')).toEqual(accuracyOf('runs/x'));
  const other = run(['train', ...training, '--seed', '1', '--model', 'mlp', '--from', 'runs/x']);
  expect(other.stderr).toMatch(/^model: weights for 'dense\/kernel' have 46080 values, expected 3920/);
  expect(other.status).toBe(1);
});

it('takes a loss, weights of classes and frozen layers, and keeps to them', () => {
  const weightsIn = (file: string): ReadonlyMap<string, unknown> =>
    readSafetensors(readFileSync(path.join(work, file)), file).tensors;
  const chosen = ['--loss', 'categoricalCrossentropy', '--class-weights', 'balanced', '--oversample'];
  const frozen = ['--from', 'runs/x', '--freeze', 'conv2d*', '--epochs', '1', '--out', 'runs/frozen'];
  const done = run(['train', ...training, ...chosen, ...frozen]);
  expect(done.status).toBe(0);
  expect(done.stdout).toContain(
    'Loss categoricalCrossentropy.\nFrozen layers: conv2d*.\nClass weights: balanced',
  );
  const [before, after] = [weightsIn('runs/x/best.safetensors'), weightsIn('runs/frozen/last.safetensors')];
  for (const [name, isKept] of Object.entries({
    'conv2d/kernel': true,
    'conv2d_1/bias': true,
    'dense/kernel': false,
  }))
    expect([name, isDeepStrictEqual(after.get(name), before.get(name))]).toEqual([name, isKept]);
  const history = readFileSync(path.join(work, 'runs/frozen/history.json'), 'utf8');
  const again = run(['train', '--resume', 'runs/frozen', '--json']);
  expect([again.status, readFileSync(path.join(work, 'runs/frozen/history.json'), 'utf8')]).toEqual([
    0,
    history,
  ]);
  const wrong = run(['train', ...training, '--from', 'runs/x', '--freeze', 'conv9*', '--out', 'runs/none']);
  expect(wrong.stderr).toBe(
    "train: --freeze 'conv9*' matches no layer with weights, expected a pattern for one or more of conv2d, conv2d_1, dense.\n",
  );
  expect([wrong.status, existsSync(path.join(work, 'runs/none'))]).toEqual([2, false]);
});

it('takes a batch in micro-batches where asked, or where memory is scarce, and says so', () => {
  const mlp = ['train', '--dataset', 'small', '--preset', 'quick', '--model', 'mlp', '--batch-size', '64'];
  const losses = [[], ['--micro-batch', '24'], ['--memory', '800KiB']].map((options, i) => {
    const done = run([...mlp, '--epochs', '1', '--out', `runs/parts-${i}`, ...options, '--json']);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stderr.match(/^Batch .*$/gm) ?? []).toEqual(
      [
        [],
        ['Batch 64: gradients accumulate over 3 micro-batches of at most 24.'],
        [
          expect.stringMatching(
            /^Batch 64 exceeds the \d+ images that fit on this device: gradients accumulate over \d micro-batches of (at most )?\d+\.$/,
          ),
        ],
      ][i],
    );
    return (lastJson(done)['history'] as { loss: number[] }).loss[0]!;
  });
  for (const loss of losses) expect(loss).toBeCloseTo(losses[0]!, 5);
});

describe('what a resumed run keeps to', () => {
  it("its own settings: an option beside --resume is refused, and so is a run's changed data", async () => {
    const changing = path.join(work, 'changing');
    await writeSmallDigits(changing);
    const args = ['--model', 'mlp', '--epochs', '1', '--batch-size', '16', '--out', 'runs/kept run'];
    const done = run(['train', '--dataset', 'changing', ...args]);
    expect(done.status).toBe(0);
    expect(done.stdout).toContain("npm run evaluate -- --model 'runs/kept run'\n");

    const refused = run(['train', '--resume', 'runs/kept run', '--epochs', '3', '--no-flips', '--json']);
    expect(refused.stderr).toBe(
      "train: --resume uses the run's own settings; leave out --epochs, --no-flips.\n",
    );
    expect(refused.status).toBe(2);

    for (const name of readdirSync(changing)) if (name.startsWith('t10k')) rmSync(path.join(changing, name));
    const changed = run(['train', '--resume', 'runs/kept run']);
    expect(changed.stderr).toMatch(
      /^train: the data set has changed: .*runs\/kept run was started with \d+ training, \d+ validation and 40 test images in 10 classes, but now there are /,
    );
    expect(changed.status).toBe(1);
  });

  it('training that Ctrl-C has left untested', async () => {
    const child = spawn(
      process.execPath,
      [cli, 'train', '--limit', '40', '--model', 'simple', '--epochs', '1', '--out', 'runs/untested'],
      { cwd: work },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isFirst = !stdout.includes('val_loss');
      stdout += text;
      // 10,000 test images are still before it.
      if (isFirst && stdout.includes('val_loss')) setTimeout(() => child.kill('SIGINT'), 300);
    });
    expect(await new Promise((done) => child.on('close', done))).toBe(130);
    expect(stdout).toMatch(
      /Interrupted after training.* Resume with:\n {2}npm run train -- --resume runs\/untested\n$/,
    );
    expect(readdirSync(path.join(work, 'runs/untested'))).not.toContain('run.lock');
  });
});

describe('what goes wrong', () => {
  const oneLine = (done: Run, status: number): string => {
    expect(done.stderr).not.toMatch(/\n\s+at /);
    expect(done.status).toBe(status);
    return done.stderr;
  };

  it.each([
    [['trian'], /unknown command 'trian'\n\(Did you mean train\?\)/],
    [['train', '--epoch', '3'], /unknown option '--epoch'\n\(Did you mean --epochs\?\)/],
    [['train', '--epochs', 'many'], /Expected a positive integer/],
    [['train', '--out', ''], /option '--out <dir>' argument '' is invalid\. The value must not be empty\./],
    [['train', '--seed= '], /option '--seed <n>' argument ' ' is invalid/],
    [['bench', '--compare', 'a.json', ''], /option '--compare <file\.\.\.>' argument '' is invalid/],
    [['report', 'runs/x', ' '], /value ' ' is invalid for argument 'run'/],
    [['train', '--memory', 'lots'], /Expected a positive size, such as 512MiB or 2GiB/],
    [['train', '--preset', 'best'], /Allowed choices are quick, corrected/],
    [['train', '--limit', '3', '--out', 'runs/y'], /limit of 3 images is too small, expected at least 20/],
    [['train', '--split', 'official', '--fold', '2', '--out', 'runs/y'], /--fold are for --split k-fold/],
    [['summary', '--model', 'papr'], /--model is 'papr', expected paper, .*, or the path of a saved model/],
    [['summary', '--model', 'runs/x', '--classes', '3'], /are for named models/],
    [['evaluate'], /required option '--model <\w+>' not specified/],
    [['devices', '--device', 'abacus'], /no adapter's name contains 'abacus'; found '/],
  ])('%j is a wrong use', (args, message) => {
    expect(oneLine(run(args), 2)).toMatch(message);
  });

  it('a missing or damaged model', () => {
    expect(oneLine(run(['evaluate', '--model', 'runs/none']), 1)).toMatch(
      /^cannot read .*runs\/none\/model\.json: there is no such file or folder\..*\n$/,
    );
    mkdirSync(path.join(work, 'runs/damaged'), { recursive: true });
    writeFileSync(
      path.join(work, 'runs/damaged/model.json'),
      readFileSync(path.join(work, 'runs/x/model.json')),
    );
    expect(oneLine(run(['evaluate', '--model', 'runs/damaged']), 1)).toMatch(
      /^model: .*holds no weights, expected one of best\.safetensors.*\n$/,
    );
    writeFileSync(path.join(work, 'runs/damaged/best.safetensors'), 'not weights');
    expect(oneLine(run(['evaluate', '--model', 'runs/damaged']), 1)).toMatch(
      /not a valid \.safetensors file/,
    );
    writeFileSync(path.join(work, 'runs/damaged/model.json'), '{');
    expect(oneLine(run(['evaluate', '--model', 'runs/damaged']), 1)).toMatch(/model\.json is not JSON/);
  });

  it('before a device is opened: a bad model, picture, data set, or place to write', () => {
    const none = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };
    writeFileSync(path.join(work, 'mine.txt'), 'mine');
    mkdirSync(path.join(work, 'runs/other'));
    writeFileSync(path.join(work, 'runs/other/run.json'), '{}');
    mkdirSync(path.join(work, 'runs/pictures'));
    writeFileSync(path.join(work, 'runs/pictures/samples.png'), 'mine');
    for (const [args, status, message] of [
      [['evaluate', '--model', 'runs/x', '--dataset', 'digits', '--data', 'nowhere'], 1, /nowhere/],
      [['predict', '--model', 'runs/x', 'nowhere.png'], 1, /^cannot read nowhere\.png/],
      [['predict', '--model', 'runs/x', 'small.png', '--submission', 'mine.txt'], 2, /is not a submission/],
      [
        ['explore', '--dataset', 'small', '--out', 'runs/x'],
        2,
        /holds a run, and its report would be overwritten/,
      ],
      [
        ['explore', '--dataset', 'small', '--out', 'runs/pictures'],
        2,
        /holds samples\.png, but no explore\.html of shadegrad/,
      ],
      [['explore', '--dataset', 'small', '--out', 'mine.txt'], 1, /a file with the name of that folder/],
      [['bench', '--quick', '--out', 'mine.txt'], 2, /is not a results file of this command/],
      [['report', 'runs/x', '--out', 'runs/other'], 2, /holds a run, and its report would be overwritten/],
      [['train', '--dataset', 'small', '--from', 'runs/none', '--out', 'runs/y'], 1, /runs\/none/],
      [['train', '--dataset', 'nowhere', '--out', 'runs/y'], 2, /nowhere/],
      [['train', '--resume', 'runs/none'], 1, /runs\/none\/run\.json: there is no such file/],
    ] as const)
      expect(oneLine(run(args, none), status)).toMatch(message);
    expect(readFileSync(path.join(work, 'mine.txt'), 'utf8')).toBe('mine');
    expect(run(['train', ...training, '--out', 'runs/y'], none).stdout).toMatch(
      /^Data: small from small: 80 training and 40 test images of .* in 10 classes \(0, .*\)\.\n$/,
    );
    expect(readdirSync(path.join(work, 'runs'))).not.toContain('y');
  });

  it('a picture that is none', () => {
    writeFileSync(path.join(work, 'text.png'), 'hello');
    expect(oneLine(run(['predict', '--model', 'runs/x', 'text.png']), 1)).toMatch(
      /^text\.png: is not a picture/,
    );
    expect(oneLine(run(['predict', '--model', 'runs/x', 'none.png']), 1)).toMatch(
      /none\.png: there is no such file/,
    );
  });

  it('a refused run leaves no folder behind', () => {
    expect(run(['train', '--limit', '3', '--out', 'nothing/here']).status).toBe(2);
    expect(readdirSync(work)).not.toContain('nothing');
  });

  it('a data folder without the files', () => {
    expect(oneLine(run(['train', '--data', work, '--out', 'runs/y']), 1)).toMatch(/train-images/);
  });

  it('a reader that has gone', () => {
    const { stderr } = spawnSync(
      'sh',
      ['-c', `'${process.execPath}' '${cli}' evaluate --model runs/x --limit 16 --batch-size 16 | true`],
      {
        cwd: work,
        encoding: 'utf8',
      },
    );
    expect(stderr).not.toMatch(/EPIPE|node:/);
  });

  it('no adapter', () => {
    expect(
      oneLine(run(['devices'], { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' }), 1),
    ).toMatch(/^open: no WebGPU adapter .*mesa-vulkan-drivers.*\n$/);
  });
});

it('gradcheck ends with whether NaN and infinity hold, and status 0', () => {
  const { status, stdout } = run(['gradcheck', '--filter', 'negate']);
  expect(stdout.trimEnd().split('\n').slice(-2)).toEqual([
    expect.stringMatching(/^\d+ comparisons, 0 failed\.$/),
    expect.stringMatching(
      /^NaN and infinity: 1 op on device 1 \(.*\) behaves as in NumPy and PyTorch \(\d+ comparisons\)\.$/,
    ),
  ]);
  expect(status).toBe(0);
});
