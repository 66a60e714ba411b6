/**
 * Evaluations and predictions of sets of many sizes share few kernels: batches are powers of two, up to the batch size.
 *   predict and evaluate over 1 … 24 images, and over sets larger than the batch, compile nothing for most sizes
 *   each image's outputs have the bits of any other set that it is in; what pads a batch counts nowhere
 *   one image alone is a batch of one
 */
import { describe, expect, it } from 'vitest';
import type { Inference } from '../../src/nn/callbacks/callback.js';
import { useDevice } from '../device/device.js';
import { bars, smallModel } from '../device/small_model.js';

const held = useDevice();
const images = bars(40);

/** The first so many. */
const first = (count: number) => images.select(Array.from({ length: count }, (_, i) => i));

/** Pipelines made by `act`. */
async function compiledBy(act: () => Promise<unknown>): Promise<number> {
  const before = held.device.counters.pipelinesCreated;
  await act();
  return held.device.counters.pipelinesCreated - before;
}

describe.each(['predict', 'evaluate'] as const)('%s', (call) => {
  it('compiles for few of many sizes', async () => {
    const model = smallModel({ device: held.device });
    const sizes = Array.from({ length: 24 }, (_, i) => i + 1);
    const compiling: number[] = [];
    for (const count of sizes)
      if ((await compiledBy(async () => model[call](first(count)))) > 0) compiling.push(count);
    expect(compiling).toEqual([1, 2, 3, 5, 9, 17]);
    // Of several batches: those of 33 to 40 images take ten.
    await model[call](first(33), { batchSize: 4 });
    for (const count of [34, 35, 36])
      expect(await compiledBy(async () => model[call](first(count), { batchSize: 4 }))).toBe(0);
    model.dispose();
  });
});

it('pads without a trace in what comes out', async () => {
  const model = smallModel({ device: held.device });
  await model.fit(images, { batchSize: 8 });
  const all = await model.predict(images);
  let loss = 0;
  let correct = 0;
  for (const count of [1, 3, 7, 8, 9, 23, 40]) {
    // 23 images padded to 32, and the same ones as a batch of just their number.
    const padded = await model.predict(first(count));
    expect(padded).toEqual(all.slice(0, count * 3));
    expect(await model.predict(first(count), { batchSize: count })).toEqual(padded);
  }
  for (let n = 0; n < 23; n++) {
    const row = all.subarray(n * 3, n * 3 + 3);
    loss -= Math.log(row[images.labels[n]!]!) / 23;
    if (row.indexOf(Math.max(...row)) === images.labels[n]) correct++;
  }
  const found = await model.evaluate(first(23));
  expect(found.accuracy).toBe(correct / 23);
  expect(found.loss).toBeCloseTo(loss, 5);
  model.dispose();
});

it('takes as few images at once as there are, to the next power of two', async () => {
  const model = smallModel({ device: held.device });
  const batches: number[] = [];
  const onPredictBegin = ({ batchSize }: Inference): void => void batches.push(batchSize);
  for (const [count, batchSize] of [
    [1, 128],
    [2, 128],
    [5, 128],
    [40, 128],
    [40, 24],
    [20, 24],
  ] as const)
    await model.predict(first(count), { batchSize, callbacks: [{ onPredictBegin }] });
  expect(batches).toEqual([1, 2, 8, 64, 24, 24]);
  model.dispose();
});
