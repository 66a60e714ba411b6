/**
 * Training: one program per step, recorded from the model, replayed from the permutation of each epoch.
 * Everything that varies lies in the step's state, so the same seed gives the same bits, also after a resume.
 */
import { grad } from '../engine/op.js';
import { describePlan, type Plan } from '../engine/plan.js';
import { debug } from '../engine/debug.js';
import { type BoundStep, program } from '../engine/program.js';
import type { CompileOptions } from '../engine/replay.js';
import { Tensor } from '../engine/tensor.js';
import { currentTrace } from '../engine/trace.js';
import { UsageError, assert } from '../errors.js';
import { type AugmentOptions, checkAugmentOptions, scale, softmaxCrossEntropy } from '../kernels/index.js';
import { advance, stateSize, stateWords } from '../kernels/step_state.js';
import { permutation, streams } from '../random.js';
import type { Callback, Logs, Training } from './callbacks/callback.js';
import type { CallbackState, Checkpoint, Position } from './checkpoint.js';
import { DeviceSet, type LabelledImages, checkImages } from './device_set.js';
import { Evaluator } from './evaluator.js';
import { gatherInputs } from './inputs.js';
import type { Model } from './model.js';
import { ParameterGroup } from './parameters.js';
import { penalised } from './penalty.js';
import { createRing, replaySteps } from './replay_loop.js';
import { type LearningRate, ratesOf } from './schedules.js';

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

/** Records, plans and binds the training step of a model over a set on the device. */
export class TrainingStep {
  readonly state: Tensor;
  readonly ring: Tensor;
  readonly rates: Tensor;
  readonly gradients: ParameterGroup;

  private constructor(
    readonly model: Model,
    readonly set: DeviceSet,
    readonly batchSize: number,
    readonly augmentation: AugmentOptions | undefined,
  ) {
    const { device, parameters } = model;
    this.state = Tensor.from(new Uint32Array(stateSize), [stateSize], device);
    this.rates = Tensor.from(new Float32Array(this.stepsPerEpoch), [this.stepsPerEpoch], device);
    this.ring = createRing(device);
    this.gradients = new ParameterGroup(device, parameters.layout);
  }

  #bound: BoundStep<Record<string, Tensor>> | undefined;

  static async create(
    model: Model,
    set: DeviceSet,
    batchSize: number,
    {
      augmentation,
      ...options
    }: CompileOptions & { readonly augmentation?: AugmentOptions | undefined } = {},
  ): Promise<TrainingStep> {
    const training = new TrainingStep(model, set, batchSize, augmentation);
    const step = program(() => training.#record(), model.device);
    try {
      training.#bound = await step.bind([], options);
    } catch (error) {
      training.dispose();
      throw error;
    }
    debug(1, () => describePlan(training.plan));
    return training;
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.set.epochSize / this.batchSize);
  }

  get bound(): BoundStep<Record<string, Tensor>> {
    assert(this.#bound, 'a training step is bound when it is created');
    return this.#bound;
  }

  get plan(): Plan {
    return this.bound.step.plan;
  }

  #record(): Record<string, Tensor> {
    const { model, set, state, rates, ring, batchSize: batch } = this;
    const { parameters, preprocessing } = model;
    const { x, y } = gatherInputs(set, state, { batch, preprocessing, augmentation: this.augmentation });
    const logits = model.forward(x, { isTraining: true, state, withoutSoftmax: true });
    const { loss, totals } = penalised(model, softmaxCrossEntropy(logits, y));
    const names = [...parameters.tensors.keys()];
    const gradients = grad(
      loss,
      names.map((name) => parameters.get(name)),
    );
    gradients.forEach((gradient, i) => writeInto(this.gradients.get(names[i]!), gradient));
    const slots = Object.fromEntries([...model.slots].map(([name, group]) => [name, group.flat]));
    model.optimizer.apply({ parameters: parameters.flat, gradients: this.gradients.flat, slots, state });
    advance({ totals, rates, state, ring }, batch);
    return {};
  }

  dispose(): void {
    this.#bound?.step.dispose();
    this.gradients.dispose();
    for (const tensor of [this.state, this.rates, this.ring]) tensor.dispose();
  }
}

/** Has the program write a gradient where the optimizer will read it. */
function writeInto(target: Tensor, gradient: Tensor): void {
  const trace = currentTrace();
  assert(trace, 'gradients are written while a program is recorded');
  // A value that has a place already (one gradient for two parameters) is copied.
  trace.place(trace.canPlace(gradient) ? gradient : scale(gradient, 1), target);
}

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

/** What a checkpoint keeps of the loop, its callbacks and the optimizer. */
export function checkpointOf(model: Model, position: Position, callbacks: readonly Callback[]): Checkpoint {
  const states: Record<string, CallbackState> = {};
  const tensors = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [key, callback] of keyed(callbacks)) {
    const state = callback.state?.();
    if (state) states[key] = state;
    for (const [name, values] of callback.tensors?.() ?? []) tensors.set(`${key}/${name}`, values);
  }
  const { learningRate } = model.optimizer;
  return {
    position,
    callbacks: states,
    ...(tensors.size > 0 ? { tensors } : {}),
    learningRate: typeof learningRate === 'number' ? learningRate : null,
  };
}

function restoreCallbacks(callbacks: readonly Callback[], checkpoint: Checkpoint): void {
  for (const [key, callback] of keyed(callbacks)) {
    const state = checkpoint.callbacks[key];
    if (!state) continue;
    const own = [...(checkpoint.tensors ?? [])].filter(([name]) => name.startsWith(`${key}/`));
    callback.restore?.(state, new Map(own.map(([name, values]) => [name.slice(key.length + 1), values])));
  }
}

/** Callbacks that have a name, by name; the second one of a name gets a number, and so on. */
function keyed(callbacks: readonly Callback[]): [string, Callback][] {
  const counts = new Map<string, number>();
  return callbacks.flatMap((callback): [string, Callback][] => {
    const { name } = callback;
    if (name === undefined) return [];
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return [[count === 1 ? name : `${name} ${count}`, callback]];
  });
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

/** The epoch's learning rates on the device, rewritten when a callback changes the optimizer's rate. */
class RateTable {
  #written: LearningRate | undefined;
  #rates: Float32Array<ArrayBuffer> = new Float32Array(1);
  current = 0;

  constructor(
    private readonly model: Model,
    private readonly step: TrainingStep,
    private readonly totalSteps: number,
  ) {}

  /** Returns the rate of the step at `position`. */
  write(epoch: number, { cursor }: Position): number {
    const { stepsPerEpoch, batchSize } = this.step;
    this.#written = this.model.optimizer.learningRate;
    this.#rates = ratesOf(this.#written, epoch * stepsPerEpoch, stepsPerEpoch, {
      totalSteps: this.totalSteps,
      stepsPerEpoch,
    });
    this.step.rates.write(this.#rates);
    return this.#rateAt(cursor / batchSize);
  }

  #rateAt(index: number): number {
    this.current = this.#rates[Math.min(index, this.#rates.length - 1)] as number;
    return this.current;
  }

  /** After the step before `position`. */
  refresh(epoch: number, position: Position): void {
    if (!this.change(epoch, position)) this.#rateAt(position.cursor / this.step.batchSize - 1);
  }

  /** Gives the step at `position` the optimizer's rate if that has been changed. */
  change(epoch: number, position: Position): boolean {
    if (this.model.optimizer.learningRate === this.#written) return false;
    const rate = Float32Array.of(this.write(epoch, position));
    this.model.device.write(this.step.state.storage, rate, stateWords.learningRate * 4);
    return true;
  }
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
