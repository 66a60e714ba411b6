/**
 * Callbacks in real trainings:
 *   every hook of fit, evaluate and predict, in order, with its arguments, sync and async; classes
 *   a callback that throws, in every hook: its own error, memory given back, the device still good
 *   without listeners: no more read-backs and submits; with a listener for begins: one step at a time, the same bits
 *   a rate set in onBatchBegin is the step's own
 *   stop() within an epoch: the epoch ends early with its validation; at an epoch's begin; NaN by its bits
 *   checkpoints of callbacks: early stopping restores the same weights after a resume; two callbacks of one name
 *   modelCheckpoint by batches saves the weights of that very batch
 */
import { describe, expect, it } from 'vitest';
import type { Callback, Inference, Logs } from '../../src/nn/callbacks/callback.js';
import { earlyStopping, modelCheckpoint, terminateOnNaN } from '../../src/nn/callbacks/index.js';
import type { Model } from '../../src/nn/model.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { useDevice } from '../device/device.js';
import { bars, smallModel } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

const held = useDevice();

const keys = (logs: Logs): string => Object.keys(logs).join();

/** Writes down every hook; asynchronous when asked to, so that one that is not awaited comes too late. */
function recorder(calls: string[], isAsync: boolean): Callback {
  const note = (text: string): void | Promise<void> => {
    if (!isAsync) return void calls.push(text);
    return new Promise((resolve) =>
      setTimeout(() => {
        calls.push(text);
        resolve();
      }, 1),
    );
  };
  const of = ({ samples, steps, batchSize, training }: Inference): string =>
    `${samples} in ${steps} of ${batchSize}${training ? ' while training' : ''}`;
  return {
    onTrainBegin: ({ epochs, stepsPerEpoch }) => note(`train begin ${epochs}×${stepsPerEpoch}`),
    onEpochBegin: (epoch) => note(`epoch begin ${epoch}`),
    onBatchBegin: (step, { position }) => note(`batch begin ${step} at ${position().step}`),
    onBatchEnd: (step, logs, { position }) => note(`batch end ${step} at ${position().step} ${keys(logs)}`),
    onEpochEnd: (epoch, logs) => note(`epoch end ${epoch} ${keys(logs)}`),
    onTrainEnd: (logs, _, isInterrupted) => note(`train end ${keys(logs)} ${isInterrupted}`),
    onTestBegin: (inference) => note(`test begin ${of(inference)}`),
    onTestBatchBegin: (step) => note(`test batch begin ${step}`),
    onTestBatchEnd: (step, logs) => note(`test batch end ${step} ${keys(logs)}`),
    onTestEnd: (logs) => note(`test end ${keys(logs)}`),
    onPredictBegin: (inference) => note(`predict begin ${of(inference)}`),
    onPredictBatchBegin: (step) => note(`predict batch begin ${step}`),
    onPredictBatchEnd: (step, outputs) => note(`predict batch end ${step} ${outputs.length}`),
    onPredictEnd: () => note('predict end'),
  };
}

