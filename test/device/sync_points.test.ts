/**
 * Sync points: halting a training at a step, with consistent weights.
 *   a checkpoint written at a sync point in the middle of an epoch, or of the validation, resumes with the same bits
 *   sync points change no bits, however often; single steps; also with a callback that listens to onBatchBegin
 *   a learning rate set at a sync point applies to the next step
 *   profile: times for every dispatch, and everything restored, including micro-batches
 *   scopes: every dispatch of the step says which layer it works for
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { memoryFolder } from '../../src/memory_folder.js';
import type { Callback, Training } from '../../src/nn/callbacks/callback.js';
import { open } from './open.js';
import { bars, smallModel } from './small_model.js';
import { weightBits } from './weight_bits.js';

let device: Device;
beforeAll(async () => {
  device = await open();
});
afterAll(() => device.destroy());

const options = { epochs: 3, batchSize: 4, validationData: bars(12, 7), seed: 5 };
const set = bars(30);
const stepsPerEpoch = 8;

async function straightBits(): Promise<string> {
  const model = smallModel();
  await model.fit(set, options);
  return weightBits(model);
}

/** Halts once, at the first sync point after `step` steps, and calls `at`. */
function syncOnce(step: number, at: (training: Training) => Promise<void>): Callback {
  let isDone = false;
  return {
    stepsUntilSync: (training) => (!isDone && training.position().step >= step ? 0 : Infinity),
    onSync: async (training) => {
      isDone = true;
      await at(training);
    },
  };
}

describe('a checkpoint written at a sync point', () => {
  // 8: the first epoch's steps are done, and its validation is running.
  it.each([2, 8, 13])('after step %i resumes with the same bits', async (step) => {
    const straight = await straightBits();
    const folder = memoryFolder();
    let syncedAt = -1;
    const interrupted = smallModel();
    const keep = syncOnce(step, async (training) => {
      syncedAt = training.position().step;
      await interrupted.saveWeights(folder, 'kept', { checkpoint: training.checkpoint() });
    });
    await interrupted.fit(set, { ...options, callbacks: [keep] });
    expect(await weightBits(interrupted), 'the sync point itself changes nothing').toBe(straight);
    expect(syncedAt).toBeGreaterThanOrEqual(step);

    const resumed = smallModel({ seed: 99 });
    const { checkpoint } = await resumed.loadWeights(folder, 'kept');
    const { metrics } = await resumed.fit(set, { ...options, resume: checkpoint! });
    expect(await weightBits(resumed)).toBe(straight);
    expect(metrics['val_loss']).toHaveLength(3 - checkpoint!.position.epoch);
  });

  it('in the validation, before the epoch has ended, validates again', async () => {
    const folder = memoryFolder();
    const model = smallModel();
    let epochsEnded = 0;
    let isValidating = false;
    let kept = -1;
    const keep: Callback = {
      onTestBegin: () => {
        isValidating = true;
      },
      onTestEnd: () => {
        isValidating = false;
      },
      onEpochEnd: () => {
        epochsEnded++;
      },
      stepsUntilSync: () => (isValidating && kept < 0 ? 0 : Infinity),
      onSync: async (training) => {
        kept = epochsEnded;
        expect(training.position().cursor).toBe(stepsPerEpoch * 4);
        await model.saveWeights(folder, 'kept', { checkpoint: training.checkpoint() });
      },
    };
    const whole = await model.fit(set, { ...options, callbacks: [keep] });
    expect(kept).toBe(0);
    const resumed = smallModel();
    const { checkpoint } = await resumed.loadWeights(folder, 'kept');
    const rest = await resumed.fit(set, { ...options, resume: checkpoint! });
    expect(rest.metrics).toEqual(whole.metrics);
    expect(await weightBits(resumed)).toBe(await weightBits(model));
  });
});

