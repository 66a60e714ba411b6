/** Trainings without a device: epochs with given metrics, played to a callback as `fit` does. */
import type { Callback, Logs, Training } from '../../src/nn/callbacks/callback.js';
import type { Checkpoint } from '../../src/nn/training/checkpoint.js';
import type { LearningRate } from '../../src/nn/training/schedules.js';

export interface Played {
  /** Epochs that were trained, counted from 1. */
  readonly epochs: number;
  /** The learning rate while each epoch was trained. */
  readonly rates: LearningRate[];
  /** Names of the files saved, one entry per saving. */
  readonly saved: string[];
  /** The weights at the end: the number of the epoch (from 1) that they come from. */
  readonly weights: number;
}

export interface PlayOptions {
  readonly rate?: LearningRate;
  /** The first epoch, from 0; later ones need `kept`. */
  readonly firstEpoch?: number;
  /** What the callback kept in an earlier play. */
  readonly kept?: Pick<Checkpoint, 'callbacks' | 'tensors'>;
  readonly isInterrupted?: boolean;
  /** Metrics of each step, and the raw bits of its loss. */
  readonly batches?: readonly Logs[];
  readonly lossBits?: (step: number) => number;
}

/** Plays one epoch per entry of `metrics`. */
export async function play(
  callback: Callback,
  metrics: readonly Logs[],
  { rate = 1, firstEpoch = 0, kept, isInterrupted = false, batches = [], lossBits }: PlayOptions = {},
): Promise<Played> {
  const rates: LearningRate[] = [];
  const saved: string[] = [];
  let isStopped = false;
  let weights = 0;
  let step = firstEpoch * batches.length;
  let bits = 0;
  const optimizer = { learningRate: rate };
  const model = {
    optimizer,
    task: { guessing: Math.log(10) },
    weights: () => Promise.resolve(new Map([['dense/kernel', Float32Array.of(weights)]])),
    setWeights: (values: ReadonlyMap<string, Float32Array>) => {
      weights = values.get('dense/kernel')![0]!;
    },
    saveWeights: (_: unknown, name: string) => Promise.resolve(void saved.push(name)),
    toJson: () => ({
      name: 'small',
      inputShape: [2, 2, 1],
      layers: [
        { className: 'Flatten', config: { name: 'flatten' } },
        { className: 'Dense', config: { name: 'dense', units: 3, useBias: true } },
      ],
    }),
  };
  const training = {
    model,
    epochs: 99,
    batchSize: 4,
    position: () => ({ step, epoch: firstEpoch, cursor: 0, sums: {} }),
    lossBits: () => bits,
    stop: () => {
      isStopped = true;
    },
  } as unknown as Training;
  const inference = { model: training.model, samples: 1, steps: 1, batchSize: 1, training };

  await callback.onTrainBegin?.(training);
  if (kept) callback.restore?.(kept.callbacks['it']!, kept.tensors ?? new Map());
  let logs: Logs = {};
  for (const [i, logsOfEpoch] of metrics.entries()) {
    if (isStopped) break;
    logs = logsOfEpoch;
    const epoch = firstEpoch + i;
    await callback.onEpochBegin?.(epoch, training);
    rates.push(optimizer.learningRate);
    weights = epoch + 1;
    for (const [b, batch] of batches.entries()) {
      await callback.onBatchBegin?.(b, training);
      step++;
      bits = lossBits?.(b) ?? 0;
      await callback.onBatchEnd?.(b, batch, training);
    }
    if ('val_loss' in logs) {
      await callback.onTestBegin?.(inference);
      await callback.onTestEnd?.({ loss: logs['val_loss'], accuracy: logs['val_accuracy'] ?? 0 }, inference);
    }
    await callback.onEpochEnd?.(epoch, logs, training);
  }
  await callback.onTrainEnd?.(logs, training, isInterrupted);
  return { epochs: rates.length, rates, saved, weights };
}

/** What a callback keeps, through JSON as in a file. */
export function keep(callback: Callback): Pick<Checkpoint, 'callbacks' | 'tensors'> {
  const callbacks = JSON.parse(JSON.stringify({ it: callback.state?.() ?? {} })) as Checkpoint['callbacks'];
  return { callbacks, tensors: new Map(callback.tensors?.() ?? []) };
}

/** One epoch per value of a metric. */
export function series(name: string, values: readonly number[]): Logs[] {
  return values.map((value) => ({ [name]: value }));
}
