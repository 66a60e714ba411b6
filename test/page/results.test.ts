/**
 * Tests a network with little training, which therefore makes mistakes: matrix, metrics and images are consistent, and the
 * images have their labels in MNIST.
 *
 *   matrix    its sum is the count, its diagonal the accuracy; a cell shows exactly its images
 *   mistakes  all of them, by descending loss; a picked one appears on the pad
 *   classes   precision, recall and F1 follow from the matrix
 */
import type { Locator, Page } from 'playwright';
import { beforeAll, expect, test } from 'vitest';
import type { ImageSet } from '../../src/data/dataset.js';
import { loadDataset } from '../../src/node/datasets.js';
import { percent } from '../../src/report/charts/numbers.js';
import { goTo, pixelsOf, section, train } from './acts.js';
import { useVisits } from './page.js';

const visits = useVisits();

let digits: ImageSet;
beforeAll(async () => {
  ({ test: digits } = await loadDataset('digits', { offline: true }));
});

const results = (page: Page): Locator => section(page, 'Results');

/** [actual][predicted], read from the labels of the cells. */
async function matrixOf(page: Page): Promise<number[][]> {
  const grid = results(page).getByRole('grid', { name: 'Confusion matrix: true × predicted, in images' });
  const names = await grid
    .getByRole('button')
    .evaluateAll((cells: readonly { readonly ariaLabel?: string | null }[]) =>
      cells.map(({ ariaLabel }) => ariaLabel ?? ''),
    );
  const matrix = Array.from({ length: 10 }, () => Array.from({ length: 10 }, () => NaN));
  for (const name of names) {
    const found = /^(\d) (?:recognised|predicted as (\d)): ([\d,]+) of /.exec(name)!;
    const actual = Number(found[1]);
    matrix[actual]![Number(found[2] ?? actual)] = Number(found[3]);
  }
  return matrix;
}

interface Shown {
  /** Starts at 0. */
  readonly index: number;
  readonly actual: number;
  readonly predicted: number;
  readonly loss: number;
}

function images(page: Page): Locator {
  const list = results(page).getByRole('list', { name: 'Tested images, by descending loss' });
  return list.getByRole('img');
}

/** The descriptions of the images, when there are `count`. */
async function shownImages(page: Page, count: number): Promise<Shown[]> {
  await expect.poll(async () => images(page).count()).toBe(count);
  const names = await images(page).evaluateAll(
    (canvases: readonly { readonly ariaLabel?: string | null }[]) =>
      canvases.map(({ ariaLabel }) => ariaLabel ?? ''),
  );
  return names.map((name) => {
    const words =
      /^Test image (\d+): (\d), (?:recognised|predicted as (\d)) with \S+ %, loss ([<\d. ]+)$/.exec(name)!;
    const actual = Number(words[2]);
    const loss = Number(words[4]!.replace('< ', ''));
    return { index: Number(words[1]) - 1, actual, predicted: Number(words[3] ?? actual), loss };
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test('matrix, mistakes and metrics of a test are consistent', async () => {
  const page = await visits.visit('model=mlp&limit=300&batch=8&epochs=2');
  await train(page);
  await goTo(page, 'Results');
  await results(page).getByText('Nothing tested yet.').waitFor();
  await results(page).getByRole('combobox', { name: 'How many images' }).selectOption('500');
  await results(page).getByRole('button', { name: 'Test', exact: true }).click();
  await results(page)
    .getByText(/^Tested 500 images in /)
    .waitFor();

  const matrix = await matrixOf(page);
  const diagonal = matrix.map((row, label) => row[label]!);
  const rights = sum(diagonal);
  const mistakes = 500 - rights;
  expect(sum(matrix.flat())).toBe(500);
  const supports = [...'0123456789'].map(
    (_, label) => digits.labels.subarray(0, 500).filter((each) => each === label).length,
  );
  expect(matrix.map(sum)).toEqual(supports);
  const figures = await results(page).getByRole('definition').allInnerTexts();
  expect([figures[0], ...figures.slice(2)]).toEqual([percent(rights / 500), String(mistakes), '500']);

  // Mistakes: the largest loss first, and more on request.
  expect(mistakes).toBeGreaterThan(40);
  const some = await shownImages(page, 18);
  await results(page).getByRole('button', { name: '18 more', exact: true }).click();
  const more = await shownImages(page, 36);
  expect(more.slice(0, 18)).toEqual(some);
  expect(more.map(({ loss }) => loss)).toEqual(more.map(({ loss }) => loss).toSorted((a, b) => b - a));
  for (const { index, actual, predicted } of more) {
    expect(actual).toBe(digits.labels[index]);
    expect(predicted).not.toBe(actual);
  }

  // A cell: the one with the most images that still fit on one page.
  const cells = matrix.flatMap((row, actual) =>
    row.map((count, predicted) => ({ actual, predicted, count })),
  );
  const [cell] = cells
    .filter(({ actual, predicted, count }) => actual !== predicted && count <= 18)
    .toSorted((a, b) => b.count - a.count);
  const { actual, predicted, count } = cell!;
  const grid = results(page).getByRole('grid');
  await grid.getByRole('button', { name: `${actual} predicted as ${predicted}: ${count} of` }).click();
  await results(page)
    .getByRole('heading', { name: `${actual} predicted as ${predicted}`, exact: true })
    .waitFor();
  for (const image of await shownImages(page, count)) {
    expect(image).toMatchObject({ actual, predicted });
    expect(digits.labels[image.index]).toBe(actual);
  }

  // A picked image appears on the pad, with the same prediction.
  const input = section(page, 'Draw a digit').getByRole('img', { name: /^What the network sees/ });
  const first = (await shownImages(page, count))[0]!;
  await images(page).first().click();
  await expect.poll(async () => pixelsOf(input)).toEqual([...digits.image(first.index)]);
  await section(page, 'Draw a digit')
    .locator('.verdict')
    .getByText(String(predicted), { exact: true })
    .waitFor();

  // Metrics per class.
  const table = results(page).getByRole('table', { name: 'Figures of each class' });
  const rows = await table.getByRole('row').allInnerTexts();
  const columns = matrix.map((_, label) => sum(matrix.map((row) => row[label]!)));
  const share = (part: number, whole: number): string => (whole === 0 ? '–' : percent(part / whole, 1));
  const expected = diagonal.map((right, label) => {
    const [support, called] = [supports[label]!, columns[label]!];
    return [label, support, share(right, called), share(right, support), share(2 * right, support + called)];
  });
  expect(rows.slice(1).map((row) => row.split(/\t/).map((text) => text.trim()))).toEqual(
    expected.map((row) => row.map(String)),
  );
});
