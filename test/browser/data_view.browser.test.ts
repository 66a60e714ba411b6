/**
 * The section Data, in Chromium with a fake worker (web/views/data.ts):
 *   makes no request before the section is visible and the worker has started; then one per data set; retries on request
 *   counts per class with bars; samples of all classes, of one class, of the test split, more samples
 *   sliders: values as text; each move requests previews, one at a time, and skips all waiting requests but the last
 *   previews: originals beside variants, painted exactly; errors are shown; no previews without a device
 *   presets as starting points; applied to the settings once; settings changed elsewhere move the sliders
 *   custom files become the data set; if they are invalid, an error is shown, and the previous data set again
 *   axe finds no violation
 */
import axe from 'axe-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { presetFor } from '../../src/recipe/presets.js';
import type { DataApi, DataInfo, PreviewOptions } from '../../web/protocol.js';
import { withPreset } from '../../web/settings.js';
import { dataView } from '../../web/views/data.js';
import { type FakeApp, fakeApp } from './fake_app.js';

const digits: DataInfo = {
  name: 'digits',
  classNames: ['0', '1', '2'],
  height: 2,
  width: 2,
  channels: 1,
  trainCounts: [4000, 2000, 1000],
  testCounts: [100, 200, 50],
  source: 'http://127.0.0.1/data/digits/',
};
const device = {
  info: { name: 'it', vendor: '', architecture: '', family: 'gpu', subgroupSize: 4, hasTimestamps: false },
  problem: null,
};

type SampleOptions = Parameters<DataApi['samples']>[0];

let root: HTMLElement;
let app: FakeApp;

beforeEach(() => {
  app = fakeApp();
  root = document.createElement('section');
  root.id = 'data';
  document.body.append(root);
  const last = (): unknown => app.calls.at(-1)?.[1];
  app.answers['data.describe'] = () => ({ ...digits, name: last() as string });
  app.answers['data.samples'] = () => {
    const { count, label, seed } = last() as SampleOptions;
    const indices = Array.from({ length: count }, (_, i) => 100 * seed + i);
    const pixels = Uint8Array.from({ length: count * 4 }, (_, i) => i);
    const labels = Uint8Array.from(indices, (_, i) => label ?? i % 3);
    return { pixels, labels, indices, count, height: 2, width: 2, channels: 1 };
  };
  app.answers['data.preview'] = () => previewed(last() as PreviewOptions);
  dataView(root, app);
});
afterEach(() => root.remove());

/** Image n, variant v: all pixels are 10·n + v + 1. */
function previewed({ indices, variants }: PreviewOptions) {
  const count = indices.length * variants;
  const pixels = Uint8Array.from({ length: count * 4 }, (_, i) => {
    const place = Math.floor(i / 4);
    return 10 * Math.floor(place / variants) + (place % variants) + 1;
  });
  return { pixels, labels: null, count, height: 2, width: 2, channels: 1 };
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
/** Waits until the section's IntersectionObserver has reported. */
const seen = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  await settled();
};
const asked = <Given>(name: string): Given[] =>
  app.calls.filter(([called]) => called === name).map((call) => call[1] as Given);
const button = (text: string): HTMLButtonElement => {
  const match = all<HTMLButtonElement>('button').find((each) => each.textContent === text);
  if (!match) throw new Error(`the view has no button '${text}'`);
  return match;
};
const field = (title: string): HTMLInputElement => {
  const label = all('label').find(({ textContent }) => textContent?.trim().startsWith(title));
  // A select has all properties that the tests use.
  return label?.querySelector('input, select') as HTMLInputElement;
};
function slide(title: string, value: number): void {
  const input = field(title);
  input.value = String(value);
  input.dispatchEvent(new Event('input', { bubbles: true }));
}
const valueText = (title: string): string => field(title).getAttribute('aria-valuetext') ?? '';
const choose = (title: string, value: string): void => {
  const select = field(title);
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
};
const byteOf = (canvas: HTMLCanvasElement): number =>
  canvas.getContext('2d')!.getImageData(0, 0, 1, 1).data[0]!;
const words = (): string => one('[role="status"]').textContent ?? '';
const recipe = (): unknown => {
  const { augmentation, filters } = asked<PreviewOptions>('data.preview').at(-1)!;
  return { augmentation, filters };
};

async function shown(): Promise<void> {
  app.state.device.set(device);
  await seen();
}

