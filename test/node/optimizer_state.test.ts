/**
 * The optimizer's state over save, load and compile:
 *   trained, saved, loaded, compiled alike and trained on, a model has the bits of one that was never saved: two fits in a
 *   row, and one fit resumed from the file's checkpoint, with a schedule; compiled before or after loading
 *   another rate, or other numbers, keep the slots; another optimizer starts again and says so; a file without slots is
 *   silent; compile on a trained model starts again
 *   a model that was loaded and not compiled saves the slots again, byte for byte, unless asked not to
 *   best and last each come with their own slots; an earlier version's file takes its optimizer from model.json
 *   a damaged slot is refused, with nothing changed
 */
import { describe, expect, it, vi } from 'vitest';
import { ModelError } from '../../src/errors.js';
import { type MemoryFolder, memoryFolder } from '../../src/memory_folder.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { modelCheckpoint } from '../../src/nn/callbacks/index.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { rmsprop, sgd } from '../../src/nn/optimizers/index.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { cosineDecay } from '../../src/nn/training/schedules.js';
import type { Model } from '../../src/nn/model.js';
import { loadModel, modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { useDevice } from '../device/device.js';
import { bars, smallModel } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

const held = useDevice();
const set = bars(12);
const loss = 'sparseCategoricalCrossentropy';

function compiled(optimizer: Optimizer): Model {
  const model = smallModel();
  model.compile({ optimizer, loss });
  return model;
}

async function loaded(folder: MemoryFolder, weights = 'weights'): Promise<Model> {
  return loadModel(folder, { weights, device: held.device });
}

/** The sum of each slot's squares, by name: 0 for a fresh one. */
async function slotSizes(model: Model): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const [name, { flat }] of model.slots)
    sizes[name] = ((await flat.data()) as Float32Array).reduce((sum, value) => sum + value * value, 0);
  return sizes;
}

async function trained(folder: MemoryFolder): Promise<Model> {
  const model = compiled(rmsprop());
  await model.fit(set, { batchSize: 4 });
  await model.save(folder);
  return model;
}

describe('training continues as if never saved', () => {
  it.each<[string, () => Optimizer]>([
    ['rmsprop', () => rmsprop()],
    ['sgd with momentum', () => sgd({ momentum: 0.9, nesterov: true })],
    ['sgd', () => sgd()],
  ])('%s, fit after fit', async (_, optimizer) => {
    const folder = memoryFolder();
    const model = compiled(optimizer());
    await model.fit(set, { epochs: 2, batchSize: 4, seed: 1 });
    await model.save(folder);
    const [after, before] = [await loaded(folder), compiled(optimizer())];
    after.compile({ optimizer: optimizer(), loss });
    await before.loadWeights(folder, 'weights');
    for (const each of [model, after, before]) await each.fit(set, { epochs: 2, batchSize: 4, seed: 2 });
    expect(await weightBits(after)).toBe(await weightBits(model));
    expect(await weightBits(before)).toBe(await weightBits(model));
  });

  it('one fit in two parts, with the step count of the first', async () => {
    const optimizer = () => rmsprop({ learningRate: cosineDecay({ peak: 1e-2 }) });
    const settings = { epochs: 4, batchSize: 4, seed: 1 };
    const whole = compiled(optimizer());
    await whole.fit(set, settings);
    const folder = memoryFolder();
    const first = compiled(optimizer());
    const keep: Callback = {
      onEpochEnd: async (epoch, _, training) => {
        if (epoch === 1) await first.save(folder, { checkpoint: training.checkpoint() });
      },
    };
    await first.fit(set, { ...settings, callbacks: [keep] });
    const second = await loaded(folder);
    expect(second.checkpoint?.position).toMatchObject({ step: 6, epoch: 2 });
    second.compile({ optimizer: optimizer(), loss });
    await second.fit(set, { ...settings, resume: second.checkpoint! });
    expect(await weightBits(second)).toBe(await weightBits(whole));
    expect(second.checkpoint).toBeUndefined();
  });
});

