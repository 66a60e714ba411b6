/**
 * The section Results, in Chromium with a fake worker (web/views/evaluation.ts):
 *   tests 500 images on a CPU, all of them on a GPU, or the number that the user chose; progress; stop
 *   metrics; labels and counts of the matrix, its keys and its single tab stop; empty cells make no request
 *   with many classes, the matrix shows some of them under their own labels, and the class list the first ones
 *   a cell's images: requested, painted exactly, described; more of them; back to all mistakes; late responses are dropped
 *   a picked image becomes the page's image, unless the current model has another input size
 *   classes: metrics with bars, sorted by any column, missing values last; a class's mistakes
 *   notes that the model has changed; explains why testing is not possible without a device; errors are shown
 *   axe finds no violation
 */
import axe from 'axe-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EvaluatingApi, Mistake, ModelInfo, TestEvaluation } from '../../web/protocol.js';
import { evaluationView } from '../../web/views/evaluation.js';
import { barsFrom, sorted } from '../../web/views/evaluation_classes.js';
import { lossText } from '../../web/views/evaluation_images.js';
import { type FakeApp, fakeApp, statusOf } from './fake_app.js';

const classNames = ['cat', 'dog', 'fish'];
const evaluation: TestEvaluation = {
  modelVersion: 4,
  isTestPart: true,
  count: 1500,
  loss: 0.12345,
  accuracy: 0.96,
  labels: [0, 1, 2],
  confusion: [
    [480, 20, 0],
    [39, 461, 0],
    [0, 1, 499],
  ],
  classes: [
    { label: 0, precision: 480 / 519, recall: 0.96, f1: 0.942, support: 500 },
    { label: 1, precision: 461 / 482, recall: 0.922, f1: 0.939, support: 500 },
    { label: 2, precision: 1, recall: 0.998, f1: 0.999, support: 500 },
  ],
  ms: 1500,
};
const model: ModelInfo = {
  version: 4,
  name: 'little',
  origin: 'shipped',
  parameterCount: 100,
  inputShape: [2, 2, 1],
  classNames,
  layers: [],
};
const device = (family: string) => ({
  info: { name: 'it', vendor: '', architecture: '', family, subgroupSize: 4, hasTimestamps: false },
  problem: null,
});

let root: HTMLElement;
let app: FakeApp;

beforeEach(() => {
  app = fakeApp();
  root = document.createElement('section');
  root.id = 'results';
  document.body.append(root);
  app.answers['evaluating.run'] = () => evaluation;
  app.answers['evaluating.images'] = () => found((app.calls.at(-1)?.[1] ?? {}) as Wanted);
  evaluationView(root, app);
  app.state.device.set(device('gpu'));
  app.state.model.set(model);
});
afterEach(() => root.remove());

type Wanted = Parameters<EvaluatingApi['images']>[0];

/** Sixty images for every selection, each with different bytes. */
function found({ actual, predicted, from, count }: Wanted, total = 60) {
  const mistakes = Array.from({ length: Math.min(count, total - from) }, (_, i): Mistake => ({
    index: from + i,
    actual: actual ?? 1,
    predicted: predicted ?? 0,
    loss: 10 - (from + i) / 10,
    probability: 0.875,
  }));
  const pixels = Uint8Array.from({ length: mistakes.length * 4 }, (_, i) => from * 4 + i);
  const images = { pixels, labels: null, count: mistakes.length, height: 2, width: 2, channels: 1 };
  return { found: mistakes, total, images };
}

const all = <Type extends HTMLElement>(selector: string): Type[] => [
  ...root.querySelectorAll<Type>(selector),
];
const one = (selector: string): HTMLElement => {
  const [first] = all(selector);
  if (!first) throw new Error(`the view has no ${selector}`);
  return first;
};
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const testButton = (): HTMLButtonElement => one('.test-controls button') as HTMLButtonElement;
const words = (): string => one('.test-words').textContent ?? '';
const cell = (actual: number, predicted: number): HTMLButtonElement =>
  all<HTMLButtonElement>('.matrix button')[actual * 3 + predicted]!;
const asked = (name: string): unknown[] =>
  app.calls.filter(([called]) => called === name).map((call) => call[1]);
