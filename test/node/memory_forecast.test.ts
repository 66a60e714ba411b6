/**
 * The forecast of memory against what is then allocated, and what follows from it:
 *   training at several batch sizes, in micro-batches, several models: in total, and per image (the slope)
 *   a whole fit with validation, planned once; evaluation; prediction; planning itself allocates nothing
 *   the largest batch: by the limit of a buffer, by a budget, by free memory; not even one image
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDebugLevel, setDebugSink } from '../../src/engine/debug.js';
import type { Device } from '../../src/engine/device.js';
import { DeviceError } from '../../src/errors.js';
import { planAccumulation, largestBatch } from '../../src/nn/training/gradient_accumulation.js';
import { fittingEvaluation, fittingPrediction } from '../../src/nn/training/inference_batch.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { Evaluator } from '../../src/nn/training/evaluator.js';
import {
  addedBytes,
  forecastEvaluation,
  forecastPrediction,
  together,
} from '../../src/nn/training/memory_forecast.js';
import { forecastTraining } from '../../src/nn/training/training_forecast.js';
import type { ModelName } from '../../src/nn/names.js';
import { modelsByName } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import type { Model } from '../../src/nn/model.js';
import { TrainingStep } from '../../src/nn/training/training_step.js';
import { open } from '../device/open.js';
import { bars, smallModel } from '../device/small_model.js';

let device: Device;
// Each on its own: what other tests have forgotten may be collected, and given back, at any time.
beforeEach(async () => {
  device = await open();
});
afterEach(() => device.destroy());

function digitsModel(name: ModelName): Model {
  const model = modelsByName[name]();
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  // Drawn now, so that what follows is without them.
  expect(model.parameters.flat.size + model.slots.size).toBeGreaterThan(0);
  return model;
}

function digits(count: number) {
  const images = new Uint8Array(count * 784);
  return { images, labels: new Uint8Array(count), count, height: 28, width: 28, channels: 1 };
}

/** Bytes that a training step over `count` images holds; its kernels are not compiled, which takes long. */
async function measured(model: Model, count: number, batchSize: number, microBatchSize = batchSize) {
  device.trim();
  const before = device.allocatedBytes;
  const set = new DeviceSet(device, digits(count));
  const aborted = AbortSignal.abort();
  const step = await TrainingStep.create(model, set, batchSize, { microBatchSize, signal: aborted });
  const bytes = device.allocatedBytes - before;
  step.dispose();
  set.dispose();
  return bytes;
}

describe('training', () => {
  const count = 300;
  it.each(['paper', 'paper-bn', 'simple', 'mlp'] as const)('%s, per image and in all', async (name) => {
    const model = digitsModel(name);
    const forecast = (batchSize: number, microBatchSize = batchSize): number => {
      const found = forecastTraining(model, { images: digits(count), batchSize, microBatchSize });
      return addedBytes(found) - found.warmUp;
    };
    const sizes = [1, 8, 37, 64];
    const got: number[] = [];
    for (const size of sizes) {
      got.push(await measured(model, count, size));
      expect(forecast(size), `batch ${size}`).toBe(got.at(-1));
    }
    const slope = (bytes: readonly number[]): number => (bytes[3]! - bytes[1]!) / (sizes[3]! - sizes[1]!);
    const ratio = slope(sizes.map((size) => forecast(size))) / slope(got);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
    // Every image brings its input as f32 at least.
    expect(slope(got)).toBeGreaterThan(784 * 4);
    expect(forecast(64, 8)).toBe(await measured(model, count, 64, 8));
    expect(forecast(64, 8)).toBeLessThan(forecast(64));
    model.dispose();
  });

  it('as fit does it, with validation, steps and all', async () => {
    const model = smallModel();
    const validation = bars(40, 2);
    for (const batchSize of [4, 64]) {
      await model.fit(bars(4), { batchSize: 1 });
      device.trim();
      device.peakBytes = device.allocatedBytes;
      const before = device.allocatedBytes;
      await model.fit(bars(200), { batchSize, validationData: validation });
      const { forecast } = planAccumulation(model, { batchSize, images: bars(200), validation });
      expect(Math.abs(addedBytes(forecast) / (device.peakBytes - before) - 1)).toBeLessThan(0.15);
    }
  });

  it.each([
    [
      'fit plans its step and its validation',
      2,
      (model: Model) => model.fit(bars(32), { batchSize: 8, validationData: bars(8, 2) }),
    ],
    ['evaluate plans', 1, (model: Model) => model.evaluate(bars(32))],
    ['predict plans', 1, (model: Model) => model.predict(bars(32))],
  ] as const)('binds the plans of the forecast: %s once', async (_, plans, run) => {
    const model = smallModel();
    const lines: string[] = [];
    setDebugSink((line) => lines.push(line));
    setDebugLevel(1);
    try {
      await run(model);
    } finally {
      setDebugLevel(0);
      setDebugSink((line) => console.error(line));
    }
    const stages = ['live', 'common', 'rewrite', 'select', 'fuse', 'place', 'memory'];
    for (const stage of stages)
      expect(lines.filter((line) => line.startsWith(`plan, ${stage}:\n`))).toHaveLength(plans);
    model.dispose();
  });

  it('is planned without allocating anything', () => {
    const model = digitsModel('paper');
    const before = { ...device.counters };
    const bytes = device.allocatedBytes;
    largestBatch(model, { images: digits(60_000) }, { batchSize: 4096 });
    expect(device.counters).toEqual(before);
    expect(device.allocatedBytes).toBe(bytes);
    model.dispose();
  });
});

