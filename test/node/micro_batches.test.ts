/**
 * Batches taken in micro-batches, on small models:
 *   the same as undivided up to rounding: loss of each step, gradients, weights, with plain layers, dropout, L2,
 *   augmentation, RMSprop; sizes that divide the batch and sizes that do not, one image at a time, a part batch at the end
 *   steps, metrics, rates and callbacks count whole batches; the hot path allocates nothing
 *   interrupted and resumed to the same bits; batch normalisation by micro-batch, none of them empty
 *   what is said, and what is refused
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { DeviceError, UsageError } from '../../src/errors.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import {
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  maxPooling2d,
} from '../../src/nn/layers/index.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { rmsprop, sgd } from '../../src/nn/optimizers/index.js';
import { replaySteps } from '../../src/nn/training/replay_loop.js';
import { cosineDecay } from '../../src/nn/training/schedules.js';
import { sequential } from '../../src/nn/model.js';
import type { FitOptions } from '../../src/nn/training/training.js';
import { TrainingStep } from '../../src/nn/training/training_step.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { open } from '../device/open.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

let device: Device;
beforeAll(async () => {
  device = await open();
});
afterAll(() => device.destroy());

interface Kind {
  readonly rate?: number;
  readonly l2?: number;
  readonly isNormalised?: boolean;
  readonly optimizer?: Optimizer;
}

function makeModel({ rate = 0, l2 = 0, isNormalised = false, optimizer = sgd({ learningRate: 0.1 }) }: Kind) {
  const kernelRegularizer = l2 > 0 ? { l2 } : null;
  const model = sequential([
    conv2d({ filters: 4, kernelSize: 3, activation: 'relu', kernelRegularizer, inputShape: [8, 8, 1] }),
    ...(isNormalised ? [batchNormalization()] : []),
    maxPooling2d(),
    ...(rate > 0 ? [dropout({ rate })] : []),
    flatten(),
    dense({ units: 8, activation: 'relu', kernelRegularizer }),
    ...(rate > 0 ? [dropout({ rate: rate / 2 })] : []),
    dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  return model;
}

interface Trained {
  /** Summed loss of each step. */
  readonly losses: number[];
  readonly counts: number[];
  readonly weights: Map<string, Float32Array>;
}

async function trained(kind: Kind, count: number, options: FitOptions): Promise<Trained> {
  const model = makeModel(kind);
  const losses: number[] = [];
  const counts: number[] = [];
  let before = { loss: 0, count: 0 };
  const hear: Callback = {
    onEpochBegin: () => {
      before = { loss: 0, count: 0 };
    },
    onBatchEnd: (_step, _logs, training) => {
      const { loss = 0, count: images = 0 } = training.position().sums;
      losses.push(loss - before.loss);
      counts.push(images - before.count);
      before = { loss, count: images };
    },
  };
  await model.fit(bars(count), { seed: 3, callbacks: [hear], ...options });
  return { losses, counts, weights: await model.weights() };
}

// Sums of some hundred terms in another order, and four steps that carry the difference on.
const tolerance = 2e-5;

function expectNear(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    expect(Math.abs(got[i]! - want[i]!), `${what} ${i}: ${got[i]} for ${want[i]}`).toBeLessThan(
      tolerance * Math.max(1, Math.abs(want[i]!)),
    );
}

