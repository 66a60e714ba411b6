/**
 * predict and evaluate on a model whose answers are known: images of 2×2, three classes, and the class is the
 * brightest of the first three pixels. Weights are set by hand, so that nothing is trained here.
 *   predict: CSV with and without labels, large files, packed IDX, pictures, a submission, sizes that do not fit,
 *     a model in one file
 *   evaluate: the run's own data and part, each class, other data, what cannot be evaluated
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submissionText } from '../../src/cli/predict.js';
import { setFolderOpener } from '../../src/folder.js';
import { runFormat } from '../../src/cli/run_folder.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { sequential } from '../../src/nn/model.js';
import { openFolder } from '../../src/node/files.js';
import { encodePng } from '../../src/node/png.js';
import { useDevice } from '../device/device.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-predict-'));
const device = useDevice();

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runWith(input: string, args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'dist', 'cli.mjs'), ...args],
    {
      cwd: work,
      encoding: 'utf8',
      input,
      env: { ...process.env, DEBUG: '0' },
    },
  );
  // Dawn's own words, see test/node/cli.test.ts.
  return { status, stdout, stderr: stderr.replaceAll(/^Warning: .*\n( {4}at .*\n)*\n?/gm, '') };
}
const run = (...args: readonly string[]): Run => runWith('', args);
const lastJson = ({ stdout }: Run): unknown => JSON.parse(stdout.trim().split('\n').at(-1)!);
const put = (name: string, contents: Uint8Array | string): void =>
  writeFileSync(path.join(work, name), contents);

const names = ['left', 'middle', 'right'];
/** The pixels of an image of this class. */
const bright = (label: number): number[] => [0, 1, 2, 3].map((i) => (i === label ? 255 : 0));
const header = 'label,pixel0,pixel1,pixel2,pixel3';
const csv = (labels: readonly number[], seen = labels): string =>
  [header, ...labels.map((label, i) => [label, ...bright(seen[i]!)].join(',')), ''].join('\n');