describe('sync points', () => {
  it('after every third step, and single steps', async () => {
    const seen: number[] = [];
    const model = smallModel();
    const everyThird: Callback = {
      stepsUntilSync: () => 3,
      onSync: (training) => {
        seen.push(training.position().step);
      },
    };
    await model.fit(set, { ...options, epochs: 1, callbacks: [everyThird] });
    // Counted again after each sync point, and from the start of the validation, which has three steps itself.
    expect(seen).toEqual([3, 6]);
    const single: number[] = [];
    const other = smallModel();
    let isFirst = true;
    const one: Callback = {
      stepsUntilSync: () => (isFirst ? 0 : 1),
      onSync: (training) => {
        isFirst = false;
        single.push(training.position().step);
      },
    };
    await other.fit(set, { ...options, epochs: 1, callbacks: [one, { onBatchBegin: () => undefined }] });
    expect(single.filter((step) => step < stepsPerEpoch)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await weightBits(other)).toBe(await weightBits(model));
  });

  it('take a learning rate for the next step', async () => {
    const bits: string[] = [];
    const model = smallModel({ optimizer: { learningRate: 1e-2 } });
    const freeze: Callback = {
      stepsUntilSync: () => (bits.length > 0 ? Infinity : 5),
      onSync: async () => {
        model.optimizer.learningRate = 0;
        bits.push(await weightBits(model));
      },
    };
    const { metrics } = await model.fit(set, { ...options, epochs: 1, callbacks: [freeze] });
    expect(bits).toHaveLength(1);
    expect(await weightBits(model)).toBe(bits[0]);
    expect(bits[0]).not.toBe(await weightBits(smallModel()));
    expect(metrics['learning_rate']).toEqual([0]);
  });

  it('end when training is stopped there, in the validation too', async () => {
    const controller = new AbortController();
    const model = smallModel();
    let tested = 0;
    const stop: Callback = {
      onTestBatchEnd: () => {
        tested++;
        controller.abort();
      },
      onTestBatchBegin: () => undefined,
    };
    const history = await model.fit(set, { ...options, signal: controller.signal, callbacks: [stop] });
    expect(tested).toBe(1);
    expect(history.isInterrupted).toBe(true);
    expect(history.epochs).toEqual([]);
    expect(history.checkpoint.position).toMatchObject({ step: stepsPerEpoch, epoch: 0 });
  });
});

describe('profile', () => {
  it.each([4, 2])('puts everything back (micro-batches of %i)', async (microBatchSize) => {
    const straight = smallModel();
    await straight.fit(set, { ...options, microBatchSize });
    const model = smallModel();
    let dispatches = 0;
    const look = syncOnce(5, async (training) => {
      if (!device.hasTimestamps) return;
      const times = await training.profile();
      dispatches = times.length;
      expect(times.map(({ dispatch }) => dispatch)).toEqual(
        training.plans.flatMap((plan) => plan.dispatches),
      );
      expect(times.every(({ ns }) => ns >= 0)).toBe(true);
    });
    await model.fit(set, { ...options, microBatchSize, callbacks: [look] });
    expect(dispatches > 0).toBe(device.hasTimestamps);
    expect(await weightBits(model)).toBe(await weightBits(straight));
  });
});

describe('scopes', () => {
  it('say which layer each dispatch works for', async () => {
    const model = smallModel();
    let plans: Training['plans'] = [];
    await model.fit(set, {
      ...options,
      epochs: 1,
      callbacks: [
        {
          onTrainBegin: (training) => {
            plans = training.plans;
          },
        },
      ],
    });
    const dispatches = plans.flatMap((plan) => plan.dispatches);
    expect(dispatches.filter(({ scopes }) => scopes.length === 0)).toEqual([]);
    const forward = dispatches.filter(({ isBackward }) => !isBackward).flatMap(({ scopes }) => scopes);
    const backward = dispatches.filter(({ isBackward }) => isBackward).flatMap(({ scopes }) => scopes);
    const layers = ['conv2d', 'max_pooling2d', 'dropout', 'dense', 'dense_1'];
    expect(forward).toEqual(expect.arrayContaining(['inputs', ...layers, 'loss', 'optimizer']));
    expect(backward).toEqual(expect.arrayContaining(['conv2d', 'max_pooling2d', 'dense', 'dense_1']));
  });
});