describe('the data set', () => {
  test('is not requested before the worker has started, and then once', async () => {
    await seen();
    expect(app.calls).toEqual([]);
    await shown();
    app.state.device.set(device);
    app.settings.set({ ...app.settings.value, seed: 7 });
    await settled();
    expect(asked('data.describe')).toEqual(['digits']);
    expect(words()).toMatch(
      /^Digits.*: 7,000 training images and 350 test images, 2 × 2 pixels, greyscale, 3 classes\.$/,
    );
  });

  test('follows the settings', async () => {
    await shown();
    app.settings.set({ ...app.settings.value, dataset: 'fashion' });
    await settled();
    expect(asked('data.describe')).toEqual(['digits', 'fashion']);
  });

  test('that could not be loaded can be requested again', async () => {
    const answer = app.answers['data.describe']!;
    app.answers['data.describe'] = () => {
      throw new Error('no server');
    };
    await shown();
    expect(words()).toBe('no server');
    expect(one('.data-shown').hidden).toBe(true);
    app.answers['data.describe'] = answer;
    button('Try again').click();
    await settled();
    expect(one('.data-shown').hidden).toBe(false);
    expect(app.said).toEqual([]);
  });

  test('has counts with bars', async () => {
    await shown();
    expect(all('.counts tbody tr').map(({ textContent }) => textContent)).toEqual([
      '04,000100',
      '12,000200',
      '21,00050',
    ]);
    const bars = all('.count-bar').map(({ style }) => style.getPropertyValue('--share'));
    expect(bars).toEqual(['100.0%', '50.0%', '50.0%', '100.0%', '25.0%', '25.0%']);
  });

  test('has samples of all classes, of one class, of the test split, and more', async () => {
    await shown();
    const [first] = asked<SampleOptions>('data.samples');
    expect(first).toEqual({ dataset: 'digits', part: 'train', count: 40, label: null, seed: 1 });
    expect(all('.image-grid canvas')[5]?.getAttribute('aria-label')).toBe('Image 106: 2');
    const next = async (act: () => void): Promise<SampleOptions> => {
      act();
      await settled();
      return asked<SampleOptions>('data.samples').at(-1)!;
    };
    expect(await next(() => button('1').click())).toMatchObject({ label: 1, seed: 1 });
    expect(all('.counts [aria-pressed="true"]')).toEqual([button('1')]);
    expect(await next(() => button('Show more').click())).toMatchObject({ label: 1, seed: 2 });
    expect(await next(() => choose('Part', 'test'))).toMatchObject({ part: 'test', label: 1 });
    expect(await next(() => choose('Class', 'all'))).toMatchObject({ part: 'test', label: null });
    expect(all('.counts [aria-pressed="true"]')).toEqual([]);
  });
});

describe('previews', () => {
  beforeEach(shown);

  test('show originals beside their variants', () => {
    const { indices, variants, part, dataset } = asked<PreviewOptions>('data.preview').at(-1)!;
    expect([indices, variants, part, dataset]).toEqual([[100, 101, 102, 103], 4, 'train', 'digits']);
    const rows = Array.from({ length: 4 }, (_, n) =>
      all<HTMLCanvasElement>('.previews canvas').slice(5 * n, 5 * n + 5),
    );
    expect(rows.map((row) => row.map(byteOf))).toEqual([
      [0, 1, 2, 3, 4],
      [4, 11, 12, 13, 14],
      [8, 21, 22, 23, 24],
      [12, 31, 32, 33, 34],
    ]);
    expect(rows[1]?.map((canvas) => canvas.getAttribute('aria-label')).slice(0, 2)).toEqual([
      '1, original',
      '1, variant 1',
    ]);
  });

  test('follow every control', async () => {
    for (const [title, value, expected, text] of [
      ['Shift across', 15, { widthShift: 0.15 }, '±15 %'],
      ['Shift down', 5, { heightShift: 0.05 }, '±5 %'],
      ['Rotation', 12, { rotation: 12 }, '±12°'],
      ['Zoom', 20, { zoom: 0.2 }, '±20 %'],
      ['Brightness', 30, { brightness: 0.3 }, '±30 %'],
      ['Contrast', 40, { contrast: 0.4 }, '±40 %'],
      ['Erasing', 50, { erasing: { probability: 0.5 } }, 'in 50 % of images'],
    ] as const) {
      slide(title, value);
      await settled();
      expect(recipe()).toEqual({ augmentation: expected, filters: [] });
      expect(valueText(title)).toBe(text);
      slide(title, 0);
      await settled();
      expect([recipe(), valueText(title)]).toEqual([{ augmentation: null, filters: [] }, 'off']);
    }
    slide('Blur', 8);
    slide('Sharpen', 2);
    await settled();
    expect(recipe()).toMatchObject({
      filters: [
        { name: 'blur', iterations: 8 },
        { name: 'sharpen', iterations: 2 },
      ],
    });
    expect([valueText('Blur'), valueText('Sharpen')]).toEqual(['σ 2.0 px', '2×']);
    field('Horizontally').click();
    slide('Rotation', 3);
    choose('Fill empty edges', 'reflect');
    await settled();
    expect(recipe()).toMatchObject({ augmentation: { horizontalFlip: true, rotation: 3, fill: 'reflect' } });
  });

  test('are computed one at a time, skipping all waiting requests but the last', async () => {
    const ends: (() => void)[] = [];
    app.answers['data.preview'] = () => {
      const options = app.calls.at(-1)?.[1] as PreviewOptions;
      return new Promise((resolve) => ends.push(() => resolve(previewed(options))));
    };
    const before = asked('data.preview').length;
    for (let degrees = 1; degrees <= 20; degrees++) slide('Rotation', degrees);
    await settled();
    expect(asked('data.preview')).toHaveLength(before + 1);
    ends.shift()?.();
    await settled();
    const seeds = asked<PreviewOptions>('data.preview').slice(before);
    expect(seeds.map(({ augmentation }) => augmentation)).toEqual([{ rotation: 1 }, { rotation: 20 }]);
  });

  test('can be drawn again, and of other images', async () => {
    const seeds = (): number[] => asked<PreviewOptions>('data.preview').map(({ seed }) => seed);
    button('New variations').click();
    await settled();
    expect(seeds().at(-1)).toBe(2);
    button('Other images').click();
    await settled();
    expect(asked<PreviewOptions>('data.preview').at(-1)?.indices).toEqual([200, 201, 202, 203]);
  });

  test('show errors in place', async () => {
    const answer = app.answers['data.preview']!;
    app.answers['data.preview'] = () => {
      throw new Error('too far');
    };
    const problem = (): string => one('.previews-room [role="status"]').textContent ?? '';
    slide('Rotation', 3);
    await settled();
    expect([problem(), app.said]).toEqual(['too far', []]);
    app.answers['data.preview'] = answer;
    slide('Rotation', 4);
    await settled();
    expect(problem()).toBe('');
    const { length } = asked('data.preview');
    app.state.device.set({ info: null, problem: 'none' });
    await settled();
    expect(problem()).toMatch(/need WebGPU/);
    expect(asked('data.preview')).toHaveLength(length);
  });
});