describe('micro-batches give what the whole batch gives', () => {
  const kinds: Record<string, Kind & { readonly fit?: FitOptions }> = {
    plain: {},
    dropout: { rate: 0.5 },
    'L2 and dropout': { l2: 0.05, rate: 0.25 },
    'augmentation and RMSprop': {
      rate: 0.25,
      optimizer: rmsprop({ learningRate: 1e-3 }),
      fit: {
        augmentation: { rotation: 20, widthShift: 0.2, erasing: { value: 'noise' } },
        variantsPerImage: 2,
      },
    },
  };
  // 21 images: two whole batches and one of 5; with two variants of each, five and one of 2.
  it.each(Object.keys(kinds))('%s', async (name) => {
    const { fit = {}, ...kind } = kinds[name]!;
    const options = { epochs: 2, batchSize: 8, ...fit };
    const whole = await trained(kind, 21, options);
    expect(whole.counts.slice(-2)).toEqual([8, fit.variantsPerImage ? 2 : 5]);
    for (const microBatchSize of [4, 3, 1]) {
      const parts = await trained(kind, 21, { ...options, microBatchSize });
      expect(parts.counts).toEqual(whole.counts);
      expectNear(parts.losses, whole.losses, `${microBatchSize} at once, loss of step`);
      for (const [path, values] of whole.weights)
        expectNear(parts.weights.get(path)!, values, `${microBatchSize} at once, ${path}`);
    }
  });

  it('gradients too, of a whole batch and of a part one', async () => {
    const set = new DeviceSet(device, bars(13));
    const gradients: Float32Array[][] = [];
    for (const microBatchSize of [8, 3]) {
      const model = makeModel({ rate: 0.25, l2: 0.01, optimizer: sgd({ learningRate: 0 }) });
      const step = await TrainingStep.create(model, set, 8, { microBatchSize });
      step.begin({ step: 0, epoch: 0, cursor: 0, sums: {} }, { seed: 1 });
      const found: Float32Array[] = [];
      await replaySteps({
        device,
        step: step.replayable,
        ring: step.ring,
        firstStep: 0,
        count: 2,
        onStepBegin: () => undefined,
        onStep: async () => void found.push((await step.gradients.data()) as Float32Array),
      });
      gradients.push(found);
      step.dispose();
    }
    set.dispose();
    const [whole, parts] = gradients as [Float32Array[], Float32Array[]];
    expect(Math.max(...whole[0]!)).toBeGreaterThan(0.01);
    for (const i of [0, 1]) expectNear(parts[i]!, whole[i]!, `step ${i}, gradient`);
  });

  it('not so without the shares: control for the tests above', async () => {
    // Another batch size changes the weights by far more than the tolerance.
    const [eight, four] = [await trained({}, 21, { batchSize: 8 }), await trained({}, 21, { batchSize: 4 })];
    const at = eight.weights.get('dense/kernel')!;
    const difference = Math.max(...at.map((w, i) => Math.abs(w - four.weights.get('dense/kernel')![i]!)));
    expect(difference).toBeGreaterThan(100 * tolerance);
  });
});

describe('steps are whole batches', () => {
  it('for callbacks, rates and metrics', async () => {
    const calls: string[] = [];
    const model = makeModel({ optimizer: sgd({ learningRate: (step) => 1 / (1 + step) }) });
    const { checkpoint, metrics } = await model.fit(bars(21), {
      epochs: 2,
      batchSize: 8,
      microBatchSize: 3,
      callbacks: [
        {
          onTrainBegin: ({ stepsPerEpoch, batchSize }) => void calls.push(`${stepsPerEpoch} of ${batchSize}`),
          onBatchEnd: (step) => void calls.push(`${step}`),
        },
      ],
    });
    expect(calls).toEqual(['3 of 8', '0', '1', '2', '0', '1', '2']);
    expect(checkpoint.position).toMatchObject({ step: 6, epoch: 2, cursor: 0 });
    expect(checkpoint.microBatchSize).toBe(3);
    expect(metrics['learning_rate']).toEqual([Math.fround(1 / 3), Math.fround(1 / 6)]);
  });

  it('and allocate, bind and compile nothing while they run', async () => {
    const { counters } = device;
    const made = (): number[] => [
      counters.buffersCreated,
      counters.bindGroupsCreated,
      counters.pipelinesCreated,
    ];
    let before: number[] = [];
    let after: number[] = [];
    let reads = 0;
    const bytes = { before: 0, after: 0 };
    await makeModel({ rate: 0.5 }).fit(bars(80), {
      epochs: 2,
      batchSize: 8,
      microBatchSize: 3,
      callbacks: [
        {
          onTrainBegin: () => {
            before = made();
            bytes.before = counters.readBackBytes;
          },
          onBatchEnd: () => {
            reads++;
          },
          onTrainEnd: () => {
            after = made();
            bytes.after = counters.readBackBytes;
          },
        },
      ],
    });
    expect(after).toEqual(before);
    expect(reads).toBe(20);
    // The metrics ring alone: 64 rows of 20 bytes, at most once per step.
    expect((bytes.after - bytes.before) % 1280).toBe(0);
    expect(bytes.after - bytes.before).toBeLessThanOrEqual(20 * 1280);
  });

  it.each([2, 5])('interrupted at step %i and resumed they end at the same bits', async (stopAt) => {
    const kind = (): Kind => ({
      rate: 0.25,
      optimizer: rmsprop({ learningRate: cosineDecay({ peak: 1e-2 }) }),
    });
    const options: FitOptions = { epochs: 3, batchSize: 8, validationData: bars(12, 7), seed: 5 };
    const straight = makeModel(kind());
    await straight.fit(bars(21), { ...options, microBatchSize: 3 });

    const controller = new AbortController();
    const stopper: Callback = {
      onBatchEnd: (_step, _logs, training) => {
        if (training.position().step >= stopAt) controller.abort();
      },
    };
    const first = makeModel(kind());
    const { checkpoint } = await first.fit(bars(21), {
      ...options,
      microBatchSize: 3,
      signal: controller.signal,
      callbacks: [stopper],
    });
    const folder = memoryFolder();
    await first.saveWeights(folder, 'last', { checkpoint });
    const second = makeModel(kind());
    const loaded = await second.loadWeights(folder, 'last');
    // Without naming the micro-batch: the checkpoint knows it.
    const rest = await second.fit(bars(21), { ...options, resume: loaded.checkpoint! });
    expect(rest.checkpoint.microBatchSize).toBe(3);
    expect(await weightBits(second)).toBe(await weightBits(straight));
  });
});