describe('hooks', () => {
  it.each([false, true])('come in order, with their arguments; asynchronous: %s', async (isAsync) => {
    const calls: string[] = [];
    const model = smallModel();
    const callbacks = [recorder(calls, isAsync)];
    await model.fit(bars(9), { epochs: 2, batchSize: 4, validationData: bars(5, 2), callbacks });
    const batch = (epoch: number, step: number): string[] => [
      `batch begin ${step} at ${3 * epoch + step}`,
      `batch end ${step} at ${3 * epoch + step + 1} loss,accuracy`,
    ];
    const test = (batches: number): string[] => [
      ...Array.from({ length: batches }, (_, step) => [
        `test batch begin ${step}`,
        `test batch end ${step} loss,accuracy`,
      ]).flat(),
      'test end loss,accuracy',
    ];
    const epoch = (n: number): string[] => [
      `epoch begin ${n}`,
      ...[0, 1, 2].flatMap((step) => batch(n, step)),
      'test begin 5 in 2 of 4 while training',
      ...test(2),
      `epoch end ${n} loss,accuracy,val_loss,val_accuracy,learning_rate`,
    ];
    expect(calls).toEqual([
      'train begin 2×3',
      ...epoch(0),
      ...epoch(1),
      'train end loss,accuracy,val_loss,val_accuracy,learning_rate false',
    ]);

    calls.length = 0;
    await model.evaluate(bars(5, 2), { batchSize: 2, callbacks });
    expect(calls).toEqual(['test begin 5 in 3 of 2', ...test(3)]);

    calls.length = 0;
    await model.predict(bars(5, 2), { batchSize: 3, callbacks });
    expect(calls).toEqual([
      'predict begin 5 in 2 of 3',
      'predict batch begin 0',
      'predict batch end 0 9',
      'predict batch begin 1',
      'predict batch end 1 6',
      'predict end',
    ]);
  });

  it('of several callbacks come callback by callback, and may be methods', async () => {
    class Counter implements Callback {
      count = 0;
      onBatchEnd(): void {
        this.count++;
      }
    }
    const calls: string[] = [];
    const counter = new Counter();
    const first: Callback = {
      onEpochEnd: () => new Promise((done) => setTimeout(done, 5)).then(() => void calls.push('first')),
    };
    const second: Callback = { onEpochEnd: () => void calls.push(`second ${counter.count}`) };
    await smallModel().fit(bars(8), { batchSize: 4, callbacks: [counter, first, second] });
    expect(calls).toEqual(['first', 'second 2']);
  });

  it('tell evaluate and predict the same as their results', async () => {
    const model = smallModel();
    const outputs: number[] = [];
    let last: Logs = {};
    const callbacks: Callback[] = [
      {
        onTestEnd: (logs) => void (last = logs),
        onPredictBatchEnd: (_, rows) => void outputs.push(...rows),
      },
    ];
    expect(await model.evaluate(bars(7), { batchSize: 3, callbacks })).toEqual(last);
    expect([...(await model.predict(bars(7), { batchSize: 3, callbacks }))]).toEqual(outputs);
  });
});

describe('a callback that throws', () => {
  const inFit = [
    'onCompile',
    'onTrainBegin',
    'onEpochBegin',
    'onBatchBegin',
    'onBatchEnd',
    'onTestBegin',
    'onTestBatchBegin',
    'onTestBatchEnd',
    'onTestEnd',
    'onEpochEnd',
    'onTrainEnd',
  ] as const;
  const inPredict = ['onPredictBegin', 'onPredictBatchBegin', 'onPredictBatchEnd', 'onPredictEnd'] as const;
  const inEvaluate = inFit.filter((name) => name.startsWith('onTest'));

  /**
   * Runs once to make what stays (weights, staging buffers), then with each hook throwing. Tells of each whether its
   * error came out, whether others were told of an end, and the bytes that were not given back.
   */
  async function thrown(
    names: readonly string[],
    work: (model: Model, callbacks: Callback[]) => Promise<unknown>,
  ): Promise<unknown[]> {
    const found: unknown[] = [];
    const { device } = held;
    const model = smallModel();
    await work(model, []);
    for (const name of names) {
      device.trim();
      const before = device.allocatedBytes;
      const error = new RangeError(`${name} of the user`);
      const later: string[] = [];
      const bad = {
        [name]: () => {
          throw error;
        },
      } as Callback;
      const caught: unknown = await work(model, [bad, recorder(later, false)]).catch(
        (cause: unknown) => cause,
      );
      device.trim();
      found.push({
        name,
        isOwn: caught === error,
        ends: later.filter((text) => /^(train|test|predict) end/.test(text)).length,
        // Less than before where models of other tests have been collected meanwhile.
        bytes: Math.max(0, device.allocatedBytes - before),
      });
    }
    // The device is still good.
    await work(model, []);
    return found;
  }

  it('ends fit with its own error, and everything is given back', async () => {
    const found = await thrown(inFit, (model, callbacks) =>
      model.fit(bars(9), { epochs: 2, batchSize: 2, validationData: bars(5, 2), callbacks }),
    );
    // By the end of an epoch its validation has ended once, by the end of training twice.
    const ends = (name: string): number => ({ onEpochEnd: 1, onTrainEnd: 2 })[name] ?? 0;
    expect(found).toEqual(inFit.map((name) => ({ name, isOwn: true, ends: ends(name), bytes: 0 })));
  });

  it('also when it rejects while steps are in flight', async () => {
    const { device } = held;
    const model = smallModel();
    await model.fit(bars(200), { batchSize: 2 });
    device.trim();
    const before = device.allocatedBytes;
    const bad: Callback = {
      onBatchEnd: (step) => (step === 20 ? Promise.reject(new RangeError('mine')) : undefined),
    };
    await expect(model.fit(bars(200), { batchSize: 2, callbacks: [bad] })).rejects.toThrow('mine');
    device.trim();
    expect(device.allocatedBytes).toBeLessThanOrEqual(before);
  });

  it('ends evaluate and predict likewise', async () => {
    const set = bars(5);
    const found = [
      ...(await thrown(inEvaluate, (model, callbacks) => model.evaluate(set, { batchSize: 2, callbacks }))),
      ...(await thrown(inPredict, (model, callbacks) => model.predict(set, { batchSize: 2, callbacks }))),
    ];
    const names = [...inEvaluate, ...inPredict];
    expect(found).toEqual(names.map((name) => ({ name, isOwn: true, ends: 0, bytes: 0 })));
  });
});

