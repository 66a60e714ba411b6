/**
 * The figures of a running training (web/worker/training_run.ts), with events as `fit` sends them and a fake clock: the time of
 * a validation is that of its batches, however long the epochs take, and time at sync points does not count.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import type { Inference, Training } from '../../src/nn/callbacks/callback.js';
import { defaultSettings } from '../../web/settings.js';
import { TrainingRun } from '../../web/worker/training_run.js';
import { TrainingRecord } from '../../web/worker/training_record.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

const stepsPerEpoch = 5;
const inference = { steps: 10 } as Inference;

test('the time of a validation is that of its batches', async () => {
  const run = new TrainingRun({
    record: new TrainingRecord({ settings: defaultSettings, selection: new Map() }),
    device: {} as Device,
    isHolding: false,
    saveEveryMs: Infinity,
    save: async () => undefined,
    onHeld: async () => undefined,
    onStage: () => undefined,
    onFigures: () => undefined,
    events: { emit: () => undefined },
  });
  let step = 0;
  const training = {
    position: () => ({ step, epoch: 0, cursor: 0, sums: { loss: step, accuracy: step, count: 32 * step } }),
  } as unknown as Training;
  const callbacks = [run.callback(async () => true), run.gate.callback];
  for (const callback of callbacks) await callback.onTrainBegin?.(training);
  for (let epoch = 0; epoch < 2; epoch++) {
    for (const callback of callbacks) await callback.onEpochBegin?.(epoch, training);
    for (let i = 0; i < stepsPerEpoch; i++) {
      vi.advanceTimersByTime(2000);
      step++;
      for (const callback of callbacks) await callback.onBatchEnd?.(i, {}, training);
      // A task between steps, which delays them.
      await Promise.all([
        run.gate.betweenSteps(async () => void vi.advanceTimersByTime(500)),
        run.gate.callback.onSync!(training),
      ]);
    }
    for (const callback of callbacks) await callback.onTestBegin?.(inference);
    for (let i = 0; i < inference.steps; i++) {
      vi.advanceTimersByTime(10);
      for (const callback of callbacks) await callback.onTestBatchEnd?.(i, {}, inference);
    }
    for (const callback of callbacks) await callback.onTestEnd?.({}, inference);
    for (const callback of callbacks) await callback.onEpochEnd?.(epoch, {}, training);
    expect(run.figures.validationSeconds).toBeCloseTo(0.1);
    expect(run.figures.speed.stepMs).toBeCloseTo(2000);
  }
});