const images = (): HTMLButtonElement[] => all<HTMLButtonElement>('.evaluated-images .image-grid button');
const title = (): string => one('.evaluated-images h3').textContent ?? '';
const button = (text: string): HTMLButtonElement => {
  const match = all<HTMLButtonElement>('button').find((each) => each.textContent === text && !each.hidden);
  if (!match) throw new Error(`the view has no button '${text}'`);
  return match;
};

async function run(): Promise<void> {
  testButton().click();
  await settled();
}

describe('a test', () => {
  test('uses all images on a GPU, 500 on a CPU, or the chosen number', async () => {
    await run();
    app.state.device.set(device('software'));
    await run();
    const select = one('select') as HTMLSelectElement;
    select.value = '2000';
    select.dispatchEvent(new Event('change'));
    app.state.device.set(device('software'));
    await run();
    expect(asked('evaluating.run')).toEqual([{ count: null }, { count: 500 }, { count: 2000 }]);
  });

  test('shows its progress, and can be stopped', async () => {
    let end = (_: TestEvaluation): void => undefined;
    app.answers['evaluating.run'] = () => new Promise((resolve) => void (end = resolve));
    await run();
    const progress = one('progress') as HTMLProgressElement;
    expect([progress.hidden, testButton().textContent]).toEqual([false, 'Stop']);
    const tell = app.calls.at(-1)?.[2] as (done: number, total: number) => void;
    tell(120, 500);
    expect(progress.value).toBeCloseTo(0.24, 6);
    testButton().click();
    await settled();
    expect(app.calls.at(-1)?.[0]).toBe('evaluating.stop');
    end({ ...evaluation, count: 120 });
    await settled();
    expect([progress.hidden, testButton().textContent]).toEqual([true, 'Test']);
    expect(words()).toMatch(/^Tested 120 images in 1.5 s/);
  });

  test('says that there is no test split', async () => {
    app.answers['evaluating.run'] = () => ({ ...evaluation, isTestPart: false });
    await run();
    expect(words()).toMatch(
      /^Tested 1,500 images that training leaves out \(there is no test split\) in 1.5 s\. Select/,
    );
  });

  test('that fails shows an error, and can be repeated', async () => {
    app.answers['evaluating.run'] = () => {
      throw new Error('no luck');
    };
    await run();
    expect(app.said).toEqual(['no luck']);
    expect(testButton().ariaDisabled).toBeNull();
    expect(one('.results').hidden).toBe(true);
    expect(one('.empty').hidden).toBe(false);
  });

  test('says that the model has changed since', async () => {
    await run();
    expect(words()).toMatch(/^Tested 1,500 images in 1.5 s/);
    app.state.model.set({ ...model, version: 5 });
    expect(words()).toBe('The model has changed since this test. Test again.');
  });

  test('needs a device', () => {
    app.state.status.set(statusOf('lost'));
    expect([testButton().ariaDisabled === 'true', words()]).toEqual([
      true,
      'The graphics device was lost; reconnect it to test.',
    ]);
    app.state.status.set(statusOf('paused'));
    expect([testButton().ariaDisabled === 'true', words()]).toEqual([false, '']);
    app.state.device.set({ info: null, problem: 'none' });
    expect([testButton().ariaDisabled === 'true', words()]).toEqual([
      true,
      'Testing needs WebGPU, which this browser lacks: see above.',
    ]);
  });
});

describe('many classes', () => {
  test('are partly shown, under their own labels', async () => {
    const classes = Array.from({ length: 500 }, (_, label) => ({
      ...evaluation.classes[0]!,
      label,
      support: 500,
    }));
    app.answers['evaluating.run'] = () => ({ ...evaluation, labels: [7, 300, 499], classes });
    await run();
    expect(cell(0, 1).getAttribute('aria-label')).toBe('7 predicted as 300: 20 of 500, 4.0 %');
    cell(1, 0).click();
    await settled();
    expect(asked('evaluating.images').at(-1)).toMatchObject({ actual: 300, predicted: 7 });
    expect(cell(1, 0).getAttribute('aria-pressed')).toBe('true');
    expect(root.textContent).toContain('The matrix shows the 3 of 500 classes with the most mistakes.');
    expect(all('.table.classes tbody tr')).toHaveLength(200);
    expect(root.textContent).toContain('The first 200 of 500 classes in this order');
  });
});