describe('listening', () => {
  const options = { epochs: 2, batchSize: 4, validationData: bars(40, 7), seed: 5 };

  /** The costs and the result of a training. */
  async function cost(callbacks: Callback[]) {
    const model = smallModel();
    const before = { ...held.device.counters };
    const { metrics } = await model.fit(bars(120), { ...options, callbacks });
    return {
      readBacks: held.device.counters.readBacks - before.readBacks,
      result: { bits: await weightBits(model), metrics },
    };
  }

  it('to the beginnings of steps makes them go one by one, to the same bits', async () => {
    const quiet = await cost([]);
    const ends = await cost([{ onBatchEnd: () => undefined, onTestBatchEnd: () => undefined }]);
    const begins = await cost([{ onBatchBegin: () => undefined, onTestBatchBegin: () => undefined }]);
    // 30 steps and 10 of validation, twice. Otherwise several share a read-back, unless the device is slow.
    expect(begins.readBacks).toBe(80);
    expect(quiet.readBacks).toBeLessThanOrEqual(80);
    expect(ends.readBacks).toBeLessThanOrEqual(80);
    expect(ends.result).toEqual(quiet.result);
    expect(begins.result).toEqual(quiet.result);
  });

  it('to onBatchBegin can give each step a rate of its own', async () => {
    const rates = [1e-2, 0, 0, 1e-3];
    const seen: string[] = [];
    const model = smallModel();
    const callback: Callback = {
      onBatchBegin: (step) => {
        model.optimizer.learningRate = rates[step]!;
      },
      onBatchEnd: async () => void seen.push(await weightBits(model)),
    };
    const first = await weightBits(model);
    const { metrics } = await model.fit(bars(16), { batchSize: 4, callbacks: [callback] });
    expect(seen[0]).not.toBe(first);
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toBe(seen[0]);
    expect(seen[3]).not.toBe(seen[0]);
    expect(metrics['learning_rate']).toEqual([Math.fround(1e-3)]);
    // The same rates as a schedule.
    const scheduled = smallModel({ optimizer: { learningRate: (step) => rates[step]! } });
    await scheduled.fit(bars(16), { batchSize: 4 });
    expect(await weightBits(scheduled)).toBe(seen[3]);
  });
});

describe('stop()', () => {
  it('within an epoch ends it early, validates, and ends training', async () => {
    const calls: string[] = [];
    const stopper: Callback = {
      // With one step at a time, no step is in flight.
      onBatchBegin: () => undefined,
      onBatchEnd: (step, _, training) => (step === 1 ? training.stop() : undefined),
      onTestEnd: () => void calls.push('validated'),
      onEpochEnd: (epoch, logs, { position }) =>
        void calls.push(`epoch ${epoch} ended after ${position().step}: ${keys(logs)}`),
      onTrainEnd: (_, __, isInterrupted) => void calls.push(`end ${isInterrupted}`),
    };
    const { epochs, isInterrupted, checkpoint } = await smallModel().fit(bars(40), {
      epochs: 3,
      batchSize: 4,
      validationData: bars(6),
      callbacks: [stopper],
    });
    expect(calls).toEqual([
      'validated',
      'epoch 0 ended after 2: loss,accuracy,val_loss,val_accuracy,learning_rate',
      'end false',
    ]);
    expect([epochs, isInterrupted, checkpoint.position.epoch]).toEqual([[1], false, 1]);
  });

  it('as an epoch begins leaves it untrained', async () => {
    const stopper: Callback = {
      onEpochBegin: (epoch, training) => (epoch === 1 ? training.stop() : undefined),
    };
    const { epochs } = await smallModel().fit(bars(8), { epochs: 3, batchSize: 4, callbacks: [stopper] });
    expect(epochs).toEqual([1]);
  });

  // Those of the first layer reach the loss through relu, pooling, dropout and softmax.
  it.each(['conv2d/kernel', 'dense_1/bias'])('follows from a NaN in %s', async (name) => {
    const said: string[] = [];
    const model = smallModel();
    const poison: Callback = {
      onEpochBegin: async (epoch) => {
        if (epoch !== 1) return;
        const weights = await model.weights();
        weights.get(name)!.fill(Number.NaN);
        model.setWeights(weights);
      },
    };
    const { epochs, metrics } = await model.fit(bars(8), {
      epochs: 5,
      batchSize: 4,
      callbacks: [poison, terminateOnNaN({ say: (text) => said.push(text) })],
    });
    expect(said).toEqual(['Batch 0: Invalid loss, terminating training']);
    expect(epochs).toEqual([1, 2]);
    expect(metrics['loss']![0]).toBeGreaterThan(0);
    // A model of NaN knows nothing: no image counts as right, and no probability is a number.
    expect(metrics['loss']![1]).toBeNaN();
    expect(metrics['accuracy']![1]).toBe(0);
    expect(await model.evaluate(bars(8))).toMatchObject({ loss: NaN, accuracy: 0 });
    expect([...(await model.predict(bars(2)))]).toEqual(Array.from({ length: 6 }, () => NaN));
  });

  it('does not follow from losses that are numbers', async () => {
    const said: string[] = [];
    const bits: number[] = [];
    const watch: Callback = { onBatchEnd: (_, __, { lossBits }) => void bits.push(lossBits()) };
    const { metrics } = await smallModel().fit(bars(4), {
      batchSize: 4,
      callbacks: [watch, terminateOnNaN({ say: (text) => said.push(text) })],
    });
    expect(said).toEqual([]);
    // The bits are those of the loss, summed over the four images.
    expect(new Float32Array(Uint32Array.from(bits).buffer)[0]! / 4).toBe(metrics['loss']![0]);
  });
});