beforeAll(async () => {
  setFolderOpener(openFolder);
  const model = sequential([flatten({ inputShape: [2, 2, 1] }), dense({ units: 3, activation: 'softmax' })], {
    device: device.device,
  });
  const kernel = Float32Array.from({ length: 12 }, (_, i) => (Math.floor(i / 3) === i % 3 ? 10 : 0));
  model.setWeights(
    new Map([
      ['dense/kernel', kernel],
      ['dense/bias', new Float32Array(3)],
    ]),
  );
  await model.save(path.join(work, 'saved'));
  await model.save(path.join(work, 'run'));
  const recipe = {
    dataset: 'own.csv',
    data: null,
    transpose: false,
    split: { name: 'official', validationShare: 0.1 },
    limit: null,
    seed: 42,
  };
  put('run/run.json', JSON.stringify({ format: runFormat, recipe, classNames: names }));
  // 120 images; those of class 2 look like class 0.
  const labels = Array.from({ length: 120 }, (_, i) => i % 3);
  put(
    'own.csv',
    csv(
      labels,
      labels.map((label) => label % 2),
    ),
  );
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('predict', () => {
  it('shows the three likeliest classes of each row, and writes a submission', () => {
    put('test.csv', `pixel0,pixel1,pixel2,pixel3\r\n${bright(2).join(',')}\r\n0,51,0,0`);
    const done = run('predict', '--model', 'run', 'test.csv', '--submission', 'out/sub.csv');
    expect(done.stdout).toBe(
      [
        'Model run on 2 images of 2×2×1, 3 classes (left, middle, right).',
        'test.csv #1: right',
        `  right   99.99 % ${'█'.repeat(30)}`,
        '  left   < 0.01 %',
        '  middle < 0.01 %',
        // 10 · 51/255 = 2: e² / (e² + 2) = 0.78699, 1 / (e² + 2) = 0.10651.
        'test.csv #2: middle',
        `  middle  78.70 % ${'█'.repeat(24)}`,
        '  left    10.65 % ███',
        '  right   10.65 % ███',
        'Wrote out/sub.csv: 2 rows.',
        '',
      ].join('\n'),
    );
    expect(readFileSync(path.join(work, 'out/sub.csv'), 'utf8')).toBe('ImageId,Label\n1,2\n2,1\n');
    expect([done.status, done.stderr]).toEqual([0, '']);
  });

  it('writes the names of classes that are numbers, and the places of others', () => {
    expect(submissionText([0, 2], ['1', '2', '07'])).toBe('ImageId,Label\n1,1\n2,7\n');
    expect(submissionText([0, 2], ['1', '2', 'x'])).toBe('ImageId,Label\n1,0\n2,2\n');
  });

  it('counts classes of a large file, and its accuracy where it has labels', () => {
    const done = run('predict', '--model', 'run', 'own.csv', '--json');
    expect(done.stderr).toBe(
      [
        'Model run on 120 images of 2×2×1, 3 classes (left, middle, right).',
        'own.csv: 120 images (--all prints each)',
        'class   images    share',
        'left        80  66.67 %',
        'middle      40  33.33 %',
        'right        0   0.00 %',
        'own.csv: accuracy 66.67 % (80 of 120 correct)',
        '',
      ].join('\n'),
    );
    expect(lastJson(done)).toEqual({
      files: [{ file: 'own.csv', images: 120, counts: [80, 40, 0], accuracy: 80 / 120 }],
      predictions: [],
    });
    const all = run('predict', '--model', 'run', 'own.csv', '--all').stdout;
    expect(all.match(/^own\.csv #\d+: /gm)).toHaveLength(120);
    expect(all).toMatch(/^own\.csv #3: left \(wrong: it is right\)\n/m);
  });

  it('reads packed IDX, pictures of any size, and several files at once', () => {
    const idx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, ...bright(1), ...bright(2));
    put('t10k-images-idx3-ubyte.gz', gzipSync(idx));
    put('t10k-labels-idx1-ubyte', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 0));
    // Ten times as large, and dark on white: a white border turns it over.
    const large = Uint8Array.from({ length: 400 }, (_, i) =>
      i % 20 >= 11 && i < 180 && i >= 20 && i % 20 < 19 ? 0 : 255,
    );
    put('large.png', encodePng({ data: large, width: 20, height: 20, channels: 1 }));
    const files = ['t10k-images-idx3-ubyte.gz', 'large.png'];
    const { predictions } = lastJson(run('predict', '--model', 'run', ...files, '--invert', '--json')) as {
      predictions: Record<string, unknown>[];
    };
    expect(predictions.map(({ probabilities: _, ...rest }) => rest)).toEqual([
      { file: files[0], image: 1, label: 1, className: 'middle', trueLabel: 1 },
      { file: files[0], image: 2, label: 2, className: 'right', trueLabel: 0 },
      { file: 'large.png', image: 1, label: 1, className: 'middle' },
    ]);
    // --transpose makes of the middle pixel the right one.
    const turned = run('predict', '--model', 'run', files[0]!, '--transpose').stdout;
    expect(turned).toMatch(/#1: right \(wrong: it is middle\)[^#]*#2: middle/);
  });

  it('reads folders, patterns and lists; a file that cannot be used does not stop the others', () => {
    mkdirSync(path.join(work, 'pictures/inside'), { recursive: true });
    const picture = (at: number): Uint8Array =>
      encodePng({
        data: Uint8Array.from({ length: 4 }, (_, i) => (i === at ? 255 : 0)),
        width: 2,
        height: 2,
        channels: 1,
      });
    put('pictures/2.png', picture(0));
    put('pictures/10.png', picture(1));
    put('pictures/inside/1.png', picture(0));
    put('pictures/notes.txt', 'hello');
    put('pictures/inside/broken.png', picture(0).subarray(0, 40));
    const done = run('predict', '--model', 'run', 'pictures', '--csv', 'table.csv', '--json');
    expect([done.status, done.stderr.split('\n')[0]]).toEqual([
      1,
      'pictures/inside/broken.png: a damaged PNG (it is cut off). Save it again.',
    ]);
    const files = ['pictures/2.png', 'pictures/10.png', 'pictures/inside/1.png'];
    const { predictions, refused } = lastJson(done) as Record<string, Record<string, string>[]>;
    expect(predictions!.map(({ file }) => file)).toEqual(files);
    expect(refused!.map(({ file }) => file)).toEqual(['pictures/inside/broken.png']);
    const table = readFileSync(path.join(work, 'table.csv'), 'utf8').split('\n');
    expect(table).toHaveLength(5);
    expect(table[0]).toBe('file,image,class,probability');
    expect(table[1]).toMatch(/^pictures\/2\.png,1,(left|middle|right),0\.\d{6}$/);

    expect(run('predict', '--model', 'run', 'pictures/*.png').stdout).toMatch(/^2\.png: .*^10\.png: /ms);
    const listed = runWith(`${files[0]}\n${files[2]}\n`, ['predict', '--model', 'run', '-']);
    expect([listed.status, listed.stdout.match(/^\w+\.png: /gm)]).toEqual([0, ['2.png: ', '1.png: ']]);
    const none = run('predict', '--model', 'run', 'nothing/*.png');
    expect([none.status, none.stderr]).toEqual([2, 'predict: no file fits the pattern nothing/*.png.\n']);
  });

  it('reads tables by the range of pixels that the run was trained with', () => {
    cpSync(path.join(work, 'run'), path.join(work, 'sixteen'), { recursive: true });
    const file = path.join(work, 'sixteen', 'run.json');
    const { recipe, ...others } = JSON.parse(readFileSync(file, 'utf8')) as { recipe: object };
    writeFileSync(file, JSON.stringify({ ...others, recipe: { ...recipe, pixelRange: [0, 16] } }));
    put('bytes.csv', csv([0, 1, 2]));
    put('sixteenths.csv', csv([0, 1, 2]).replaceAll('255', '16'));
    const probabilities = (...args: readonly string[]): unknown =>
      (
        lastJson(run('predict', ...args, '--json')) as { predictions: { probabilities: unknown }[] }
      ).predictions.map((each) => each.probabilities);
    expect(probabilities('--model', 'sixteen', 'sixteenths.csv')).toEqual(
      probabilities('--model', 'run', 'bytes.csv'),
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a CSV of another size',
      ['small.csv'],
      /^small\.csv: the first line has 1 column, but images of 2×2×1 need 4\.\n$/,
    ],
    [
      'IDX of another size',
      ['images-idx3-ubyte'],
      /^images-idx3-ubyte: the images are 1×1×1, but the model expects 2×2×1\.\n$/,
    ],
    ['a bad row', ['bad.csv'], /^bad\.csv, line 3: has 4 cells, expected 5 as in the first line\. .*\n$/],
    ['what is no picture', ['run/run.json'], /^run\/run\.json: is not a picture: .*\n$/],
  ])('refuses %s in one line, and writes nothing', (_, files, message) => {
    put('small.csv', 'pixel0\n1\n');
    put('images-idx3-ubyte', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9));
    put('bad.csv', `${header}\n1,2,3,4,5\n1,2,3,4`);
    const done = run('predict', '--model', 'run', 'own.csv', ...files, '--submission', 'none.csv');
    expect([done.status, done.stdout]).toEqual([1, '']);
    const [first, ...others] = done.stderr.trimEnd().split('\n');
    expect(`${first}\n`).toMatch(message);
    expect(others).toEqual([
      'predict: --submission needs an answer for each image, but 1 file cannot be used; nothing was written.',
    ]);
    expect(existsSync(path.join(work, 'none.csv'))).toBe(false);
  });

  it('takes one file of weights, in its run or alone, and says what an earlier one lacks', () => {
    put('row.csv', `pixel0,pixel1,pixel2,pixel3\n${bright(1).join(',')}`);
    const weights = readFileSync(path.join(work, 'run/weights.safetensors'));
    put('alone.safetensors', weights);
    const inRun = run('predict', '--model', 'run/weights.safetensors', 'row.csv');
    expect([inRun.status, inRun.stdout.split('\n')[1]]).toEqual([0, 'row.csv: middle']);
    const alone = run('predict', '--model', './alone.safetensors', 'row.csv');
    expect([alone.status, alone.stdout.split('\n')[1]]).toEqual([0, 'row.csv: 1']);
    const { tensors } = readSafetensors(weights, 'weights');
    mkdirSync(path.join(work, 'earlier'));
    put('earlier/best.safetensors', writeSafetensors(tensors));
    const earlier = run('predict', '--model', 'earlier/best.safetensors', 'row.csv');
    expect([earlier.status, earlier.stderr]).toEqual([
      1,
      'model: earlier/best.safetensors holds weights but no model description; it comes from an earlier version or another program. Load it together with its model.json.\n',
    ]);
    const twice = run('predict', '--model', 'alone.safetensors', '--weights', 'best', 'row.csv');
    expect([twice.status, twice.stderr]).toEqual([
      2,
      "loadModel: alone.safetensors is a weights file itself, so leave out weights 'best'.\n",
    ]);
  });

  it('does not write a submission over its images', () => {
    const done = run('predict', '--model', 'run', 'own.csv', '--submission', './own.csv');
    expect([done.status, done.stderr]).toEqual([
      2,
      'predict: --submission ./own.csv would overwrite the images.\n',
    ]);
  });
});

describe('evaluate', () => {
  it("tests on the part of the run's own data that it was not trained on", () => {
    // 10 % of 120, by class: 4 each.
    const done = run('evaluate', '--model', 'run');
    expect(done.stdout).toMatch(
      /^Model run on 12 images of own \(test part, from own\.csv\), 3 classes \(left, middle, right\)\.\nclass +images +accuracy\nleft +4 +100\.00 %\nmiddle +4 +100\.00 %\nright +4 +0\.00 %\naccuracy 66\.67 % - loss \d\.\d{4}\n$/,
    );
    expect([done.status, done.stderr]).toEqual([0, '']);
  });

  it('other parts, and other data', () => {
    const validation = lastJson(run('evaluate', '--model', 'run', '--part', 'validation', '--json'));
    expect(validation).toMatchObject({ part: 'validation', images: 11 });
    mkdirSync(path.join(work, 'other'), { recursive: true });
    put('other/train.csv', csv([0]));
    put('other/test.csv', csv([0, 1, 1, 2]));
    const other = lastJson(run('evaluate', '--model', 'saved', '--dataset', 'other', '--json'));
    expect(other).toMatchObject({
      dataset: 'other',
      part: 'test',
      images: 4,
      accuracy: 1,
      classes: [
        { label: 0, name: '0', images: 1, accuracy: 1 },
        { label: 1, name: '1', images: 2, accuracy: 1 },
        { label: 2, name: '2', images: 1, accuracy: 1 },
      ],
    });
  });

  it.each<[string, readonly string[], number, string]>([
    [
      'data with more classes',
      ['--dataset', 'four.csv'],
      2,
      'evaluate: four has 4 classes, but the model has 3.\n',
    ],
    [
      'a part that there is not',
      ['--dataset', 'four.csv', '--part', 'test'],
      2,
      'evaluate: the data set has no test part; leave out --part, or choose another one.\n',
    ],
    [
      'images of another size',
      ['--dataset', 'digits', '--offline'],
      2,
      'evaluate: the images of digits are 28×28×1, but the model expects 2×2×1.\n',
    ],
  ])('refuses %s', (_, args, status, message) => {
    put('four.csv', csv([0, 3], [0, 1]));
    const done = run('evaluate', '--model', 'run', ...args);
    expect([done.status, done.stderr]).toEqual([status, message]);
  });
});