describe('without learning', () => {
  it('an evaluation', async () => {
    const model = digitsModel('simple');
    for (const batchSize of [3, 50]) {
      device.trim();
      const before = device.allocatedBytes;
      const evaluator = await Evaluator.create(model, digits(100), batchSize, {
        signal: AbortSignal.abort(),
      });
      const forecast = forecastEvaluation(model, digits(100), batchSize);
      expect(addedBytes(forecast) - forecast.warmUp).toBe(device.allocatedBytes - before);
      evaluator.dispose();
    }
    model.dispose();
  });

  it('a prediction', async () => {
    const model = smallModel();
    await model.predict(bars(4), { batchSize: 4 });
    device.trim();
    device.peakBytes = device.allocatedBytes;
    const before = device.allocatedBytes;
    await model.predict(bars(100), { batchSize: 32 });
    const forecast = addedBytes(forecastPrediction(model, bars(100), 32));
    expect(Math.abs(forecast / (device.peakBytes - before) - 1)).toBeLessThan(0.15);
  });

  it('takes less than training', () => {
    const model = digitsModel('paper');
    const training = forecastTraining(model, { images: digits(9), batchSize: 64, microBatchSize: 64 });
    const evaluation = forecastEvaluation(model, digits(9), 64);
    expect(evaluation.intermediates).toBeLessThan(training.intermediates);
    expect(together(training, evaluation).data).toBe(training.data + evaluation.data);
    model.dispose();
  });
});

describe('the largest batch', () => {
  it('is what the largest buffer allows', () => {
    const model = digitsModel('paper');
    const images = digits(300);
    const most = 1 << 17;
    const largest = largestBatch(model, { images }, { batchSize: most, memory: Infinity });
    // Its largest value is what the first convolutions yield, 28·28·32 f32 per image.
    expect(largest).toBe(Math.min(most, Math.floor(device.maxBufferBytes / (28 * 28 * 32 * 4))));
    expect(largestBatch(model, { images }, { batchSize: 100, memory: Infinity })).toBe(100);
    model.dispose();
  });

  it('is what a budget allows, the rest of the device included', () => {
    const model = digitsModel('simple');
    const images = digits(300);
    const memory = device.allocatedBytes + 32 * 2 ** 20;
    const largest = largestBatch(model, { images }, { batchSize: 4096, memory });
    const bytes = (batch: number): number =>
      device.allocatedBytes +
      addedBytes(forecastTraining(model, { images, batchSize: batch, microBatchSize: batch }));
    expect(bytes(largest)).toBeLessThanOrEqual(memory);
    expect(bytes(largest + 1)).toBeGreaterThan(memory);

    const { microBatchSize } = planAccumulation(model, { batchSize: 100, images, memory });
    expect(microBatchSize).toBeLessThanOrEqual(largest);
    expect(Math.ceil(100 / microBatchSize)).toBe(Math.ceil(100 / largest));
    expect(fittingEvaluation(model, images, { batchSize: 4096, memory }).batchSize).toBeGreaterThan(largest);
    expect(fittingPrediction(model, images, { batchSize: 16, memory }).batchSize).toBe(16);
    model.dispose();
  });

  it('is what free memory allows where the device computes in it', () => {
    const model = digitsModel('simple');
    const images = digits(300);
    const known = device.freeMemory;
    const freeMemory = (find: () => number | undefined): void =>
      void Object.assign(device, { freeMemory: find });
    try {
      freeMemory(() => 40 * 2 ** 20);
      const found = largestBatch(model, { images }, { batchSize: 4096 });
      const memory = device.allocatedBytes + 32 * 2 ** 20;
      expect(found).toBe(largestBatch(model, { images }, { batchSize: 4096, memory }));
      expect(found).toBeLessThan(500);
      freeMemory(() => undefined);
      expect(largestBatch(model, { images }, { batchSize: 500 })).toBe(500);
    } finally {
      freeMemory(known);
      model.dispose();
    }
  });

  it('does not exist where the images alone are too many', () => {
    const model = digitsModel('simple');
    const memory = device.allocatedBytes + 2 ** 20;
    expect(() => planAccumulation(model, { batchSize: 8, images: digits(300), memory })).toThrow(DeviceError);
    expect(() =>
      planAccumulation(model, {
        batchSize: 64,
        microBatchSize: 60,
        images: digits(300),
        memory: memory + 2 ** 24,
      }),
    ).toThrow(/micro-batches of 60 images exceed the \d+ that fit on this device/);
    model.dispose();
  });

  it('divides a fit that a budget is too small for, with the same result', async () => {
    const lines: (string | undefined)[] = [];
    const losses: number[] = [];
    for (const budget of [Infinity, 1.15 * 2 ** 20]) {
      const model = smallModel();
      await model.fit(bars(4), { batchSize: 1, memory: Infinity, seed: 9 });
      device.trim();
      const { metrics } = await model.fit(bars(600), {
        batchSize: 600,
        memory: device.allocatedBytes + budget,
        callbacks: [{ onTrainBegin: ({ accumulation }) => void lines.push(accumulation) }],
      });
      losses.push(metrics['loss']![0]!);
      model.dispose();
    }
    expect(lines[0]).toBeUndefined();
    expect(lines[1]).toMatch(
      /^Batch 600 exceeds the \d+ images that fit on this device: gradients accumulate over \d+ micro-batches of /,
    );
    expect(losses[1]).toBeCloseTo(losses[0]!, 5);
  });
});
