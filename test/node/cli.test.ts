/**
 * The command line as a user meets it, in processes of its own:
 *   train → run folder → evaluate → predict, with --json on the last line
 *   --from begins where another run ended
 *   --micro-batch and --memory: one line, and the same loss
 *   Ctrl-C and --resume give the bits of a run that was never interrupted
 *   --resume refuses options it would ignore and changed data; Ctrl-C while testing says how to go on
 *   wrong use, bad files, no adapter: one line, the right exit code, no stack trace (a full disk: test/unit/files.test.ts)
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/node/datasets.js';
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
  const built = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { encoding: 'utf8' });
  expect(built.stderr + built.stdout).toBe('');
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
      settings: object;
      result: object;
    };
    expect(saved.settings).toMatchObject({
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
      /^small\.png: \d\n( {2}\d +\d+\.\d\d %.*\n){3}$/,
    );
  });

  it('stops at Ctrl-C, and goes on to the bits of a run that was never interrupted', async () => {
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
      /Interrupted in epoch \d after \d+ steps; saved\. Go on with:\n {2}npm run train -- --resume runs\/broken\n/,
    );
    expect(status).toBe(130);
    expect(run(['train', '--resume', 'runs/broken']).status).toBe(0);
    for (const name of ['last.safetensors', 'best.safetensors', 'history.json']) {
      expect(hashOf('runs/broken', name) === hashOf('runs/straight', name), name).toBe(true);
    }
  });
});

it('begins with the weights of a saved model', () => {
  const accuracyOf = (folder: string): unknown =>
    (JSON.parse(readFileSync(path.join(work, folder, 'run.json'), 'utf8')) as { result: { test: unknown } })
      .result.test;
  const still = ['--limit', '20', '--epochs', '1', '--learning-rate', '1e-30', '--from', 'runs/x'];
  const done = run(['train', ...training, ...still, '--out', 'runs/from']);
  expect(done.status).toBe(0);
  expect(done.stdout).toContain('Beginning with the weights of runs/x.\n');
  expect(accuracyOf('runs/from')).toEqual(accuracyOf('runs/x'));
  const other = run(['train', ...training, '--seed', '1', '--model', 'mlp', '--from', 'runs/x']);
  expect(other.stderr).toMatch(/^model: weights for 'dense\/kernel' have 46080 values, expected 3920/);
  expect(other.status).toBe(1);
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
            /^Batch 64 exceeds what this device takes at once \(\d+\): gradients accumulate over \d micro-batches of (at most )?\d+\.$/,
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
      "train: --resume goes on with the run's own settings; leave out --epochs, --no-flips.\n",
    );
    expect(refused.status).toBe(2);

    for (const name of readdirSync(changing)) if (name.startsWith('t10k')) rmSync(path.join(changing, name));
    const changed = run(['train', '--resume', 'runs/kept run']);
    expect(changed.stderr).toMatch(
      /^train: the data have changed since .*runs\/kept run was started, with \d+ training, \d+ validation and 40 test images in 10 classes; now there are /,
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
      /Interrupted after training.* Go on with:\n {2}npm run train -- --resume runs\/untested\n$/,
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
    [['train', '--epochs', 'many'], /Expected a whole number from 1 on/],
    [['train', '--memory', 'lots'], /Expected a size above 0, such as 512MiB or 2GiB/],
    [['train', '--preset', 'best'], /Allowed choices are quick, corrected/],
    [['train', '--limit', '3', '--out', 'runs/y'], /limit of 3 images is too small, expected at least 20/],
    [['train', '--split', 'official', '--fold', '2', '--out', 'runs/y'], /--fold are for --split k-fold/],
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
    expect(oneLine(run(['evaluate', '--model', 'runs/damaged']), 1)).toMatch(/not a good safetensors file/);
    writeFileSync(path.join(work, 'runs/damaged/model.json'), '{');
    expect(oneLine(run(['evaluate', '--model', 'runs/damaged']), 1)).toMatch(/model\.json is not JSON/);
  });

  it('a picture that is none', () => {
    writeFileSync(path.join(work, 'text.png'), 'hello');
    expect(oneLine(run(['predict', '--model', 'runs/x', 'text.png']), 1)).toMatch(/^text\.png: not a PNG/);
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
