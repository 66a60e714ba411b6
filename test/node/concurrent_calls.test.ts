/**
 * What may start while something is running on a model:
 *   a second fit is refused, and the first one's bits are those of a fit alone; the same for what would change what it
 *   works on: compile, dispose, setWeights, loadWeights; after an end of any kind the model may be trained again
 *   callbacks set weights; evaluate and predict run in callbacks and beside a fit, with consistent weights, and
 *   change none of its bits
 *   files and weights() are consistent: one submit, whatever the model holds
 *   during an evaluation or prediction: no fit, no other weights
 *   two models train at once over one set, not with one optimizer
 */
import { describe, expect, it } from 'vitest';
import { StateError } from '../../src/errors.js';
import { memoryFolder } from '../../src/memory_folder.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { batchNormalization, conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { useDevice } from '../device/device.js';
import { bars, smallModel } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

const held = useDevice();
const settings = { epochs: 2, batchSize: 4, seed: 5 };

/** Forty copies of one image: their outputs differ only where the weights do. */
function copies() {
  const { images, height, width, channels } = bars(1);
  const bytes = new Uint8Array(40 * 64);
  for (let n = 0; n < 40; n++) bytes.set(images, n * 64);
  return { images: bytes, labels: new Uint8Array(40), count: 40, height, width, channels };
}

/** What a fit alone comes to. */
async function aloneBits(): Promise<string> {
  const model = smallModel();
  await model.fit(bars(40), settings);
  return weightBits(model);
}

/** `begun` resolves in the first validation of the fit that it is a callback of; that fit goes on when `end` is called. */
function midway(): { readonly begun: Promise<void>; readonly end: () => void; readonly callback: Callback } {
  let begin = (): void => undefined;
  let end = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { begun, end, callback: { onTestBegin: async () => (begin(), ended) } };
}

