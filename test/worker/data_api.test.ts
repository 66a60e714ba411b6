/**
 * The worker's calls about data sets, samples and previews (web/worker/data.ts), on a device:
 *   descriptions; samples by seed, class and split, never more than there are
 *   samples come from the named data set; by default from that of the settings
 *   previews equal the previewer's, also for concurrent calls of which one is invalid, and on a new device
 *   files become `custom`; errors without a device or files, and for invalid numbers
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open } from '../../src/browser/open.js';
import { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { Device } from '../../src/engine/device.js';
import { DataError } from '../../src/errors.js';
import { filters } from '../../src/nn/samples/preprocessing.js';
import { makeRecipe } from '../../src/recipe/make_recipe.js';
import type { DataApi, PreviewOptions, Settings } from '../../web/protocol.js';
import type { Context } from '../../web/worker/context.js';
import { dataOf } from '../../web/worker/data.js';
import { Previewer } from '../../web/worker/data_preview.js';

let device: Device;
beforeAll(async () => {
  device = await open();
});
afterAll(() => device.destroy());

/** 5×4 pixels; every third image has the second class. */
function setOf(count: number, first: number): ImageSet {
  return new ImageSet({
    images: Uint8Array.from({ length: count * 20 }, (_, i) => (first + i * 7) % 256),
    labels: Uint8Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    height: 5,
    width: 4,
    channels: 1,
    classNames: ['no', 'yes'],
  });
}

const sets: Record<Settings['dataset'], LoadedDataset | undefined> = {
  digits: { name: 'digits', format: 'idx', source: 'here', train: setOf(30, 1), test: setOf(9, 2) },
  fashion: { name: 'fashion', format: 'idx', source: 'there', train: setOf(12, 3) },
  custom: undefined,
};

function worker({
  on = { current: device },
  dataset = 'digits',
}: { on?: Context['device']; dataset?: Settings['dataset'] } = {}): DataApi {
  const context = {
    device: on,
    trainer: { settings: makeRecipe({ dataset, preset: 'quick', limit: null, seed: 1 }) },
    data: {
      get: async (name: Settings['dataset']) => sets[name],
      test: async (name: Settings['dataset']) => {
        const { test } = sets[name]!;
        if (test) return test;
        throw new DataError('no test part');
      },
    },
    images: { use: (images: LoadedDataset) => void (sets.custom = images) },
  };
  return dataOf(context as unknown as Context);
}