describe('the matrix', () => {
  beforeEach(run);

  test('is shown with the metrics of the whole test', () => {
    expect(all('.figures > div').map(({ textContent }) => textContent)).toEqual([
      'Accuracy96.00 %',
      'Loss0.1235',
      'Mistakes60',
      'Images1,500',
    ]);
  });

  test('has a label for each cell', () => {
    expect(all('.matrix th').map(({ textContent }) => textContent)).toEqual([...classNames, ...classNames]);
    expect(cell(1, 0).textContent).toBe('39');
    expect(cell(1, 0).getAttribute('aria-label')).toBe('dog predicted as cat: 39 of 500, 7.8 %');
    expect(cell(2, 2).getAttribute('aria-label')).toBe('fish recognised: 499 of 500, 99.8 %');
    expect(cell(0, 2).textContent).toBe('');
    expect(cell(0, 2).getAttribute('aria-label')).toBe('cat predicted as fish: 0 of 500');
  });

  test('has one tab stop, at first the most frequent mistake, and arrow keys', () => {
    const stops = (): HTMLElement[] => all('.matrix button').filter(({ tabIndex }) => tabIndex === 0);
    expect(stops()).toEqual([cell(1, 0)]);
    cell(1, 0).focus();
    const press = (key: string, ctrlKey = false): void => {
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true }));
    };
    for (const [key, at, ctrl] of [
      ['ArrowRight', cell(1, 1), false],
      ['ArrowUp', cell(0, 1), false],
      ['ArrowUp', cell(0, 1), false],
      ['End', cell(0, 2), false],
      ['ArrowRight', cell(0, 2), false],
      ['ArrowDown', cell(1, 2), false],
      ['Home', cell(1, 0), false],
      ['End', cell(2, 2), true],
      ['ArrowLeft', cell(2, 1), false],
      ['Home', cell(0, 0), true],
    ] as const) {
      press(key, ctrl);
      expect(document.activeElement).toBe(at);
      expect(stops()).toEqual([at]);
    }
  });

  test('requests the images of a cell, unless it is empty', async () => {
    cell(0, 1).click();
    await settled();
    expect(asked('evaluating.images').at(-1)).toEqual({ actual: 0, predicted: 1, from: 0, count: 18 });
    expect(title()).toBe('cat predicted as dog');
    expect(all('.matrix [aria-pressed="true"]')).toEqual([cell(0, 1)]);
    const { length } = app.calls;
    cell(0, 2).click();
    await settled();
    expect(app.calls).toHaveLength(length);
    expect(cell(0, 2).tabIndex).toBe(0);
  });
});

