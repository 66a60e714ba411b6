/**
 * The page's test of its model (web/worker/evaluating.ts), against src/report/evaluation.ts over the same probabilities:
 *   figures, matrix and classes of all images, and of the first ones; progress begins at 0, grows and ends at the whole
 *   the images of every cell are as many as the matrix says; theirs are the set's pixels; all losses' mean is the loss
 *   the weights are read between two steps: writes during the test change nothing
 *   stopped, it is the test of the images that were judged; two at once are refused
 *   without a device, without a test before, with a wrong number, images of another size, on a lost device: a sentence
 *   nothing stays on the device
 */
import { describe, expect, it } from 'vitest';
import { classScores, evaluate } from '../../src/report/evaluation.js';
import type { ImageSet } from '../../src/data/dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Model } from '../../src/nn/model.js';
import type { Context } from '../../web/worker/context.js';
import { evaluating } from '../../web/worker/evaluating.js';
import { useDevice } from '../device/device.js';
import { open } from '../device/open.js';
import { bars, smallModel } from '../device/small_model.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { registerLayers } from '../../src/nn/layers/registry.js';

// The worker registers them with the part that holds the model.
registerLayers(layerClasses);

const held = useDevice();
const silent = (): void => undefined;

/** As much of the worker as a test needs. */
function contextOf(
  device: Device | undefined,
  model: Model,
  images: ImageSet,
): Context & { readonly trainer: { readonly reads: number } } {
  const trainer = {
    settings: { dataset: 'digits' },
    reads: 0,
    betweenSteps: async (task: () => Promise<unknown>) => {
      trainer.reads++;
      return task();
    },
  };
  const context = {
    device: { current: device },
    current: { model, version: 7, weights: async () => model.weights() },
    data: { test: async () => images },
    trainer,
  };
  return context as unknown as ReturnType<typeof contextOf>;
}

const all = { actual: null, predicted: null, from: 0, count: 1000 };