describe('checkpoints', () => {
  it.each([2, 4])(
    'keep the best weights for a training that is resumed after epoch %i',
    async (stopAfter) => {
      const options = { epochs: 6, batchSize: 4, seed: 5 };
      // The first epoch is the best of a training that learns: its loss is the largest.
      const make = (): Callback =>
        earlyStopping({ monitor: 'loss', mode: 'max', restoreBestWeights: true, patience: 9 });
      const straight = smallModel();
      await straight.fit(bars(60), { ...options, callbacks: [make()] });

      const controller = new AbortController();
      const interrupt: Callback = {
        onEpochEnd: (epoch) => void (epoch + 1 === stopAfter && controller.abort()),
      };
      const first = smallModel();
      const part = await first.fit(bars(60), {
        ...options,
        callbacks: [make(), interrupt],
        signal: controller.signal,
      });
      expect(part.isInterrupted).toBe(true);
      const folder = memoryFolder();
      await first.saveWeights(folder, 'last', { checkpoint: part.checkpoint });
      const second = smallModel({ seed: 99 });
      const { checkpoint } = await second.loadWeights(folder, 'last');
      await second.fit(bars(60), { ...options, resume: checkpoint!, callbacks: [make()] });
      expect(await weightBits(second)).toBe(await weightBits(straight));
      expect(await weightBits(straight)).not.toBe(await weightBits(first));
    },
  );

  it('tell two callbacks of one name apart', async () => {
    const made = (kept: string[], mine: string): Callback => ({
      name: 'twin',
      state: () => ({ mine }),
      restore: (state) => void kept.push(String(state['mine'])),
    });
    const kept: string[] = [];
    const model = smallModel();
    const { checkpoint } = await model.fit(bars(4), { callbacks: [made(kept, 'a'), made(kept, 'b')] });
    await model.fit(bars(4), {
      epochs: 2,
      resume: checkpoint,
      callbacks: [made(kept, 'c'), made(kept, 'd')],
    });
    expect(kept).toEqual(['a', 'b']);
  });

  it('by batches hold the weights of that very batch', async () => {
    const folder = memoryFolder();
    const model = smallModel();
    const after: string[] = [];
    const watch: Callback = {
      onBatchBegin: () => undefined,
      onBatchEnd: async () => void after.push(await weightBits(model)),
    };
    await model.fit(bars(40), {
      batchSize: 4,
      callbacks: [watch, modelCheckpoint({ folder, name: 'at-{batch}', saveFreq: 4 })],
    });
    expect(await folder.list()).toEqual(['at-4.safetensors', 'at-8.safetensors']);
    for (const batch of [4, 8]) {
      const loaded = smallModel({ seed: 9 });
      await loaded.loadWeights(folder, `at-${batch}`);
      expect(await weightBits(loaded)).toBe(after[batch - 1]);
    }
  });
});