describe('batch normalisation', () => {
  it('takes the statistics of each micro-batch, and of no empty one', async () => {
    // With a rate of 0 only the moving statistics change: batches of 8 in micro-batches of 2 move them as batches of 2
    // do. Of 10 images the second batch has one micro-batch.
    const kind: Kind = { isNormalised: true, optimizer: sgd({ learningRate: 0 }) };
    const parts = await trained(kind, 10, { batchSize: 8, microBatchSize: 2 });
    const twos = await trained(kind, 10, { batchSize: 2 });
    const whole = await trained(kind, 10, { batchSize: 8 });
    for (const name of ['moving_mean', 'moving_variance']) {
      const path = `batch_normalization/${name}`;
      expect(parts.weights.get(path)).toEqual(twos.weights.get(path));
      expect(parts.weights.get(path)).not.toEqual(whole.weights.get(path));
    }
  });
});

describe('what is said', () => {
  const said = async (kind: Kind, options: FitOptions): Promise<string | undefined> => {
    let line: string | undefined;
    await makeModel(kind).fit(bars(21), {
      ...options,
      callbacks: [
        {
          onTrainBegin: ({ accumulation }) => {
            line = accumulation;
          },
        },
      ],
    });
    return line;
  };

  it('nothing of a batch that fits', async () => {
    expect(await said({}, { batchSize: 8 })).toBeUndefined();
    expect(await said({}, { batchSize: 8, microBatchSize: 8 })).toBeUndefined();
    expect(await said({}, { batchSize: 8, microBatchSize: 64 })).toBeUndefined();
  });

  it('one line where micro-batches were asked for', async () => {
    expect(await said({}, { batchSize: 8, microBatchSize: 4 })).toBe(
      'Batch 8: gradients accumulate over 2 micro-batches of 4.',
    );
    expect(await said({ isNormalised: true }, { batchSize: 8, microBatchSize: 3 })).toBe(
      'Batch 8: gradients accumulate over 3 micro-batches of at most 3. Batch normalisation uses the statistics of each micro-batch.',
    );
  });

  it('refuses sizes that are none, and micro-batches that do not fit', async () => {
    const fit = (options: FitOptions) => makeModel({}).fit(bars(21), { batchSize: 8, ...options });
    await expect(fit({ microBatchSize: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fit: microBatchSize is 0, expected a positive integer.]`,
    );
    await expect(fit({ microBatchSize: 1.5 })).rejects.toThrow(UsageError);
    await expect(fit({ memory: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fit: memory is 0, expected a number of bytes above 0.]`,
    );
    await expect(fit({ memory: 1000 })).rejects.toThrow(DeviceError);
  });
});
