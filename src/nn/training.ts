/**
 * Training: one program per step, recorded from the model, replayed from the permutation of each epoch.
 * Everything that varies lies in the step's state, so the same seed gives the same bits, also after a resume.
 */
import type { CompileOptions } from '../engine/replay.js';
import type { Tensor } from '../engine/tensor.js';
import { UsageError } from '../errors.js';
import { type AugmentOptions, checkAugmentOptions } from '../kernels/index.js';
import { stateSize, stateWords } from '../kernels/step_state.js';
import { permutation, streams } from '../random.js';
import { checkpointOf, restoreCallbacks } from './callback_states.js';
import type { Callback, Logs, Training } from './callbacks/callback.js';
import type { Checkpoint, Position } from './checkpoint.js';
import { DeviceSet, type LabelledImages, checkImages } from './device_set.js';
import { Evaluator } from './evaluator.js';
import type { Model } from './model.js';
import { RateTable } from './rate_table.js';
import { replaySteps } from './replay_loop.js';
import { TrainingStep } from './training_step.js';

export interface FitOptions {
  /** Epochs in all, those before a resume included. Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  readonly validationData?: LabelledImages;
  readonly callbacks?: readonly Callback[];
  /** What happens to the training images, drawn anew each epoch; validation images stay as they are. */
  readonly augmentation?: AugmentOptions;
  /** How often an epoch shows each image, each time augmented differently. Default 1. */
  readonly variantsPerImage?: number;
  /** A new order each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Keys shuffling and dropout. Default 0. */
  readonly seed?: number;
  /** Aborting ends training after the step under way. */
  readonly signal?: AbortSignal;
  /** Goes on from a checkpoint; the weights and optimizer slots must have been loaded. */
  readonly resume?: Checkpoint;
}

export interface History {
  /** Epoch numbers from 1 on, one per entry of each metric. */
  readonly epochs: number[];
  readonly metrics: Record<string, number[]>;
  readonly isInterrupted: boolean;
  /** For going on later; saved by `saveWeights`. */
  readonly checkpoint: Checkpoint;
}

const start: Position = { step: 0, epoch: 0, cursor: 0, lossSum: 0, correct: 0, count: 0 };

