// Plan: the replay loop against a device of promises, where a read fails when the test says so: its error reaches the
// caller once, also while a listener of an earlier step is still at work, and the loop ends no sooner than the reads
// in flight, whose buffers are given back then. What the loop does with real steps is in test/device/training.test.ts.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeviceError } from '../../src/errors.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { MetricsRing, ringRows } from '../../src/nn/training/metrics_ring.js';
import { type ReplayOptions, replaySteps } from '../../src/nn/training/replay_loop.js';
import { Task } from '../../src/nn/training/task.js';

const ringRow = 5;
const task = new Task([{ name: 'dense', shape: [3] }], { loss: 'sparseCategoricalCrossentropy' });
const made = (): Tensor => ({ storage: {} }) as Tensor;

/** The ring as it is when every step of it has been done. */
function ring(): ArrayBuffer {
  const words = new Uint32Array(ringRows * ringRow);
  for (let step = 0; step < ringRows; step++) words[(step + 1) * ringRow - 1] = step;
  return words.buffer;
}

const lost = DeviceError.lost('the test unplugged it');
const later = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Three steps; `reads` are what the submits give, one after another. */
function replay(
  reads: readonly (() => Promise<ArrayBuffer>)[],
  options: Partial<ReplayOptions> & { readonly assertUsable?: () => void } = {},
): Promise<number> {
  const { assertUsable = () => undefined, ...others } = options;
  let submitted = 0;
  const device = {
    encoder: () => {
      assertUsable();
      return {};
    },
    stageRead: () => ({ fetch: reads[submitted++] }),
    submit: () => undefined,
  };
  const fakes = { device, step: { encode: () => undefined }, ring: new MetricsRing(task, made) };
  return replaySteps({
    ...(fakes as unknown as Pick<ReplayOptions, 'device' | 'step' | 'ring'>),
    firstStep: 0,
    count: 3,
    onStep: () => undefined,
    ...others,
  });
}

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', hear);
});
afterEach(() => process.off('unhandledRejection', hear));

const done = async (): Promise<ArrayBuffer> => ring();

test('all steps are delivered, in order', async () => {
  const sums: number[] = [];
  await expect(replay([done, done, done], { onStep: () => void sums.push(sums.length) })).resolves.toBe(3);
  expect(sums).toEqual([0, 1, 2]);
});

test('a read that fails while a listener is at work', async () => {
  const reads = [done, async () => Promise.reject(lost), done];
  await expect(replay(reads, { onStep: () => later(20) })).rejects.toBe(lost);
  await later(0);
  expect(unhandled).toEqual([]);
});

test('a device that cannot be used any more while a read is in flight', async () => {
  let submits = 0;
  let hasEnded = false;
  const slow = async (): Promise<ArrayBuffer> => {
    await later(20);
    hasEnded = true;
    throw lost;
  };
  const assertUsable = (): void => {
    if (submits++ > 0) throw lost;
  };
  await expect(replay([slow], { assertUsable })).rejects.toBe(lost);
  expect(hasEnded).toBe(true);
  await later(0);
  expect(unhandled).toEqual([]);
});

test('a listener that throws while a read is in flight', async () => {
  let hasEnded = false;
  const slow = async (): Promise<ArrayBuffer> => {
    await later(20);
    hasEnded = true;
    return ring();
  };
  const onStep = (): void => {
    throw new Error('of the listener');
  };
  await expect(replay([done, slow], { onStep })).rejects.toThrow('of the listener');
  expect(hasEnded).toBe(true);
});
