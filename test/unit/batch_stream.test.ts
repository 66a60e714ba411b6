/**
 * Batches from an iterable, without a device:
 *   one is fetched ahead; epochs iterate again, or continue with `steps`; a resumed training skips what it has used
 *   iterators that are left early are ended; errors of theirs surface as they are
 *   what is refused, by the number of the batch
 */
import { describe, expect, it } from 'vitest';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import { type BatchStream, isBatches } from '../../src/nn/samples/batch_stream.js';
import type { SampleSet } from '../../src/nn/samples/columns.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { dense } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { hollowDevice } from './fake_device.js';

anyData.provide(allData);
const device = Object.assign(hollowDevice('gpu'), { maxBufferBytes: 2 ** 27 });
const model = sequential([dense({ units: 3, inputShape: [1] })], { device });
model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });

const batch = (n: number, size = 2): object => ({
  x: Float32Array.from({ length: size }, () => n),
  y: new Uint8Array(size),
});

/** Yields batches 1, 2, … and notes what happens. */
async function* counted(count: number, events: string[] = []): AsyncGenerator<object> {
  try {
    for (let n = 1; n <= count; n++) {
      events.push(`give ${n}`);
      yield batch(n);
    }
  } finally {
    events.push('end');
  }
}

const open = (source: unknown, options: { steps?: number; batchSize?: number } = {}): BatchStream =>
  allData.stream('fit', source, model, options) as BatchStream;

/** The initial values of the batches of an epoch. */
async function epoch(
  stream: BatchStream,
  number: number,
  { cursor = 0, most = Infinity } = {},
): Promise<number[]> {
  const set = new DeviceSet(device, await shapes.get(stream)!);
  const found: number[] = [];
  const input = set.columns[0]!.parts[0]!;
  input.write = (values) => void found.push(values[0]!);
  await stream.begin({ epoch: number, cursor });
  while (found.length < most && (await stream.hasNext())) stream.load(set);
  return found;
}
const shapes = new Map<BatchStream, Promise<SampleSet>>();
async function opened(
  source: unknown,
  options: { steps?: number; batchSize?: number } = {},
  first = 0,
): Promise<BatchStream> {
  const stream = open(source, options);
  shapes.set(stream, stream.first(first));
  await shapes.get(stream);
  return stream;
}

describe('epochs', () => {
  it('end with the iterable, and iterate again', async () => {
    const list = [batch(5), batch(6), batch(7, 1)];
    const stream = await opened(list);
    expect([await epoch(stream, 0), await epoch(stream, 1)]).toEqual([
      [5, 6, 7],
      [5, 6, 7],
    ]);
    const made = await opened((n: number) => [batch(n), batch(n + 1)]);
    expect([await epoch(made, 0), await epoch(made, 1)]).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it('end after the steps, and continue', async () => {
    const stream = await opened(counted(9), { steps: 4 });
    expect([await epoch(stream, 0), await epoch(stream, 1)]).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    await expect(epoch(stream, 2)).rejects.toThrow(
      'fit: the batches ended after 1 of 4 steps of epoch 1; give fewer steps, or batches without an end.',
    );
    const made = await opened(() => counted(9), { steps: 2 });
    expect([await epoch(made, 0), await epoch(made, 1)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('resume after the batches that were used', async () => {
    expect(
      await epoch(
        await opened(
          [1, 2, 3, 4].map((n) => batch(n)),
          {},
          3,
        ),
        3,
        { cursor: 4 },
      ),
    ).toEqual([3, 4]);
    expect(await epoch(await opened(counted(9), { steps: 3 }, 1), 1, { cursor: 4 })).toEqual([6]);
    const whole = await opened([batch(1), batch(2)]);
    expect([await epoch(whole, 0, { cursor: 4 }), whole.isOver]).toEqual([[], true]);
  });
});

describe('the iterator', () => {
  it('gives one batch ahead, and is ended early', async () => {
    const events: string[] = [];
    const stream = await opened(counted(9, events));
    expect(events).toEqual(['give 1']);
    await epoch(stream, 0, { most: 2 });
    expect(events).toEqual(['give 1', 'give 2', 'give 3']);
    await stream.close();
    expect(events.at(-1)).toBe('end');
  });

  it('is not asked for more than the steps', async () => {
    const events: string[] = [];
    const stream = await opened(() => counted(9, events), { steps: 2 });
    await epoch(stream, 0);
    expect(events).toEqual(['give 1', 'give 2', 'end']);
  });

  it('passes its errors on', async () => {
    const failing = async function* (): AsyncGenerator<object> {
      yield batch(1);
      throw new RangeError('disk');
    };
    await expect(epoch(await opened(failing), 0)).rejects.toThrow(new RangeError('disk'));
  });
});

it.each<[string, unknown, { batchSize?: number }, string]>([
  ['an empty one', [], {}, 'fit: an Array has no batch in epoch 1.'],
  [
    'a larger batch',
    [batch(1), batch(2, 3)],
    {},
    'fit: batch 2 has 3 samples, expected at most 2; pass the largest size as batchSize.',
  ],
  [
    'a batch of another kind',
    [batch(1), { x: new Uint8Array(2), y: [0, 1] }],
    {},
    'fit: batch 2 has u8 values as the input input_layer, expected the input input_layer in f32, as in the first batch.',
  ],
  [
    'a wrong batch',
    [batch(1), { x: [1, 2], y: [0, 9] }],
    {},
    'fit: batch 2: y[1] is 9, which does not fit an output of 3 classes (0 to 2).',
  ],
  ['no batches', [batch(1), 5], {}, 'fit: batch 2: the set is 5, expected an ImageSet or { x, y }.'],
  [
    'a function of no iterable',
    () => 5,
    {},
    'fit: the result of the function is 5, expected an iterable or async iterable of batches.',
  ],
  [
    'a batch above batchSize',
    [batch(1)],
    { batchSize: 1 },
    'fit: batch 1 has 2 samples, expected at most 1; pass the largest size as batchSize.',
  ],
])('%s is refused', async (_, source, options, message) => {
  const given = Array.isArray(source) && source.length === 0 ? new Set() : source;
  const run = async (): Promise<unknown> => epoch(await opened(given, options), 0);
  await expect(run()).rejects.toThrow(message.replace('an Array', 'a Set'));
});

it('an iterator that is used up says so', async () => {
  const stream = await opened(counted(2));
  await epoch(stream, 0);
  await expect(epoch(stream, 1)).rejects.toThrow(
    'fit: an AsyncGenerator has no batch in epoch 2, perhaps because it can be iterated only once; pass a function that returns an iterable for each epoch.',
  );
});

it('tells batches from arrays', () => {
  const { x } = batch(1) as { x: Float32Array };
  for (const batches of [[batch(1)], counted(1), () => [], new Set()]) expect(isBatches(batches)).toBe(true);
  for (const data of [batch(1), x, [x], [1, 2], [], undefined]) expect(isBatches(data)).toBe(false);
});

it('steps of other data are refused', async () => {
  await expect(model.fit(batch(1) as never, { stepsPerEpoch: 3 })).rejects.toThrow(
    'fit: the number of steps is 3, expected none, because the data is not an iterable of batches.',
  );
});