describe('during a fit', () => {
  it('another fit is refused, and the first continues as if alone', async () => {
    const model = smallModel();
    const first = model.fit(bars(40), settings);
    await expect(model.fit(bars(40), settings)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: fit: another fit is running on model 'sequential'; await it, or abort it with its signal, first.]`,
    );
    const inCallback: Callback = { onEpochEnd: async () => void (await model.fit(bars(4))) };
    await first;
    expect(await weightBits(model)).toBe(await aloneBits());
    await expect(model.fit(bars(4), { callbacks: [inCallback] })).rejects.toThrow(StateError);
    await model.fit(bars(4));
  });

  it('nothing else changes what it works on', async () => {
    const model = smallModel();
    const folder = memoryFolder();
    await model.saveWeights(folder, 'weights');
    const weights = await model.weights();
    const { begun, end, callback } = midway();
    const fit = model.fit(bars(40), { ...settings, validationData: bars(4), callbacks: [callback] });
    await begun;
    expect(() => model.setWeights(weights)).toThrowErrorMatchingInlineSnapshot(
      `[StateError: setWeights: fit is running on model 'sequential'; call setWeights from one of its callbacks, or when it has ended.]`,
    );
    await expect(model.loadWeights(folder, 'weights')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: loadWeights: fit is running on model 'sequential'; call loadWeights from one of its callbacks, or when it has ended.]`,
    );
    expect(() =>
      model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[StateError: compile: fit is running on model 'sequential'; await it, or abort it with its signal, first.]`,
    );
    expect(() => model.dispose()).toThrowErrorMatchingInlineSnapshot(
      `[StateError: dispose: fit is running on model 'sequential'; await it, or abort it with its signal, first.]`,
    );
    end();
    await fit;
    expect(await weightBits(model)).toBe(await aloneBits());
    model.setWeights(weights);
    model.dispose();
    // New weights would silently replace the trained ones.
    await expect(model.predict(bars(1))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: model: 'sequential' was disposed and has no weights any more; create or load it again.]`,
    );
  });

  it('callbacks set weights, at the end of a step and between epochs', async () => {
    const model = smallModel();
    const weights = await model.weights();
    const reset: Callback = {
      onBatchBegin: () => undefined,
      onBatchEnd: () => model.setWeights(weights),
      onEpochEnd: () => model.setWeights(weights),
    };
    await model.fit(bars(8), { batchSize: 4, callbacks: [reset] });
    expect(await weightBits(model)).toBe(await weightBits(smallModel()));
  });

  it('evaluate and predict see consistent weights, in callbacks and beside it', async () => {
    const model = smallModel();
    const rows: Float32Array[] = [];
    const losses: number[] = [];
    const look = async (): Promise<void> => {
      rows.push(await model.predict(copies(), { batchSize: 1 }));
      losses.push((await model.evaluate(copies(), { batchSize: 8 })).loss);
    };
    let beside: Promise<void> | undefined;
    await model.fit(bars(40), {
      ...settings,
      callbacks: [
        { onEpochEnd: look, onBatchEnd: (step) => (step === 3 ? look() : undefined) },
        // Not awaited: it goes on beside the steps.
        { onEpochBegin: (epoch) => void (epoch === 1 && (beside = look())) },
      ],
    });
    await beside;
    expect(rows).toHaveLength(5);
    for (const row of rows)
      for (let n = 1; n < 40; n++) expect(row.subarray(n * 3, n * 3 + 3)).toEqual(row.subarray(0, 3));
    expect(new Set(losses).size).toBe(5);
    expect(await weightBits(model)).toBe(await aloneBits());
  });

  it('a saved file is consistent', async () => {
    const model = sequential(
      [
        conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1] }),
        batchNormalization(),
        flatten(),
        dense({ units: 3 }),
      ],
      { device: held.device },
    );
    model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    expect(model.slots.size).toBe(1);
    const { counters } = held.device;
    for (const read of [async () => model.weights(), async () => model.toFile()]) {
      const before = counters.submits;
      await read();
      expect(counters.submits - before).toBe(1);
    }
  });

  it.each<[string, (model: Model) => Promise<unknown>]>([
    [
      'failed',
      async (model) =>
        model.fit(bars(8), { callbacks: [{ onBatchEnd: () => Promise.reject(new Error('ours')) }] }),
    ],
    ['was refused', async (model) => model.fit(bars(8), { epochs: 0 })],
    ['was aborted', async (model) => model.fit(bars(8), { signal: AbortSignal.abort() })],
  ])('that %s, the model may be trained again', async (_, fails) => {
    const model = smallModel();
    const weights = await model.weights();
    await fails(model).catch(() => undefined);
    model.setWeights(weights);
    model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    await model.fit(bars(40), settings);
    expect(await weightBits(model)).toBe(await aloneBits());
  });
});

describe('during an evaluation or prediction', () => {
  it('there is no fit, and there are no other weights', async () => {
    const model = smallModel();
    const weights = await model.weights();
    const evaluation = model.evaluate(bars(9));
    await expect(model.fit(bars(9))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: fit: evaluate is running on model 'sequential'; await it first.]`,
    );
    expect(() => model.setWeights(weights)).toThrowErrorMatchingInlineSnapshot(
      `[StateError: setWeights: evaluate is running on model 'sequential'; await it first.]`,
    );
    await evaluation;
    const predictions = [model.predict(bars(9)), model.predict(bars(9))];
    await expect(model.fit(bars(9))).rejects.toThrow(/^fit: predict is running/);
    const [a, b] = await Promise.all(predictions);
    expect(a).toEqual(b);
    model.setWeights(weights);
    await model.fit(bars(9));
  });
});

describe('two models', () => {
  it('train at once over one set as each would alone', async () => {
    const models = [smallModel(), smallModel()];
    const set = bars(40);
    await Promise.all(models.map(async (model) => model.fit(set, settings)));
    for (const model of models) expect(await weightBits(model)).toBe(await aloneBits());
  });

  it('do not train at once with one optimizer, whose rate callbacks change', async () => {
    const optimizer = rmsprop();
    const [a, b] = [smallModel(), smallModel()];
    for (const model of [a, b]) model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
    const first = a.fit(bars(9));
    await expect(b.fit(bars(9))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: fit: the optimizer of model 'sequential' is training another model; compile each model with an optimizer of its own.]`,
    );
    await first;
    await b.fit(bars(9));
    expect(await weightBits(b)).toBe(await weightBits(a));
  });
});
