/**
 * docs/own_pictures.md, as a newcomer follows it: a folder of JPEG photographs of different sizes, one of them lying on its side,
 * one damaged; a training, a prediction, and another program that loads the model. Then each kind of picture by itself.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { imagesFor } from '../../src/library/pictures.js';
import { loadModel } from '../../src/nn/files/model_files.js';
import { openFolder } from '../../src/node/files.js';
import { readPicture } from '../../src/node/read_picture.js';
import { useDevice } from '../device/device.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-pictures-'));
useDevice();
afterAll(() => rmSync(work, { recursive: true, force: true }));

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [path.join(root, 'dist', 'cli.mjs'), ...args], { cwd: work, encoding: 'utf8' });

/** A bright half on the left or right, or above or below. */
function halves(width: number, height: number, isBright: (x: number, y: number) => boolean): Sharp {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return isBright(x / width, y / height) ? 230 : 20 + (i % 3) * 20;
  });
  return sharp(data, { raw: { width, height, channels: 3 } });
}

beforeAll(async () => {
  for (const [name, isBright] of [
    ['left', (x: number) => x < 0.5],
    ['right', (x: number) => x >= 0.5],
  ] as const) {
    mkdirSync(path.join(work, 'photos', name), { recursive: true });
    for (let i = 0; i < 12; i++)
      await halves(40 + 3 * i, 36 + i, isBright)
        .jpeg({ quality: 90 })
        .toFile(path.join(work, 'photos', name, `${i}.jpg`));
  }
  // Stored on its side: upright, its left half is bright.
  await halves(30, 50, (_, y) => y >= 0.5)
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(path.join(work, 'new.jpg'));
});

it('a newcomer gets from photographs to a prediction in another program', async () => {
  const bare = run('train', '--dataset', 'photos', '--epochs', '1');
  expect([bare.status, bare.stderr.trim().split('\n').at(-1)]).toEqual([
    1,
    'photos: its 24 pictures have 12 sizes, from 40×36 to 73×47; the commonest is 40×36 (2). Choose one size for all, such as --size 32x32, and how they take it: --fit contain, cover or stretch.',
  ]);
  writeFileSync(
    path.join(work, 'photos', 'left', 'cut.jpg'),
    readFileSync(path.join(work, 'new.jpg')).subarray(0, 400),
  );
  const args = [
    'train',
    '--dataset',
    'photos',
    '--size',
    '12x12',
    '--fit',
    'stretch',
    '--out',
    'run',
    '--no-augmentation',
  ];
  const damaged = run(...args);
  expect([damaged.status, damaged.stderr]).toEqual([
    1,
    expect.stringMatching(/cut\.jpg: a damaged JPEG \(.*--skip-bad\.$/m),
  ]);
  const trained = run(...args, '--skip-bad', '--epochs', '12');
  expect(trained.stderr).not.toContain('Error');
  expect(trained.stdout).toContain('\nLeft out: 1 of 25 pictures (cut.jpg), which cannot be used.\n');
  expect(trained.stdout).toMatch(
    /^The set is small, 24 images, so the recipe is changed: batches of 8, rate 0\.00071, /m,
  );

  const predicted = run('predict', '--model', 'run', 'new.jpg', 'photos/right', '--csv', 'answers.csv');
  expect(predicted.status).toBe(0);
  const answers = readFileSync(path.join(work, 'answers.csv'), 'utf8').trim().split('\n').slice(1);
  expect(answers.map((row) => row.split(',')[2])).toEqual([
    'left',
    ...Array.from({ length: 12 }, () => 'right'),
  ]);

  // The model alone keeps all of it.
  const model = await loadModel(openFolder(path.join(work, 'run')));
  expect(model.classNames).toEqual(['left', 'right']);
  expect(model.pictures).toEqual({ fit: 'stretch', polarity: 'any', background: '#ffffff' });
  const images = imagesFor(model, [await readPicture(path.join(work, 'new.jpg'))]);
  expect(images).toMatchObject({ count: 1, height: 12, width: 12, channels: 3 });
  const [left, right] = await model.predict(images);
  expect(left!).toBeGreaterThan(right!);
  model.dispose();
});

it.each(['png', 'jpg', 'webp', 'gif', 'avif', 'tiff'] as const)('reads %s', async (ending) => {
  const file = path.join(work, `one.${ending}`);
  await halves(20, 10, (x) => x < 0.5).toFile(file);
  // By its contents, whatever it is called.
  const renamed = path.join(work, `one_${ending}.dat`);
  writeFileSync(renamed, readFileSync(file));
  for (const each of [file, renamed]) {
    const { data, width, height, channels } = await readPicture(each);
    expect([width, height, channels, data.length]).toEqual([20, 10, 4, 800]);
    expect(data[4 * (5 * 20 + 2)]!).toBeGreaterThan(210);
    expect(data[4 * (5 * 20 + 17)]!).toBeLessThan(60);
    expect(data[3]).toBe(255);
  }
});

it('says which package is missing', () => {
  const program = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent("export async function resolve(name, context, next) { if (name === 'sharp') throw new Error('none'); return next(name, context); }"));
    process.argv.push('cli', 'predict', '--model', 'run', 'new.jpg');
    await import(${JSON.stringify(path.join(root, 'dist', 'cli.mjs'))});`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: work,
    encoding: 'utf8',
  });
  expect([status, stderr.trim().split('\n').at(-1)]).toEqual([
    1,
    'new.jpg: is a JPEG; only PNG and BMP are read without the package sharp. Install it: npm i sharp',
  ]);
});