describe('the images', () => {
  beforeEach(run);

  test('are all mistakes at first, loaded in pages', async () => {
    expect(asked('evaluating.images')).toEqual([{ actual: null, predicted: null, from: 0, count: 18 }]);
    expect(title()).toBe('Mistakes');
    expect(images()).toHaveLength(18);
    button('18 more').click();
    await settled();
    button('18 more').click();
    await settled();
    expect(images()).toHaveLength(54);
    button('6 more').click();
    await settled();
    expect(images()).toHaveLength(60);
    expect(() => button('0 more')).toThrow('no button');
  });

  test('are painted exactly, and described', () => {
    const canvas = images()[2]!.querySelector('canvas')!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, 2, 2);
    expect([...data]).toEqual([8, 9, 10, 11].flatMap((byte) => [byte, byte, byte, 255]));
    expect([canvas.width, canvas.style.width]).toEqual([2, '84px']);
    expect(canvas.getAttribute('aria-label')).toBe(
      'Test image 3: dog, predicted as cat with 87.5 %, loss 9.80',
    );
    expect(images()[2]!.textContent).toBe('dog → cat87.5 %loss 9.80');
  });

  test('become the current image of the page when picked', () => {
    images()[1]!.click();
    expect(app.image.value).toEqual({
      input: Uint8Array.of(4, 5, 6, 7),
      label: 1,
      source: 'test',
      prediction: null,
    });
    images()[3]!.click();
    expect(
      images()
        .map((each) => each.getAttribute('aria-pressed') === 'true')
        .indexOf(true),
    ).toBe(3);
    app.state.model.set({ ...model, version: 5, inputShape: [28, 28, 1] });
    images()[5]!.click();
    expect(app.image.value?.input).toEqual(Uint8Array.of(12, 13, 14, 15));
    expect(app.said[0]).toMatch(/another model/);
  });

  test('can be all mistakes again', async () => {
    cell(0, 1).click();
    await settled();
    button('All mistakes').click();
    await settled();
    expect(title()).toBe('Mistakes');
    expect(all('.matrix [aria-pressed="true"]')).toEqual([]);
    expect(document.activeElement).toBe(one('.evaluated-images h3'));
    expect(() => button('All mistakes')).toThrow('no button');
  });

  test('are those of the last request', async () => {
    const late: (() => void)[] = [];
    app.answers['evaluating.images'] = () => {
      const wanted = app.calls.at(-1)?.[1] as Wanted;
      return new Promise((resolve) => late.push(() => resolve(found(wanted))));
    };
    cell(0, 1).click();
    cell(1, 0).click();
    late[1]?.();
    await settled();
    late[0]?.();
    await settled();
    expect(title()).toBe('dog predicted as cat');
    expect(images()).toHaveLength(18);
  });

  test('may be none', async () => {
    app.answers['evaluating.images'] = () => found({ actual: null, predicted: null, from: 0, count: 0 }, 0);
    await run();
    expect(images()).toHaveLength(0);
    expect(one('.evaluated-images [role="status"]').textContent).toBe('No images in this test.');
  });
});

describe('the classes', () => {
  beforeEach(run);
  const rows = (): string[] => all('.classes tbody tr').map(({ textContent }) => textContent ?? '');
  const heads = (): (string | null)[] =>
    all('.classes th[scope="col"]').map((head) => head.getAttribute('aria-sort'));

  test('have metrics with bars from the tenth below the lowest', () => {
    expect(rows()[0]).toBe('cat50092.5 %96.0 %94.2 %');
    expect(one('.classes-scale').textContent).toBe('Bars span 90 % to 100 %.');
    const bar = all('.share-bar')[1]!;
    expect(bar.style.getPropertyValue('--share')).toBe('60.0%');
  });

  test('are sorted by a column, in both directions', () => {
    const names = (): string[] => rows().map((row) => row.replace(/\d.*/, ''));
    expect(heads()).toEqual(['ascending', null, null, null, null]);
    button('Recall').click();
    expect(names()).toEqual(['dog', 'cat', 'fish']);
    expect(heads()).toEqual([null, null, null, 'ascending', null]);
    button('Recall').click();
    expect(names()).toEqual(['fish', 'cat', 'dog']);
    button('Class').click();
    expect(names()).toEqual(['cat', 'dog', 'fish']);
  });

  test('show their mistakes', async () => {
    button('dog').click();
    await settled();
    expect(asked('evaluating.images').at(-1)).toEqual({ actual: 1, predicted: null, from: 0, count: 18 });
    expect(title()).toBe('Mistakes among images of dog');
  });

  test('without a value come last', () => {
    const [cat, dog, fish] = evaluation.classes as [
      TestEvaluation['classes'][0],
      ...TestEvaluation['classes'],
    ];
    const classes = [{ ...cat, precision: null }, dog!, fish!];
    for (const direction of ['ascending', 'descending'] as const)
      expect(sorted(classes, { by: 'precision', direction }).at(-1)?.label).toBe(0);
    expect(barsFrom(classes)).toBe(0);
    expect(barsFrom([{ ...fish!, recall: 1, f1: 1 }])).toBe(0.9);
    expect(barsFrom([{ ...fish!, recall: 0.9 }])).toBe(0.8);
  });
});

test('losses have few digits', () => {
  expect([4.018, 0.013, 0.0034, 0.00001, 0].map(lossText)).toEqual([
    '4.02',
    '0.01',
    '0.003',
    '< 0.0001',
    '0.00',
  ]);
});

test('axe finds no violation', async () => {
  await run();
  cell(1, 0).click();
  await settled();
  const { violations } = await axe.run(root);
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
});