describe('a data set', () => {
  it('is described', async () => {
    expect(await worker().describe('digits')).toEqual({
      name: 'digits',
      classNames: ['no', 'yes'],
      height: 5,
      width: 4,
      channels: 1,
      trainCounts: [20, 10],
      testCounts: [6, 3],
      source: 'here',
    });
    expect((await worker().describe('fashion')).testCounts).toBe(null);
  });

  it('has samples that depend on the seed', async () => {
    const api = worker();
    const take = (options: object) =>
      api.samples({ part: 'train', count: 8, label: null, seed: 1, ...options });
    const found = await take({});
    const { train, test } = sets.digits as Required<LoadedDataset>;
    expect(found).toMatchObject({ count: 8, height: 5, width: 4, channels: 1 });
    expect(new Set(found.indices).size).toBe(8);
    expect(found.pixels).toEqual(train.select(found.indices).images);
    expect(found.labels).toEqual(train.select(found.indices).labels);
    expect(await take({})).toEqual(found);
    expect((await take({ seed: 2 })).indices).not.toEqual(found.indices);
    expect((await take({ count: 3 })).indices).toEqual(found.indices.slice(0, 3));
    const yes = await take({ label: 1, count: 100 });
    expect(yes.indices.toSorted((a, b) => a - b)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
    expect([...yes.labels!]).toEqual(Array.from({ length: 10 }, () => 1));
    const tested = await take({ part: 'test', count: 100 });
    expect(tested.count).toBe(9);
    expect(tested.pixels).toEqual(test.select(tested.indices).images);
  });

  it('defaults to that of the settings', async () => {
    const api = worker();
    const all = { part: 'train', count: 100, label: null, seed: 1 } as const;
    expect((await api.samples(all)).count).toBe(30);
    expect((await api.samples({ ...all, dataset: 'fashion' })).count).toBe(12);
    await api.describe('fashion');
    expect((await api.samples(all)).count).toBe(30);
    await expect(api.samples({ ...all, dataset: 'fashion', part: 'test' })).rejects.toThrow('no test part');
  });

  it('with only one class is rejected', async () => {
    const before = sets.custom;
    const file = new File(['label,pixel0\n1,5\n1,6\n1,7'], 'ones.csv');
    await expect(worker().open([file])).rejects.toThrow("ones: all 3 images are of one class, '1', ");
    expect(sets.custom).toBe(before);
  });

  it('without a test split has the images that training leaves out', async () => {
    sets.custom = { name: 'mine', format: 'csv', source: 'here', train: setOf(60, 4) };
    const api = worker({ dataset: 'custom' });
    const { count } = await api.samples({ part: 'test', count: 100, label: null, seed: 1 });
    expect(count).toBe(6);
    sets.custom = undefined;
  });

  it('can be opened from files', async () => {
    const api = worker();
    const rows = [1, 0, 1].map((label, i) => [label, i, 2, 3, 4].join());
    const file = new File([['label,pixel0,pixel1,pixel2,pixel3', ...rows].join('\n')], 'mine.csv');
    const info = await api.open([file]);
    expect(info).toMatchObject({ name: 'mine', height: 2, width: 2, trainCounts: [1, 2] });
    expect(await api.describe('custom')).toEqual(info);
    const found = await api.samples({ dataset: 'custom', part: 'train', count: 5, label: 0, seed: 1 });
    expect([...found.pixels]).toEqual([1, 2, 3, 4]);
    await expect(api.open([])).rejects.toThrow(/files: there are none/);
  });
});

describe('a preview', () => {
  const options: PreviewOptions = {
    indices: [3, 1, 4],
    part: 'train',
    augmentation: { rotation: 20, widthShift: 0.2 },
    filters: [filters.blur(1)],
    seed: 5,
    variants: 2,
  };
  const expected = async (wanted: PreviewOptions, on = device): Promise<Uint8Array> => {
    const previewer = new Previewer(on);
    const pixels = await previewer.run(sets.digits!.train.select(wanted.indices), wanted, wanted);
    previewer.dispose();
    return pixels;
  };

  it('equals the previewer’s result', async () => {
    const found = await worker().preview(options);
    expect(found).toMatchObject({ count: 6, height: 5, width: 4, channels: 1, labels: null });
    expect(found.pixels).toEqual(await expected(options));
  });

  it('is right among concurrent previews', async () => {
    const api = worker();
    const others = { ...options, indices: [0, 2, 5], seed: 6 };
    const wrong = { ...options, augmentation: { rotation: 999 } };
    const [first, failed, second, third] = await Promise.allSettled(
      [options, wrong, others, { ...options, variants: 1 }].map((each) => api.preview(each)),
    );
    expect(failed!.status).toBe('rejected');
    const pixels = [first, second, third].map((each) => each!.status === 'fulfilled' && each!.value.pixels);
    expect(pixels).toEqual([
      await expected(options),
      await expected(others),
      await expected({ ...options, variants: 1 }),
    ]);
  });

  it('works on a new device after a loss', async () => {
    const first = await open();
    const on = { current: first };
    const api = worker({ on });
    await api.preview(options);
    first.destroy();
    await expect(api.preview(options)).rejects.toThrow(/lost/);
    on.current = device;
    expect((await api.preview(options)).pixels).toEqual(await expected(options));
  });

  it('rejects invalid requests', async () => {
    const without = worker({ on: { current: undefined } });
    await expect(without.preview(options)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: Previews need WebGPU: the kernels of training compute them.]`,
    );
    const api = worker();
    await expect(api.preview({ ...options, variants: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: preview: got 0 variants of 3 images, expected 1 or more of each.]`,
    );
    await expect(api.preview({ ...options, indices: [99] })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: ImageSet: there is no image 99; the set holds 0 to 29.]`,
    );
  });
});
