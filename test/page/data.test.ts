/**
 * The section Data: counts, previews, and custom images.
 *   counts    those published for MNIST, by class
 *   previews  sliders change the previews, and at zero they equal the originals; applied, they change the settings
 *   custom    a CSV and a folder of pictures through the buttons, an IDX pair by a drop: used for training, also after a reload
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator, Page } from 'playwright';
import { expect, test } from 'vitest';
import type { ImageSet } from '../../src/data/dataset.js';
import { encodePng } from '../../src/node/png.js';
import { bars } from '../device/small_model.js';
import { goTo, pixelsOf, section, setting, train } from './acts.js';
import { useVisits } from './page.js';

const visits = useVisits();

/** Source: counted in the two label files of LeCun's MNIST. */
const published = {
  train: [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
  test: [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
};

/** The page changes its URL a moment later. */
const inAddress = (page: Page, name: string): string | null => new URL(page.url()).searchParams.get(name);

test('the number of images of each digit; files that are not images are rejected, and the digits stay', async () => {
  const page = await visits.visit(query);
  const data = await goTo(page, 'Data');
  await data
    .getByText(
      'Digits: 60,000 training images and 10,000 test images, 28 × 28 pixels, greyscale, 10 classes.',
    )
    .waitFor();
  const rows = await data
    .getByRole('table', { name: 'Images of each class' })
    .getByRole('row')
    .allInnerTexts();
  const numbers = rows.slice(1).map((row) => row.split('\t').map((text) => Number(text.replaceAll(',', ''))));
  expect(numbers).toEqual(published.train.map((count, label) => [label, count, published.test[label]]));

  // The samples of one class are of that class.
  await data.getByRole('button', { name: '4', exact: true }).click();
  await expect.poll(async () => data.getByRole('img', { name: /^Image \d+: 4$/ }).count()).toBe(40);

  const buffer = Buffer.from('label,p0,p1,p2,p3\n0,1,2,300,4\n');
  await choose(page, 'Choose files', { name: 'wrong.csv', mimeType: 'text/csv', buffer });
  await page
    .getByText('wrong.csv, line 2, column 4: the value is 300; expected an integer from 0 to 255.')
    .first()
    .waitFor();
  await data.getByText('Digits: 60,000 training images').waitFor();
  expect(await setting(page, 'Images').inputValue()).toBe('digits');
});

test('sliders change the previews and, when applied, the settings', async () => {
  const page = await visits.visit();
  const data = await goTo(page, 'Data');
  const originals = data.getByRole('img', { name: /, original$/ });
  const variants = data.getByRole('img', { name: /, variant 1$/ });
  const show = async (images: Locator): Promise<number[][]> =>
    Promise.all((await images.all()).map(async (image) => pixelsOf(image)));
  await expect.poll(async () => originals.count()).toBe(4);
  const before = await show(originals);
  await expect.poll(async () => show(variants)).toEqual(before);

  const slider = data.getByRole('slider', { name: /^Rotation/ });
  await slider.fill('30');
  await expect.poll(async () => show(variants)).not.toEqual(before);
  const turned = await show(variants);
  // Only rotated by a random angle: the amount of ink is about the same.
  const ink = (image: readonly number[]): number => image.reduce((sum, value) => sum + value, 0);
  for (const [i, image] of turned.entries()) {
    expect(image).not.toEqual(before[i]);
    expect(Math.abs(ink(image) / ink(before[i]!) - 1)).toBeLessThan(0.2);
  }
  await data.getByRole('button', { name: 'New variations' }).click();
  await expect.poll(async () => show(variants)).not.toEqual(turned);
  expect(await show(originals)).toEqual(before);

  const use = data.getByRole('button', { name: 'Use for the next training' });
  await use.click();
  await data.getByText('The next training uses these values.').waitFor();
  await expect.poll(() => inAddress(page, 'augment')).toBe('rotation:30');
  await section(page, 'Train')
    .getByText(/Images are augmented\./)
    .waitFor();
  await data.getByRole('slider', { name: /^Blur/ }).fill('2');
  await use.click();
  await expect.poll(() => inAddress(page, 'filters')).toBe('blur:2');

  await data.getByRole('button', { name: 'Nothing', exact: true }).click();
  await expect.poll(async () => show(variants)).toEqual(before);
});

// ---- custom images ----

const own = bars(60);

function csvOf({ images, labels, count }: ImageSet): string {
  const rows = Array.from({ length: count }, (_, n) =>
    [labels[n], ...images.subarray(64 * n, 64 * (n + 1))].join(),
  );
  return ['label,' + Array.from({ length: 64 }, (_, i) => `pixel${i}`).join(), ...rows].join('\n');
}

function idxOf({ images, labels, count }: ImageSet): { images: Buffer; labels: Buffer } {
  const word = (value: number): number[] =>
    [value >> 24, value >> 16, value >> 8, value].map((part) => part & 255);
  return {
    images: Buffer.from([0, 0, 8, 3, ...word(count), ...word(8), ...word(8), ...images]),
    labels: Buffer.from([0, 0, 8, 1, ...word(count), ...labels]),
  };
}

/** A folder of PNGs by class. */
function foldersOf({ images, labels, count, classNames }: ImageSet): string {
  const root = path.join(mkdtempSync(path.join(tmpdir(), 'shadegrad-')), 'bars');
  for (let n = 0; n < count; n++) {
    const folder = path.join(root, classNames[labels[n]!]!);
    mkdirSync(folder, { recursive: true });
    const data = images.subarray(64 * n, 64 * (n + 1));
    writeFileSync(path.join(folder, `${n}.png`), encodePng({ data, width: 8, height: 8, channels: 1 }));
  }
  return root;
}

async function choose(
  page: Page,
  title: string,
  files: Parameters<Locator['setInputFiles']>[0],
): Promise<void> {
  const chosen = page.waitForEvent('filechooser');
  await section(page, 'Data').getByRole('button', { name: title, exact: true }).click();
  await (await chosen).setFiles(files);
}

const query = 'model=mlp&batch=8&epochs=2';

async function expectCustom(page: Page, text: string): Promise<void> {
  await section(page, 'Data').getByText(text).waitFor();
  expect(await setting(page, 'Images').inputValue()).toBe('custom');
  await expect.poll(() => inAddress(page, 'data')).toBe('custom');
}

/** The classes of the current model. */
async function expectClasses(page: Page, names: readonly string[]): Promise<void> {
  const terms = section(page, 'Draw a digit').getByRole('term');
  await expect.poll(async () => terms.allInnerTexts()).toEqual(names);
}

test('a CSV: used for training, also after a reload', async () => {
  const page = await visits.visit(query);
  await goTo(page, 'Data');
  const buffer = Buffer.from(csvOf(own));
  await choose(page, 'Choose files', { name: 'bars.csv', mimeType: 'text/csv', buffer });
  await expectCustom(
    page,
    'bars: 60 training images and no test images, 8 × 8 pixels, greyscale, 3 classes.',
  );
  // 54 training images, 6 validation images.
  expect(await train(page)).toMatchObject({ step: 14 });
  await section(page, 'Train')
    .getByText(/^mlp, .* parameters, trained here\.$/)
    .waitFor();
  await expectClasses(page, ['0', '1', '2']);

  await page.reload();
  await goTo(page, 'Data');
  await expectCustom(page, 'bars: 60 training images');
  expect(await train(page)).toMatchObject({ step: 14 });
});

test('an IDX pair, dropped; then a folder of pictures, its classes named by its folders', async () => {
  const page = await visits.visit(query);
  const data = await goTo(page, 'Data');
  const { images, labels } = idxOf(own);
  const files = [
    ['train-images-idx3-ubyte', [...images]],
    ['train-labels-idx1-ubyte', [...labels]],
  ];
  const transfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    for (const [name, bytes] of ${JSON.stringify(files)})
      transfer.items.add(new File([new Uint8Array(bytes)], name));
    return transfer;
  })()`);
  const zone = data.getByText('Your own images: drop a folder');
  await zone.dispatchEvent('drop', { dataTransfer: transfer });
  await expectCustom(page, '60 training images and no test images, 8 × 8 pixels, greyscale, 3 classes.');
  expect(await train(page)).toMatchObject({ step: 14 });

  const folder = foldersOf(own);
  try {
    await choose(page, 'Choose a folder', folder);
    await expectCustom(
      page,
      'bars: 60 training images and no test images, 8 × 8 pixels, greyscale, 3 classes.',
    );
    expect(await train(page)).toMatchObject({ step: 14 });
    await expectClasses(page, ['bottom', 'middle', 'top']);
  } finally {
    rmSync(path.dirname(folder), { recursive: true });
  }
});