describe('compile', () => {
  it('keeps the slots of a file for the same optimizer, whatever its numbers, until the model is trained', async () => {
    const folder = memoryFolder();
    const model = await trained(folder);
    const expected = await slotSizes(model);
    expect(expected['mean_square']).toBeGreaterThan(0);
    const again = await loaded(folder);
    for (const optimizer of [
      rmsprop(),
      rmsprop({ learningRate: 1, rho: 0.5, epsilonPlacement: 'outside' }),
    ]) {
      again.compile({ optimizer, loss });
      expect(await slotSizes(again)).toEqual(expected);
    }
    again.setWeights(await compiled(rmsprop()).weights());
    again.compile({ optimizer: rmsprop(), loss });
    expect(await slotSizes(again)).toEqual(expected);
    await again.fit(set);
    again.compile({ optimizer: rmsprop(), loss });
    expect(await slotSizes(again)).toEqual({ mean_square: 0 });
  });

  it('starts again with another optimizer, and says so', async () => {
    const folder = memoryFolder();
    await trained(folder);
    const model = await loaded(folder);
    const lines: string[] = [];
    const warn = (line: string): void => void lines.push(line);
    model.compile({ optimizer: sgd({ momentum: 0.5 }), loss, warn });
    expect(await slotSizes(model)).toEqual({ velocity: 0 });
    model.compile({ optimizer: sgd(), loss, warn });
    expect(lines).toMatchInlineSnapshot(`
      [
        "compile: the loaded file has optimizer slots of 'rmsprop' (mean_square), which 'sgd' (velocity) cannot use; training starts with new ones.",
        "compile: the loaded file has optimizer slots of 'rmsprop' (mean_square), which 'sgd' cannot use; training starts with new ones.",
      ]
    `);
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await compiled(sgd()).loadWeights(folder, 'weights');
    expect(warned.mock.calls).toMatchInlineSnapshot(`
      [
        [
          "loadWeights: the loaded file has optimizer slots of 'rmsprop' (mean_square), which 'sgd' cannot use; the model keeps its own.",
        ],
      ]
    `);
    warned.mockRestore();
    await model.fit(set, { batchSize: 4 });
  });

  it('says nothing of a file that keeps no slots', async () => {
    const folder = memoryFolder();
    const model = await trained(folder);
    await model.save(folder, { includeOptimizer: false });
    const again = await loaded(folder);
    const warn = vi.fn<(line: string) => void>();
    for (const optimizer of [sgd({ momentum: 0.5 }), rmsprop()]) again.compile({ optimizer, loss, warn });
    expect(warn).not.toHaveBeenCalled();
    expect(await slotSizes(again)).toEqual({ mean_square: 0 });
  });
});

describe('files', () => {
  it('are saved again byte for byte by a model that was never compiled', async () => {
    const bytes = await modelFile(await trained(memoryFolder()));
    const model = modelFromFile(bytes, { device: held.device });
    expect(await modelFile(model)).toEqual(bytes);
    const folder = memoryFolder();
    await model.save(folder);
    expect(await modelFile(await loaded(folder))).toEqual(bytes);
    const without = readSafetensors(await modelFile(model, { includeOptimizer: false }), 'x');
    expect([...without.tensors.keys()].filter((name) => name.startsWith('mean_square'))).toEqual([]);
  });

  it('best and last come each with its own slots', async () => {
    const folder = memoryFolder();
    const model = compiled(rmsprop());
    const sizes: Record<string, number>[] = [];
    await model.fit(set, {
      epochs: 2,
      batchSize: 4,
      callbacks: [
        { onEpochEnd: async () => void sizes.push(await slotSizes(model)) },
        // The first epoch is never beaten.
        modelCheckpoint({
          folder,
          monitor: 'loss',
          mode: 'max',
          saveBestOnly: true,
          initialValueThreshold: 0,
        }),
        { onEpochEnd: async (epoch) => (epoch === 1 ? model.save(folder) : undefined) },
      ],
    });
    for (const [weights, size] of [
      ['best', sizes[0]],
      ['weights', sizes[1]],
    ] as const) {
      const found = await loaded(folder, weights);
      found.compile({ optimizer: rmsprop(), loss });
      expect(await slotSizes(found)).toEqual(size);
    }
    expect(sizes[0]).not.toEqual(sizes[1]);
  });

  it('of an earlier version, without a description, go by model.json', async () => {
    const folder = memoryFolder();
    const expected = await slotSizes(await trained(folder));
    const { tensors } = readSafetensors(folder.files.get('weights.safetensors')!, 'x');
    await folder.write('weights.safetensors', writeSafetensors(tensors, {}));
    const model = await loaded(folder);
    model.compile({ optimizer: rmsprop(), loss });
    expect(await slotSizes(model)).toEqual(expected);
    const lines: string[] = [];
    model.compile({ optimizer: sgd(), loss, warn: (line) => lines.push(line) });
    expect(lines).toHaveLength(1);
  });

  it('with a damaged slot are refused, and change nothing', async () => {
    const folder = memoryFolder();
    await trained(folder);
    const { tensors, metadata } = readSafetensors(folder.files.get('weights.safetensors')!, 'x');
    const damaged = new Map(tensors);
    damaged.delete('mean_square/dense/bias');
    await folder.write('weights.safetensors', writeSafetensors(damaged, metadata));
    await expect(loaded(folder)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ModelError: model: memory/weights.safetensors does not fit: 'mean_square/dense/bias' is missing, expected [8] F32.]`,
    );
    const model = compiled(rmsprop());
    const before = await weightBits(model);
    await expect(model.loadWeights(folder, 'weights')).rejects.toThrow(ModelError);
    expect(await weightBits(model)).toBe(before);
  });
});