describe('the test of the model that predicts', () => {
  it('is that of the report', async () => {
    const images = bars(300);
    const model = smallModel({ device: held.device, seed: 3 });
    const context = contextOf(held.device, model, images);
    const api = evaluating(context);
    const told: [number, number][] = [];
    const found = await api.run({ count: null }, (done, total) => told.push([done, total]));
    const expected = evaluate(images.labels, await model.predict(images), 3, { seed: 1 });
    const { loss, accuracy, confusion } = expected;
    expect(found).toMatchObject({ modelVersion: 7, count: 300, loss, accuracy, confusion });
    expect(found.classes).toEqual(classScores(confusion));
    expect(context.trainer.reads).toBe(1);
    expect(told[0]).toEqual([0, 300]);
    expect(told.at(-1)).toEqual([300, 300]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).toSorted((a, b) => a - b));

    let [sum, counted] = [0, 0];
    for (const [actual, row] of confusion.entries()) {
      for (const [predicted, count] of row.entries()) {
        const cell = await api.images({ ...all, actual, predicted });
        expect(cell.total).toBe(count);
        expect(cell.found).toHaveLength(count);
        for (const [i, each] of cell.found.entries()) {
          const pixels = cell.images.pixels.subarray(i * 64, (i + 1) * 64);
          expect(pixels).toEqual(images.image(each.index));
          expect([each.actual, each.predicted]).toEqual([images.labels[each.index], predicted]);
          sum += each.loss;
          counted++;
        }
      }
    }
    expect(counted).toBe(300);
    expect(sum / counted).toBeCloseTo(loss, 10);

    const mistakes = await api.images(all);
    expect(mistakes.total).toBe(Math.round(300 * (1 - accuracy)));
    expect(mistakes.total).toBeGreaterThan(20);
    const losses = mistakes.found.map((each) => each.loss);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    const later = await api.images({ ...all, from: 5, count: 3 });
    expect(later.found).toEqual(mistakes.found.slice(5, 8));
    expect(later.images.count).toBe(3);
    expect((await api.images({ ...all, from: mistakes.total })).found).toEqual([]);
  });

  it('takes the first images where fewer are wanted', async () => {
    const images = bars(50);
    const model = smallModel({ device: held.device });
    const api = evaluating(contextOf(held.device, model, images));
    const found = await api.run({ count: 20 }, silent);
    const first = images.select(Array.from({ length: 20 }, (_, i) => i));
    const { confusion } = evaluate(first.labels, await model.predict(first), 3, { seed: 1 });
    expect(found.confusion).toEqual(confusion);
    expect((await api.run({ count: 1000 }, silent)).count).toBe(50);
  });

  it('evaluates all images with the same weights', async () => {
    const images = bars(120);
    const model = smallModel({ device: held.device, seed: 3 });
    const expected = evaluate(images.labels, await model.predict(images), 3, { seed: 1 });
    const other = await smallModel({ device: held.device, seed: 8 }).weights();
    const api = evaluating(contextOf(held.device, model, images));
    // WorkerState for the first time before the first batch.
    const found = await api.run({ count: null }, () => model.setWeights(other));
    expect(found.loss).toBe(expected.loss);
    expect((await api.run({ count: null }, silent)).loss).not.toBe(expected.loss);
  });

  it('ends where it is stopped, with what was judged', async () => {
    const images = bars(700);
    const model = smallModel({ device: held.device, seed: 3 });
    const api = evaluating(contextOf(held.device, model, images));
    const found = await api.run({ count: null }, () => void api.stop());
    expect(found.count).toBeGreaterThan(0);
    expect(found.count).toBeLessThan(700);
    const first = images.select(Array.from({ length: found.count }, (_, i) => i));
    const { confusion } = evaluate(first.labels, await model.predict(first), 3, { seed: 1 });
    expect(found.confusion).toEqual(confusion);
    expect((await api.run({ count: null }, silent)).count).toBe(700);
  });

  it('leaves nothing on the device', async () => {
    const api = evaluating(contextOf(held.device, smallModel({ device: held.device }), bars(60)));
    const allocated: number[] = [];
    for (let i = 0; i < 3; i++) {
      await api.run({ count: null }, silent);
      allocated.push(held.device.allocatedBytes);
    }
    expect(allocated[2]).toBeLessThanOrEqual(allocated[0]!);
  });

  it('says what is wrong', async () => {
    const model = smallModel({ device: held.device });
    const api = evaluating(contextOf(held.device, model, bars(30)));
    await expect(api.images(all)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: Nothing has been tested yet. Run a test first.]`,
    );
    await expect(api.run({ count: 0 }, silent)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: test: count is 0, expected a positive integer, or null for all.]`,
    );
    const first = api.run({ count: null }, silent);
    await expect(api.run({ count: null }, silent)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: A test is already running. Stop it, or wait for it to end.]`,
    );
    expect((await first).count).toBe(30);
    const without = evaluating(contextOf(undefined, model, bars(30)));
    await expect(without.run({ count: null }, silent)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: Testing needs WebGPU: thousands of images are too slow in plain JavaScript.]`,
    );
    const { images, labels, classNames } = bars(30);
    const flat = { images, labels, classNames, height: 4, width: 16, channels: 1, count: 30 };
    const others = evaluating(contextOf(held.device, model, flat as unknown as ImageSet));
    await expect(others.run({ count: null }, silent)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: test: the images are [4,16,1] but the model takes [8,8,1].]`,
    );
  });

  it('says that the network yields no numbers', async () => {
    const model = smallModel({ device: held.device });
    const weights = await model.weights();
    model.setWeights(new Map([...weights].map(([name, values]) => [name, values.fill(NaN)])));
    const api = evaluating(contextOf(held.device, model, bars(30)));
    await expect(api.run({ count: null }, silent)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: The network outputs NaN; its training probably diverged. Train again with a smaller learning rate.]`,
    );
  });

  it('says that the device was lost', async () => {
    const device = await open();
    const model = smallModel({ device });
    const api = evaluating(contextOf(device, model, bars(600)));
    await model.weights();
    const run = api.run({ count: null }, () => device.destroy());
    await expect(run).rejects.toThrow(/The graphics device was lost during the test\./);
  });

  it('says so in the same words whatever the driver says, and passes other failures on', async () => {
    const device = await open();
    const context = contextOf(device, smallModel({ device }), bars(30));
    const fails = (text: string): void =>
      void Object.assign(context.current, { weights: async () => Promise.reject(new Error(text)) });
    fails('no room');
    await expect(evaluating(context).run({ count: null }, silent)).rejects.toThrow('no room');
    fails('A valid external Instance reference no longer exists.');
    device.destroy();
    await expect(evaluating(context).run({ count: null }, silent)).rejects.toThrow(
      'The graphics device was lost during the test. Test again once it is back.',
    );
  });
});
