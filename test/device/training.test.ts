/**
 * Training as a whole, on a small model:
 *   the hot path: 200 steps read back only the metrics ring, allocate, bind and compile nothing
 *   the same bits: same seed, other seed, steps per submit, interrupted and resumed (mid-epoch, between epochs)
 *   it learns; the metrics are means over the samples, the last part batch included; schedules reach the device
 *   evaluate and predict agree; save and load; wrong use
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { ModelError, UsageError } from '../../src/errors.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { earlyStopping, modelCheckpoint } from '../../src/nn/callbacks/index.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { ringRows } from '../../src/nn/training/metrics_ring.js';
import { cosineDecay } from '../../src/nn/training/schedules.js';
import { sequential } from '../../src/nn/model.js';
import { loadModel } from '../../src/nn/files/model_files.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { open } from './open.js';
import { bars, smallModel } from './small_model.js';
import { weightBits } from './weight_bits.js';

let device: Device;
beforeAll(async () => {
  device = await open();
});
afterAll(() => device.destroy());

describe('the hot path', () => {
  it('reads back only the metrics ring, allocates, binds and compiles nothing in 200 steps', async () => {
    const { gpu } = device;
    const calls: string[] = [];
    const mapped: number[] = [];
    const watched = [
      'createBuffer',
      'createBindGroup',
      'createShaderModule',
      'createComputePipeline',
      'createComputePipelineAsync',
    ] as const;
    const originals = watched.map((name) => [name, gpu[name].bind(gpu)] as const);
    let isHot = false;
    let steps = 0;
    // Every buffer made from here on tells when it is mapped.
    for (const [name, original] of originals) {
      Object.defineProperty(gpu, name, {
        configurable: true,
        value: (descriptor: never): unknown => {
          if (isHot) calls.push(name);
          const made: unknown = original(descriptor);
          if (name === 'createBuffer') {
            const buffer = made as GPUBuffer;
            const mapAsync = buffer.mapAsync.bind(buffer);
            buffer.mapAsync = (...args) => {
              if (isHot) mapped.push(buffer.size);
              return mapAsync(...args);
            };
          }
          return made;
        },
      });
    }
    try {
      const model = smallModel();
      await model.fit(bars(402), {
        epochs: 2,
        batchSize: 4,
        callbacks: [
          {
            onTrainBegin: () => {
              isHot = true;
            },
            onBatchEnd: () => {
              steps++;
            },
            onTrainEnd: () => {
              isHot = false;
            },
          },
        ],
      });
    } finally {
      for (const name of watched) Reflect.deleteProperty(gpu, name);
    }
    expect(steps).toBe(202);
    expect(calls).toEqual([]);
    expect(new Set(mapped)).toEqual(new Set([ringRows * 5 * 4]));
    expect(mapped.length).toBeLessThanOrEqual(steps);
  });

  it('counts what does happen: control for the test above', async () => {
    const before = { ...device.counters };
    const model = smallModel();
    await model.fit(bars(8), { batchSize: 4 });
    expect(device.counters.bindGroupsCreated).toBeGreaterThan(before.bindGroupsCreated);
    expect(device.counters.submits).toBeGreaterThan(before.submits);
  });
});

describe('the same bits', () => {
  const options = { epochs: 3, batchSize: 4, validationData: bars(12, 7), seed: 5 };

  it('follow from the same seed, and others from another', async () => {
    const runs = [];
    for (const seed of [5, 5, 6]) {
      const model = smallModel();
      const { metrics } = await model.fit(bars(30), { ...options, seed });
      runs.push({ bits: await weightBits(model), metrics });
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]!.bits).not.toBe(runs[0]!.bits);
  });

  it.each([3, 8, 13])('come from a run that was interrupted at step %i and resumed', async (stopAt) => {
    const straight = smallModel({ optimizer: { learningRate: cosineDecay({ peak: 1e-2 }) } });
    const whole = await straight.fit(bars(30), {
      ...options,
      callbacks: [earlyStopping({ monitor: 'val_loss', patience: 9 })],
    });

    const controller = new AbortController();
    const stopper: Callback = {
      onBatchEnd: (_step, _logs, training) => {
        if (training.position().step >= stopAt) controller.abort();
      },
    };
    const first = smallModel({ optimizer: { learningRate: cosineDecay({ peak: 1e-2 }) } });
    const part = await first.fit(bars(30), {
      ...options,
      signal: controller.signal,
      callbacks: [earlyStopping({ monitor: 'val_loss', patience: 9 }), stopper],
    });
    expect(part.isInterrupted).toBe(true);
    const folder = memoryFolder();
    await first.saveWeights(folder, 'last', { checkpoint: part.checkpoint });

    const second = smallModel({ seed: 99, optimizer: { learningRate: cosineDecay({ peak: 1e-2 }) } });
    const { checkpoint } = await second.loadWeights(folder, 'last');
    const rest = await second.fit(bars(30), {
      ...options,
      resume: checkpoint!,
      callbacks: [earlyStopping({ monitor: 'val_loss', patience: 9 })],
    });
    expect(await weightBits(second)).toBe(await weightBits(straight));
    expect([...(part.metrics['loss'] ?? []), ...rest.metrics['loss']!]).toEqual(whole.metrics['loss']);
    expect([...(part.metrics['val_loss'] ?? []), ...rest.metrics['val_loss']!]).toEqual(
      whole.metrics['val_loss'],
    );
  });
});

describe('fit', () => {
  it('learns the bars', async () => {
    const model = smallModel({ optimizer: { learningRate: 5e-3 } });
    const { metrics } = await model.fit(bars(120), { epochs: 8, batchSize: 8, validationData: bars(30, 3) });
    expect(metrics['val_accuracy']!.at(-1)).toBeGreaterThan(0.95);
    expect(metrics['loss']!.at(-1)).toBeLessThan(metrics['loss']![0]! / 2);
  });

  it('reports means over the samples, the part batch at the end included', async () => {
    // Without dropout and with a rate of 0 every epoch sees the same loss as evaluate.
    const layers = [flatten({ inputShape: [8, 8, 1] }), dense({ units: 3, activation: 'softmax' })];
    const model = sequential(layers);
    const { rmsprop } = await import('../../src/nn/optimizers/index.js');
    model.compile({ optimizer: rmsprop({ learningRate: 0 }), loss: 'sparseCategoricalCrossentropy' });
    const set = bars(10);
    const { metrics } = await model.fit(set, { batchSize: 4 });
    const { loss, accuracy } = await model.evaluate(set, { batchSize: 3 });
    expect(metrics['loss']![0]).toBeCloseTo(loss, 6);
    expect(metrics['accuracy']![0]).toBe(accuracy);
  });

  it('puts a schedule on the device: a rate that is 0 from the second epoch on freezes the weights', async () => {
    const model = smallModel({ optimizer: { learningRate: (step) => (step < 3 ? 1e-2 : 0) } });
    const bits: string[] = [];
    const rates: number[] = [];
    await model.fit(bars(12), {
      epochs: 3,
      batchSize: 4,
      callbacks: [
        {
          onEpochEnd: async (_, logs) => {
            bits.push(await weightBits(model));
            rates.push(logs['learning_rate']!);
          },
        },
      ],
    });
    expect(bits[0]).not.toBe(await weightBits(smallModel()));
    expect(bits[1]).toBe(bits[0]);
    expect(bits[2]).toBe(bits[0]);
    expect(rates).toEqual([Math.fround(1e-2), 0, 0]);
  });

  it('takes a rate that a callback sets in the middle of an epoch', async () => {
    const model = smallModel({ optimizer: { learningRate: 1e-2 } });
    let frozen = '';
    const freeze: Callback = {
      onEpochEnd: async (epoch) => {
        if (epoch !== 0) return;
        model.optimizer.learningRate = 0;
        frozen = await weightBits(model);
      },
    };
    await model.fit(bars(12), { epochs: 2, batchSize: 4, callbacks: [freeze] });
    expect(await weightBits(model)).toBe(frozen);
  });

  it('tells callbacks of every step and epoch, in order', async () => {
    const calls: string[] = [];
    const model = smallModel();
    await model.fit(bars(9), {
      epochs: 2,
      batchSize: 4,
      callbacks: [
        {
          onTrainBegin: () => void calls.push('begin'),
          onEpochBegin: (epoch) => void calls.push(`epoch ${epoch}`),
          onBatchEnd: (step) => void calls.push(`step ${step}`),
          onEpochEnd: (epoch, logs) => void calls.push(`end ${epoch} ${Object.keys(logs).join()}`),
          onTrainEnd: () => void calls.push('end'),
        },
      ],
    });
    const epoch = (n: number): string[] => [
      `epoch ${n}`,
      'step 0',
      'step 1',
      'step 2',
      `end ${n} loss,accuracy,learning_rate`,
    ];
    expect(calls).toEqual(['begin', ...epoch(0), ...epoch(1), 'end']);
  });

  it('tells of its kernels from the beginning of training on, and of none while they are compiled', async () => {
    const counts: number[] = [];
    const hear: Callback = {
      onCompile: (_done, _total, { kernels }) => void counts.push(kernels.length),
      onTrainBegin: ({ kernels }) => void counts.push(kernels.length),
    };
    await smallModel().fit(bars(9), { batchSize: 4, callbacks: [hear] });
    expect(counts.length).toBeGreaterThan(1);
    expect(counts.slice(0, -1).every((count) => count === 0)).toBe(true);
    expect(counts.at(-1)).toBeGreaterThan(10);
  });

  it('gives its memory back', async () => {
    const model = smallModel();
    await model.fit(bars(9), { batchSize: 4 });
    device.trim();
    const before = device.allocatedBytes;
    await model.fit(bars(9), { batchSize: 4 });
    device.trim();
    // Less where models of other tests have been collected meanwhile.
    expect(device.allocatedBytes).toBeLessThanOrEqual(before);
  });

  it('refuses what does not fit', async () => {
    const model = smallModel();
    await expect(model.fit(bars(9), { epochs: 0 })).rejects.toThrow(UsageError);
    const wide = sequential([flatten({ inputShape: [4, 4, 1] }), dense({ units: 3 })]);
    await expect(wide.evaluate(bars(9))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: evaluate: the images are [8,8,1] but the model takes [4,4,1].]`,
    );
    const narrow = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 2 })]);
    await expect(narrow.evaluate(bars(9))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: evaluate: labels[2] is 2, which does not fit an output of 2 classes (0 to 1).]`,
    );
    await expect(
      sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })]).fit(bars(9)),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: model: not compiled; call model.compile({ optimizer, loss }) first.]`,
    );
  });

  it('refuses to resume in the middle of an epoch with other batches or fewer images', async () => {
    const controller = new AbortController();
    const stopper: Callback = { onBatchEnd: (step) => (step === 2 ? controller.abort() : undefined) };
    const model = smallModel();
    const { checkpoint } = await model.fit(bars(40), {
      batchSize: 4,
      signal: controller.signal,
      callbacks: [stopper, { onBatchBegin: () => undefined }],
    });
    expect(checkpoint.position.cursor).toBe(12);
    const before = await weightBits(model);
    await expect(
      model.fit(bars(40), { batchSize: 8, resume: checkpoint }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fit: the checkpoint is 12 samples into an epoch, which does not fit batches of 8 in an epoch of 40; resume with the images and batchSize that it was made with.]`,
    );
    await expect(
      model.fit(bars(8), { batchSize: 4, resume: checkpoint }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fit: the checkpoint is 12 samples into an epoch, which does not fit batches of 4 in an epoch of 8; resume with the images and batchSize that it was made with.]`,
    );
    expect(await weightBits(model)).toBe(before);
    await expect(model.fit(bars(12), { batchSize: 4, resume: checkpoint })).resolves.toBeTruthy();
  });
});

describe('a trained model', () => {
  it('predicts what evaluate counts', async () => {
    const model = smallModel({ optimizer: { learningRate: 5e-3 } });
    await model.fit(bars(60), { epochs: 2, batchSize: 8 });
    const set = bars(25, 9);
    const probabilities = await model.predict(set, { batchSize: 4 });
    expect(probabilities.length).toBe(75);
    let correct = 0;
    let loss = 0;
    for (let n = 0; n < 25; n++) {
      const row = [...probabilities.subarray(n * 3, n * 3 + 3)];
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      if (row.indexOf(Math.max(...row)) === set.labels[n]) correct++;
      loss -= Math.log(row[set.labels[n]!]!);
    }
    const result = await model.evaluate(set, { batchSize: 4 });
    expect(result.accuracy).toBe(Math.fround(correct) / 25);
    expect(result.loss).toBeCloseTo(loss / 25, 5);
  });

  it('is the same after saving and loading, optimizer slots included', async () => {
    const folder = memoryFolder();
    const model = smallModel();
    await model.fit(bars(9), { batchSize: 4, callbacks: [modelCheckpoint({ folder })] });
    expect([...folder.files.keys()]).toEqual(['weights.safetensors']);
    await model.save(folder);
    const loaded = await loadModel(folder, { weights: 'weights', device });
    expect(await weightBits(loaded)).toBe(await weightBits(model));
    expect(loaded.summary(() => undefined)).toBe(model.summary(() => undefined));
    const slots = smallModel({ seed: 3 });
    await slots.loadWeights(folder, 'weights');
    expect(await slots.slots.get('mean_square')!.flat.data()).toEqual(
      await model.slots.get('mean_square')!.flat.data(),
    );
  });

  it('does not take weights of another model', async () => {
    const folder = memoryFolder();
    await smallModel().saveWeights(folder, 'weights');
    const other = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })]);
    await expect(other.loadWeights(folder, 'weights')).rejects.toThrow(ModelError);
  });
});