/** Runs `fit`; see Sequential.fit. */
export async function train(model: Model, images: LabelledImages, options: FitOptions): Promise<History> {
  const {
    epochs = 1,
    batchSize = 32,
    validationData,
    callbacks = [],
    shuffle = true,
    seed = 0,
    signal,
    augmentation,
    variantsPerImage = 1,
  } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize, variantsPerImage })) {
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`fit: ${name} is ${value}, expected a whole number from 1 on.`);
  }
  if (augmentation) checkAugmentOptions(augmentation);
  else if (variantsPerImage > 1)
    throw new UsageError(
      `fit: variantsPerImage is ${variantsPerImage}, but without augmentation all variants are the same.`,
    );
  checkImages('fit', images, model.inputShape, model.classes);
  if (validationData) checkImages('fit: validationData', validationData, model.inputShape, model.classes);

  const { device } = model;
  let position = options.resume?.position ?? start;
  let lossBits = 0;
  let isStopped = false;
  const set = new DeviceSet(device, images, { variantsPerImage });
  const { epochSize } = set;
  const stepsPerEpoch = Math.ceil(epochSize / batchSize);
  const training: Training = {
    model,
    epochs,
    stepsPerEpoch,
    batchSize,
    samples: epochSize,
    validationSamples: validationData?.count ?? 0,
    get kernels() {
      return step.plan.dispatches.map(({ pass, shapes, variant }) => ({ pass, shapes, variant }));
    },
    checkpoint: () => checkpointOf(model, position, callbacks),
    position: () => position,
    lossBits: () => lossBits,
    stop: () => {
      isStopped = true;
    },
  };
  const savedRate = options.resume?.learningRate;
  if (typeof savedRate === 'number') model.optimizer.learningRate = savedRate;
  const compiling: CompileOptions = {
    ...(signal ? { signal } : {}),
    onProgress: (done, total) => {
      for (const callback of callbacks) callback.onCompile?.(done, total, training);
    },
  };
  const resources: { dispose(): void }[] = [set];
  let step: TrainingStep;

  const metrics: Record<string, number[]> = {};
  const epochNumbers: number[] = [];
  let logs: Logs = {};
  const shouldStop = (): boolean => isStopped || signal?.aborted === true;
  const hearsBegin = callbacks.some((callback) => callback.onBatchBegin);
  try {
    step = await TrainingStep.create(model, set, batchSize, { ...compiling, augmentation });
    resources.push(step);
    const evaluator = validationData
      ? await Evaluator.create(model, validationData, batchSize, compiling)
      : undefined;
    if (evaluator) resources.push(evaluator);

    for (const callback of callbacks) await callback.onTrainBegin?.(training);
    if (options.resume) restoreCallbacks(callbacks, options.resume);
    while (position.epoch < epochs && !shouldStop()) {
      const { epoch } = position;
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, training);
      if (shouldStop()) break;
      set.permutation.write(
        shuffle
          ? (permutation(epochSize, seed, streams.shuffle, epoch) as Uint32Array<ArrayBuffer>)
          : Uint32Array.from({ length: epochSize }, (_, i) => i),
      );
      const rates = new RateTable(model, step, epochs * stepsPerEpoch);
      writeState(step.state, { position, seed, epochSize, rate: rates.write(epoch, position) });
      await replaySteps({
        device,
        step: step.bound.step,
        ring: step.ring,
        firstStep: position.step,
        count: Math.ceil((epochSize - position.cursor) / batchSize),
        shouldStop,
        onStepBegin: hearsBegin
          ? async () => {
              for (const callback of callbacks)
                await callback.onBatchBegin?.(position.cursor / batchSize, training);
              rates.change(epoch, position);
            }
          : undefined,
        onStep: async (sums) => {
          position = advanced(position, sums, batchSize);
          ({ lossBits } = sums);
          logs = { loss: position.lossSum / position.count, accuracy: position.correct / position.count };
          for (const callback of callbacks) {
            const waiting = callback.onBatchEnd?.(Math.ceil(position.cursor / batchSize) - 1, logs, training);
            if (waiting) await waiting;
          }
          rates.refresh(epoch, position);
        },
      });
      // A callback's stop() ends the epoch early, as in Keras; a signal leaves it as it is, to be resumed.
      if (position.cursor < epochSize && signal?.aborted === true) break;
      const last = rates.current;
      if (evaluator) {
        const { loss, accuracy } = await evaluator.run({ callbacks, training });
        logs = { ...logs, val_loss: loss, val_accuracy: accuracy };
      }
      logs = { ...logs, learning_rate: last };
      position = { ...start, step: position.step, epoch: epoch + 1 };
      epochNumbers.push(epoch + 1);
      for (const [name, value] of Object.entries(logs)) (metrics[name] ??= []).push(value);
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, training);
    }
    const isInterrupted = signal?.aborted === true && position.epoch < epochs;
    for (const callback of callbacks) await callback.onTrainEnd?.(logs, training, isInterrupted);
    return {
      epochs: epochNumbers,
      metrics,
      isInterrupted,
      checkpoint: checkpointOf(model, position, callbacks),
    };
  } finally {
    for (const resource of resources) resource.dispose();
  }
}

function advanced(
  position: Position,
  { lossSum, correct, count }: { lossSum: number; correct: number; count: number },
  batchSize: number,
): Position {
  return {
    step: position.step + 1,
    epoch: position.epoch,
    cursor: position.cursor + batchSize,
    lossSum: position.lossSum + lossSum,
    correct: position.correct + correct,
    count: position.count + count,
  };
}

function writeState(
  state: Tensor,
  { position, seed, epochSize, rate }: { position: Position; seed: number; epochSize: number; rate: number },
): void {
  const words = new Uint32Array(stateSize);
  words[stateWords.step] = position.step;
  words[stateWords.seed] = seed;
  words[stateWords.cursor] = position.cursor;
  words[stateWords.epochSize] = epochSize;
  words[stateWords.epoch] = position.epoch;
  new Float32Array(words.buffer)[stateWords.learningRate] = rate;
  state.write(words);
}