describe('the settings', () => {
  beforeEach(shown);
  const use = (): HTMLButtonElement => button('Use for the next training');
  const isUsed = (): boolean => use().getAttribute('aria-disabled') === 'true';
  const begins = (): (string | null)[] =>
    ['Nothing', 'Corrected', 'Paper'].map((name) => button(name).getAttribute('aria-pressed'));

  test('receive the recipe, which may start from a preset', async () => {
    expect([isUsed(), begins()]).toEqual([true, ['true', 'false', 'false']]);
    button('Corrected').click();
    expect([isUsed(), begins(), valueText('Rotation')]).toEqual([false, ['false', 'true', 'false'], '±10°']);
    slide('Rotation', 20);
    expect(begins()).toEqual(['false', 'false', 'false']);
    use().click();
    const { augmentation } = presetFor('corrected', 'digits');
    expect(app.settings.value.augmentation).toEqual({ ...augmentation, rotation: 20 });
    expect(isUsed()).toBe(true);
    const now = app.settings.value;
    use().click();
    expect(app.settings.value).toBe(now);
  });

  test('receive the exact values of a preset', () => {
    app.settings.set(withPreset(app.settings.value, 'paper'));
    slide('Rotation', 9);
    use().click();
    slide('Rotation', 8);
    use().click();
    expect(app.settings.value.augmentation).toBe(presetFor('paper', 'digits').augmentation);
  });

  test('move the sliders when they change elsewhere, and only then', () => {
    slide('Zoom', 30);
    app.settings.set({ ...app.settings.value, epochs: 9 });
    expect(valueText('Zoom')).toBe('±30 %');
    app.settings.set({ ...app.settings.value, augmentation: { rotation: 90 }, filters: [] });
    expect([valueText('Zoom'), valueText('Rotation')]).toEqual(['off', '±90°']);
    expect(field('Rotation').max).toBe('90');
  });
});

describe('custom files', () => {
  beforeEach(shown);
  async function give(name: string): Promise<void> {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['label,pixel0\n'], name));
    const input = one('.custom-files input') as HTMLInputElement;
    input.files = transfer.files;
    input.dispatchEvent(new Event('change'));
    await settled();
  }

  test('become the data set', async () => {
    app.answers['data.open'] = () => ({
      ...digits,
      name: 'mine',
      channels: 3,
      testCounts: null,
      source: 'mine.csv',
    });
    await give('mine.csv');
    expect(asked<File[]>('data.open')[0]?.map(({ name }) => name)).toEqual(['mine.csv']);
    expect(app.settings.value.dataset).toBe('custom');
    expect(words()).toBe('mine: 7,000 training images and no test images, 2 × 2 pixels, colour, 3 classes.');
    expect(asked('data.describe')).toEqual(['digits']);
    expect(all('.counts th[scope="col"]').map(({ textContent }) => textContent)).toEqual([
      'Class',
      'Training',
    ]);
  });

  test('that are not images leave the previous data set', async () => {
    app.answers['data.open'] = () => {
      throw new Error('no images in it');
    };
    await give('song.mp3');
    expect(app.said).toEqual(['no images in it']);
    expect(app.settings.value.dataset).toBe('digits');
    expect(words()).toMatch(/^Digits.*7,000 training images/);
  });
});

test('axe finds no violation', async () => {
  await shown();
  slide('Rotation', 20);
  await settled();
  const { violations } = await axe.run(root);
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
});
