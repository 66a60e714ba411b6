/**
 * A whole model in one file, in Node and in Chromium alike:
 *   weights, moving statistics and optimizer slots come back bit for bit, and a second file is the first, byte for byte
 *   the bytes are the same on every platform (their digest is pinned), so what one writes the other reads
 *   save writes it with the options that it is given
 *   the file is the one that save and checkpoints write; loadModel takes it by its path, without model.json
 *   files of earlier versions, without a description, load beside their model.json only
 *   loading a file that does not fit or is damaged throws an error with its name and the reason, and leaves nothing allocated
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ModelError, UsageError } from '../../src/errors.js';
import { setFolderOpener } from '../../src/folder.js';
import { type MemoryFolder, memoryFolder } from '../../src/memory_folder.js';
import { modelCheckpoint } from '../../src/nn/callbacks/index.js';
import { batchNormalization, conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { loadModel, modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { useDevice } from './device.js';
import { bars, smallModel } from './small_model.js';
import { weightBits } from './weight_bits.js';

const held = useDevice();

/** With moving statistics, an optimizer's slots, filters and a name. */
function ownModel(seed = 5): Model {
  const model = sequential(
    [
      conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1] }),
      batchNormalization(),
      flatten(),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { name: 'own', seed, preprocessing: preprocessing({ filters: [filters.blur(1)] }), device: held.device },
  );
  model.compile({ optimizer: rmsprop({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The file as an earlier version wrote it. */
function withoutDescription(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = readSafetensors(bytes, 'x');
  return writeSafetensors(
    tensors,
    Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== 'model')),
  );
}

describe('a model in one file', () => {
  it('comes back bit for bit, and its file byte for byte', async () => {
    const model = ownModel();
    await model.fit(bars(9), { batchSize: 4 });
    const bytes = await modelFile(model);
    const loaded = modelFromFile(bytes, { device: held.device });
    expect(await weightBits(loaded)).toBe(await weightBits(model));
    expect([loaded.name, loaded.preprocessing]).toEqual(['own', model.preprocessing]);
    expect(loaded.summary(() => undefined)).toBe(model.summary(() => undefined));
    loaded.compile({ optimizer: model.optimizer, loss: 'sparseCategoricalCrossentropy' });
    loaded.takeWeights(readSafetensors(bytes, 'x'), 'x');
    expect(await modelFile(loaded)).toEqual(bytes);
  });

  it('has the same bytes on every platform', async () => {
    const model = ownModel();
    expect(await sha256(await modelFile(model))).toMatchInlineSnapshot(
      `"13296e71b010dd7aef7bf4b815309f01e1297aa6ec59ce607cb954122b7eb20a"`,
    );
  });

  it('leaves the optimizer out when asked to, and keeps notes', async () => {
    const model = smallModel();
    await model.fit(bars(9), { batchSize: 4 });
    const bytes = await modelFile(model, {
      includeOptimizer: false,
      metadata: { note: 'ours', model: 'not this' },
    });
    const { tensors, metadata } = readSafetensors(bytes, 'x');
    expect([...tensors.keys()].filter((name) => name.startsWith('mean_square'))).toEqual([]);
    expect([metadata['note'], metadata['format']]).toEqual(['ours', 'shadegrad 1']);
    expect(JSON.parse(metadata['model']!)).toEqual(JSON.parse(JSON.stringify(model.toJson())));
  });
});

it('save takes the options of a file', async () => {
  const model = smallModel();
  await model.fit(bars(9), { batchSize: 4 });
  for (const options of [{ includeOptimizer: false, metadata: { note: 'ours' } }, {}]) {
    const folder = memoryFolder();
    await model.save(folder, options);
    expect([...folder.files.keys()]).toEqual(['model.json', 'weights.safetensors']);
    expect(folder.files.get('weights.safetensors')).toEqual(await modelFile(model, options));
  }
});

describe('loadModel by the path of a file', () => {
  let disk: Map<string, MemoryFolder>;
  /** A model in `runs/x`, as a training leaves it. */
  async function train(): Promise<Model> {
    disk = new Map();
    setFolderOpener((path) => {
      const folder = disk.get(path.replace(/\/$/, '')) ?? memoryFolder(path);
      disk.set(path.replace(/\/$/, ''), folder);
      return folder;
    });
    const model = ownModel();
    const folder = memoryFolder('runs/x');
    disk.set('runs/x', folder);
    await model.fit(bars(9), { batchSize: 4, callbacks: [modelCheckpoint({ folder })] });
    return model;
  }
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('needs nothing beside it', async () => {
    const model = await train();
    const loaded = await loadModel('runs/x/weights.safetensors', { device: held.device });
    expect(await weightBits(loaded)).toBe(await weightBits(model));
    disk.set('.', disk.get('runs/x')!);
    expect(await weightBits(await loadModel('weights.safetensors', { device: held.device }))).toBe(
      await weightBits(model),
    );
  });

  it('of an earlier version needs its model.json', async () => {
    const model = await train();
    const folder = disk.get('runs/x')!;
    folder.files.set('weights.safetensors', withoutDescription(folder.files.get('weights.safetensors')!));
    const load = async () => loadModel('runs/x/weights.safetensors', { device: held.device });
    await expect(load()).rejects.toThrow(/no model description/);
    await folder.write('model.json', JSON.stringify(model.toJson()));
    expect(await weightBits(await load())).toBe(await weightBits(model));
    expect(() => modelFromFile(folder.files.get('weights.safetensors')!)).toThrowErrorMatchingInlineSnapshot(
      `[ModelError: model: file holds weights but no model description; it comes from an earlier version or another program. Load it together with its model.json.]`,
    );
  });

  it('takes no other weights beside it', async () => {
    await train();
    await expect(loadModel('runs/x/weights.safetensors', { weights: 'last' })).rejects.toThrow(UsageError);
  });
});

describe('a file that does not fit', () => {
  /** The file of a model with a tensor left out, changed or renamed. */
  async function changed(
    change: (tensors: Map<string, { dtype: 'F32'; shape: readonly number[]; data: Float32Array }>) => void,
  ): Promise<Uint8Array> {
    const { tensors, metadata } = readSafetensors(await modelFile(ownModel()), 'x');
    const own = new Map(tensors) as Parameters<typeof change>[0];
    change(own);
    return writeSafetensors(own as typeof tensors, metadata);
  }

  it.each<[string, Parameters<typeof changed>[0], RegExp]>([
    [
      'a tensor is missing',
      (tensors) => tensors.delete('dense/bias'),
      /^model: x\.safetensors does not fit: 'dense\/bias' is missing, expected \[3\] F32\.$/,
    ],
    [
      'a tensor has another name',
      (tensors) => {
        tensors.set('dense_9/bias', tensors.get('dense/bias')!);
        tensors.delete('dense/bias');
      },
      /'dense\/bias' is missing/,
    ],
    [
      'a tensor has another shape',
      (tensors) => tensors.set('dense/bias', { dtype: 'F32', shape: [1], data: new Float32Array(1) }),
      /'dense\/bias' is \[1\] F32, expected \[3\] F32\.$/,
    ],
    [
      'a tensor has another dtype',
      (tensors) =>
        tensors.set('dense/bias', { dtype: 'F64', shape: [3], data: new Float64Array(3) } as never),
      /'dense\/bias' is \[3\] F64, expected \[3\] F32\.$/,
    ],
  ])('%s', async (_, change, message) => {
    const bytes = await changed(change);
    const { device } = held;
    const before = device.allocatedBytes;
    const load = () => modelFromFile(bytes, { device, file: 'x.safetensors' });
    expect(load).toThrow(ModelError);
    expect(load).toThrow(message);
    device.trim();
    expect(device.allocatedBytes).toBeLessThanOrEqual(before);
  });
});
