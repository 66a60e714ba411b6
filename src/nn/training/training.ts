/**
 * Training: one program per step, recorded from the model, replayed from the permutation of each epoch.
 * Everything that varies is in the step's state, so the same seed gives the same bits, even after a resume.
 */
import { type AugmentOptions, augmentRules } from '../../augment_options.js';
import { KernelSelection } from '../../engine/kernel_selection.js';
import type { CompileOptions } from '../../engine/compile.js';
import type { Plan, PlanOptions } from '../../engine/plan/plan.js';
import { StateError, UsageError, assert } from '../../errors.js';
import { checkArgument, checkCall } from '../../calls.js';
import {
  type Rules,
  check,
  count,
  countOrZero,
  either,
  flag,
  nested,
  notNegative,
  oneOf,
  rule,
  seed as seedRule,
  signal as signalRule,
} from '../../options.js';
import { permutation, streams } from '../../random.js';
import {
  type BatchSource,
  type DataOptions,
  type PreparedData,
  type StreamOptions,
  anyData,
} from '../samples/any_data.js';
import {
  type GradientAccumulation,
  describeAccumulation,
  planAccumulation,
} from './gradient_accumulation.js';
import { checkpointOf, restoreCallbacks } from './callback_states.js';
import { type Callback, type KernelChoice, type Logs, type Training } from '../callbacks/callback.js';
import { callbacksRule } from '../callbacks/callbacks_rule.js';
import { type Checkpoint, type Position, checkpointRule } from './checkpoint.js';
import type { SampleSet } from '../samples/columns.js';
import { DeviceSet } from '../samples/device_set.js';
import { Evaluator } from './evaluator.js';
import { type MemoryOptions, memoryRules } from './memory_room.js';
import type { TrainableModel } from '../trainable_model.js';
import { type ReplayOptions, type SyncPoints, replaySteps } from './replay_loop.js';
import { type LabelledSamples, type TrainingData, labelledSet, streamOf } from '../samples/samples.js';
import { addSums } from './task.js';
import { type MixOptions, checkMixing, drawMixing, isMixed, mixRules } from './mixing.js';
import { type BeginOptions, TrainingStep } from './training_step.js';

export interface FitOptions extends MixOptions, MemoryOptions, DataOptions {
  /** Total epochs, including those before a resume. Default 1. */
  readonly epochs?: number;
  /**
   * Default 32. Any size works: batches that do not fit on the device are split into micro-batches. For an iterable of batches, the
   * most samples of a batch; default those of the first.
   */
  readonly batchSize?: number;
  /**
   * Images per micro-batch, if fewer than the batch: gradients accumulate over micro-batches, and the weights change once per
   * batch. Default: the whole batch if it fits, otherwise the fewest micro-batches that fit.
   */
  readonly microBatchSize?: number | undefined;
  readonly validationData?: TrainingData;
  /**
   * Batches per epoch, for an iterable of batches; default all. An iterable that is not made by a function continues in the next
   * epoch with the batch after.
   */
  readonly stepsPerEpoch?: number | undefined;
  /** Batches per validation, for an iterable of batches as `validationData`; default all. */
  readonly validationSteps?: number | undefined;
  readonly callbacks?: readonly Callback[];
  /** How to augment training images, differently each epoch; validation images are not augmented. */
  readonly augmentation?: AugmentOptions;
  /** How often an epoch shows each image, each time augmented differently. Default 1. */
  readonly variantsPerImage?: number;
  /** Whether to shuffle the images each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Seeds shuffling and dropout. Default 0. */
  readonly seed?: number;
  /** Aborting it ends training after the current step. */
  readonly signal?: AbortSignal;
  /** The checkpoint to resume from; its weights and optimizer slots must have been loaded. */
  readonly resume?: Checkpoint;
  /** Selects the kernels where there is a choice. Default: the device's selection when training begins. */
  readonly kernelSelection?: KernelSelection;
}

const fitRules = (): Rules<FitOptions> => ({
  epochs: count,
  batchSize: count,
  microBatchSize: count,
  // Validated against the model, with the training images.
  validationData: rule('', () => true),
  stepsPerEpoch: count,
  validationSteps: count,
  validationSplit: rule(
    'a number between 0 and 1',
    (share) => typeof share === 'number' && share > 0 && share < 1,
  ),
  classWeights: (weights, who, name) => {
    if (weights === 'balanced') return undefined;
    if (typeof weights !== 'object' || weights === null)
      return "'balanced', a list of numbers, or an object of them";
    for (const [each, weight] of Object.entries(weights)) {
      check(who, `${name}.${each}`, weight, notNegative);
      check(who, `a class of ${name}`, Number(each), countOrZero);
    }
    return undefined;
  },
  oversample: either(flag, oneOf(['balanced'])),
  callbacks: callbacksRule(),
  augmentation: nested(augmentRules()),
  ...mixRules(),
  variantsPerImage: count,
  shuffle: flag,
  seed: seedRule,
  signal: signalRule,
  resume: checkpointRule(),
  kernelSelection: rule('the kernel selection of a device', (value) => value instanceof KernelSelection),
  ...memoryRules(),
});

export interface History {
  /** Epoch numbers from 1, one per entry of each metric. */
  readonly epochs: number[];
  readonly metrics: Record<string, number[]>;
  readonly isInterrupted: boolean;
  /** For resuming later; `saveWeights` saves it. */
  readonly checkpoint: Checkpoint;
}

const start: Position = { step: 0, epoch: 0, cursor: 0, sums: {} };

/** Runs `fit`; see Model.fit. `onBegin` is called before the first step, when nothing can prevent it any more. */
export async function train(
  model: TrainableModel,
  samples: TrainingData,
  options: FitOptions,
  onBegin: () => void,
): Promise<History> {
  const { validationData } = options;
  checkOptions(options, anyData.provided?.isBatches(samples) === true);
  const training = openData('fit', samples, model, {
    steps: options.stepsPerEpoch,
    batchSize: options.batchSize,
  });
  const validating =
    validationData &&
    openData('fit: validationData', validationData, model, { steps: options.validationSteps });
  return model.activity.train(model.optimizer, async () => {
    let fitting: Fitting | undefined;
    let prepared: PreparedData | undefined;
    let isDone = false;
    try {
      const { epoch } = options.resume?.position ?? start;
      const whole = await training.first(epoch);
      const { validationSplit, classWeights, oversample } = options;
      const changes = validationSplit ?? classWeights ?? oversample;
      if (changes !== undefined) {
        const data = anyData.provided;
        assert(data, 'options that change the data come through an entry of the library');
        prepared = await data.prepareData(whole, options, model);
      }
      const data = {
        ...(prepared ?? { set: whole }),
        source: training.source,
        validation: prepared?.validation ?? (await validating?.first(epoch)),
        validationSource: validating?.source,
        batchSize: training.source?.batchSize ?? options.batchSize ?? 32,
      };
      checkResume(model, data, options);
      fitting = new Fitting(model, data, options, accumulationFor(model, data, options));
      const history = await fitting.run(onBegin);
      isDone = true;
      return history;
    } finally {
      fitting?.dispose();
      prepared?.dispose();
      for (const each of [training, validating]) {
        const closing = each?.source?.close();
        // An error of the training comes before one of an iterator that it ends.
        await (isDone ? closing : closing?.catch(() => undefined));
      }
    }
  });
}

interface OpenedData {
  readonly source?: BatchSource;
  /** The set, or one of the shape of the source's first batch. */
  first(epoch: number): SampleSet | Promise<SampleSet>;
}

function openData(
  who: string,
  samples: TrainingData,
  model: TrainableModel,
  options: StreamOptions,
): OpenedData {
  const source = streamOf(who, samples, model, options);
  if (source) return { source, first: async (epoch) => source.first(epoch) };
  const set = labelledSet(who, samples as LabelledSamples, model);
  return { first: () => set };
}

interface FitData {
  readonly set: SampleSet;
  /** See PreparedData. */
  readonly epochSize?: number | undefined;
  readonly orderOf?: ((epoch: number) => Uint32Array) | undefined;
  readonly source: BatchSource | undefined;
  readonly validation: SampleSet | undefined;
  readonly validationSource: BatchSource | undefined;
  readonly batchSize: number;
}

/** Throws: UsageError for options out of range. */
function checkOptions(options: FitOptions, isIterable: boolean): void {
  checkCall('fit', options, fitRules);
  const { variantsPerImage = 1, augmentation } = options;
  checkArgument('fit', 'augmentation', augmentation, () => (value) => {
    if (!value && variantsPerImage > 1)
      throw new UsageError(
        `fit: variantsPerImage is ${variantsPerImage}, but without augmentation all variants are the same.`,
      );
    return undefined;
  });
  checkArgument('fit', 'options', options, () => () => {
    const { validationSplit, validationData, classWeights, oversample, shuffle } = options;
    if (validationSplit !== undefined && validationData !== undefined)
      throw new UsageError('fit: both validationSplit and validationData are given; leave one out.');
    if (oversample && shuffle === false)
      throw new UsageError('fit: oversample draws samples at random, but shuffle is false; leave one out.');
    const odd = Object.entries({ validationSplit, classWeights, oversample }).find(
      ([, value]) => value !== undefined,
    );
    if (odd && isIterable)
      throw new UsageError(
        `fit: ${odd[0]} is given, but the data is an iterable of batches, which are not known in advance; pass validationData, or a sampleWeight with each batch.`,
      );
    return undefined;
  });
}

/** Throws: UsageError for a checkpoint that does not fit. */
function checkResume(
  { task }: TrainableModel,
  { set, source, batchSize, epochSize: prepared }: FitData,
  { variantsPerImage = 1, resume }: FitOptions,
): void {
  const { cursor, sums } = resume?.position ?? start;
  const epochSize = source ? Infinity : (prepared ?? set.count * variantsPerImage);
  // After the last, partial batch of the epoch, the cursor is past the samples by less than a batch.
  if (cursor % batchSize !== 0 || cursor >= epochSize + batchSize) {
    throw new UsageError(
      `fit: the checkpoint is ${cursor} samples into an epoch, which does not fit batches of ${batchSize} in an epoch of ${epochSize}; resume with the images and batchSize that it was made with.`,
    );
  }
  const [found, expected] = [Object.keys(sums), task.sumNames];
  if (found.length > 0 && found.toSorted().join() !== expected.toSorted().join()) {
    throw new UsageError(
      `fit: the checkpoint has the sums ${found.join(', ')}, but the losses of the model have ${expected.join(', ')}; compile it with the losses that the checkpoint was made with.`,
    );
  }
}

/** Called before any allocation. A resumed training keeps its micro-batch size, because its bits depend on it. */
function accumulationFor(
  model: TrainableModel,
  { set, validation, batchSize, epochSize }: FitData,
  { microBatchSize, resume, ...options }: FitOptions,
): GradientAccumulation {
  const { memory, variantsPerImage, augmentation, kernelSelection } = options;
  if (isMixed(options)) checkMixing(options, set);
  return planAccumulation(model, {
    isMixed: isMixed(options),
    batchSize,
    microBatchSize,
    preferred: resume?.microBatchSize,
    memory,
    images: set,
    epochSize,
    validation,
    variantsPerImage,
    augmentation,
    kernelSelection,
  });
}

/** One call of `fit`: its position, and what it holds on the device until `dispose`. */
class Fitting {
  readonly #set: DeviceSet;
  readonly #callbacks: readonly Callback[];
  readonly #epochs: number;
  readonly #batchSize: number;
  /** The object passed to callbacks; its functions may be destructured. */
  readonly #training: Training;
  readonly #history = { epochs: [] as number[], metrics: {} as Record<string, number[]> };
  #step: TrainingStep | undefined;
  #evaluator: Evaluator | undefined;
  #position: Position;
  /** The sum of the losses of the last step whose metrics have been read back. */
  #stepLoss = 0;
  #logs: Logs = {};
  #isStopped = false;

  constructor(
    private readonly model: TrainableModel,
    private readonly data: FitData,
    private readonly options: FitOptions,
    private readonly accumulation: GradientAccumulation,
  ) {
    const { batchSize, source } = data;
    const { epochs = 1, callbacks = [], variantsPerImage = 1 } = options;
    this.#set = new DeviceSet(model.device, data.set, { variantsPerImage, epochSize: data.epochSize });
    this.#epochs = epochs;
    this.#batchSize = batchSize;
    this.#callbacks = callbacks;
    this.#position = options.resume?.position ?? start;
    // If the checkpoint is at the end of the epoch, no further step will compute the epoch's logs.
    if ('count' in this.#position.sums) this.#logs = model.task.meansOf(this.#position.sums);
    const kernels = (): readonly KernelChoice[] => this.#step?.kernels ?? [];
    const plans = (): readonly Plan[] => this.#step?.plans ?? [];
    this.#training = {
      model,
      epochs,
      stepsPerEpoch: source
        ? (options.stepsPerEpoch ?? Infinity)
        : Math.ceil(this.#set.epochSize / batchSize),
      batchSize,
      samples: source ? (options.stepsPerEpoch ?? Infinity) * batchSize : this.#set.epochSize,
      validationSamples: data.validationSource ? Infinity : (data.validation?.count ?? 0),
      accumulation: describeAccumulation(accumulation, {
        hasBatchStatistics: model.statistics.tensors.size > 0,
      }),
      get kernels() {
        return kernels();
      },
      get plans() {
        return plans();
      },
      checkpoint: () => checkpointOf(model, this.#position, callbacks, accumulation),
      position: () => this.#position,
      profile: async () => {
        if (!this.#step) throw new StateError('fit: profile is called once the steps have begun.');
        return this.#step.profile();
      },
      lossBits: () => bitsOf(this.#stepLoss),
      stop: () => {
        this.#isStopped = true;
      },
    };
  }

  async run(onBegin: () => void): Promise<History> {
    const { signal, resume } = this.options;
    if (typeof resume?.learningRate === 'number') this.model.optimizer.learningRate = resume.learningRate;
    const step = await this.#compile();
    onBegin();
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(this.#training);
    if (resume) restoreCallbacks(this.#callbacks, resume);
    while (this.#position.epoch < this.#epochs && !this.#shouldStop()) {
      const isComplete = await this.#runEpoch(step);
      if (!isComplete) break;
    }
    const isInterrupted = signal?.aborted === true && this.#position.epoch < this.#epochs;
    for (const callback of this.#callbacks)
      await callback.onTrainEnd?.(this.#logs, this.#training, isInterrupted);
    return { ...this.#history, isInterrupted, checkpoint: this.#training.checkpoint() };
  }

  dispose(): void {
    for (const resource of [this.#evaluator, this.#step, this.#set]) resource?.dispose();
  }

  #shouldStop(): boolean {
    return this.#isStopped || this.options.signal?.aborted === true;
  }

  async #compile(): Promise<TrainingStep> {
    const { augmentation, signal, kernelSelection } = this.options;
    const { validation } = this.data;
    const compiling: CompileOptions & Pick<PlanOptions, 'kernelSelection'> = {
      kernelSelection,
      ...(signal ? { signal } : {}),
      onProgress: (done, total) => {
        for (const callback of this.#callbacks) callback.onCompile?.(done, total, this.#training);
      },
    };
    const { microBatchSize, forecast } = this.accumulation;
    this.#step = await TrainingStep.create(this.model, this.#set, this.#batchSize, {
      ...compiling,
      augmentation,
      isMixed: isMixed(this.options),
      microBatchSize,
      planned: forecast.training,
    });
    this.model.task.checkBatch('fit', this.#batchSize, microBatchSize);
    if (validation)
      this.#evaluator = await Evaluator.create(this.model, validation, microBatchSize, {
        ...compiling,
        planned: forecast.validation,
      });
    return this.#step;
  }

  /** Trains and validates for one epoch, calling the hooks. Returns false if training stopped before the end of the epoch. */
  async #runEpoch(step: TrainingStep): Promise<boolean> {
    const { epoch } = this.#position;
    for (const callback of this.#callbacks) await callback.onEpochBegin?.(epoch, this.#training);
    if (this.#shouldStop()) return false;
    const rate = await this.#runSteps(step);
    // A callback's stop() ends the epoch early, as in Keras; after an abort the epoch can be resumed.
    const { source } = this.data;
    const isOver = source ? source.isOver : this.#position.cursor >= this.#set.epochSize;
    if (!isOver && this.options.signal?.aborted === true) return false;
    const evaluator = this.#evaluator;
    const { validationSource } = this.data;
    if (evaluator) {
      await validationSource?.begin({ epoch, cursor: 0 });
      const validation = await this.model.activity.step(async () =>
        evaluator.run({
          callbacks: this.#callbacks,
          training: this.#training,
          shouldStop: () => this.options.signal?.aborted === true,
          syncPoints: this.#syncPoints(),
          source: validationSource,
        }),
      );
      // Aborted: a resumed training validates again.
      if (!validation) return false;
      const named = Object.entries(validation).map(([name, value]) => [`val_${name}`, value]);
      this.#logs = { ...this.#logs, ...(Object.fromEntries(named) as Logs) };
    }
    this.#logs = { ...this.#logs, learning_rate: rate };
    this.#position = { ...start, step: this.#position.step, epoch: epoch + 1 };
    const { epochs, metrics } = this.#history;
    epochs.push(epoch + 1);
    for (const [name, value] of Object.entries(this.#logs)) (metrics[name] ??= []).push(value);
    for (const callback of this.#callbacks) await callback.onEpochEnd?.(epoch, this.#logs, this.#training);
    return true;
  }

  /** Runs the steps from the position to the end of its epoch; returns the learning rate of the last one. */
  async #runSteps(step: TrainingStep): Promise<number> {
    const { epoch, cursor } = this.#position;
    const { epochSize } = this.#set;
    const batchSize = this.#batchSize;
    const { activity, device } = this.model;
    const { seed = 0, stepsPerEpoch } = this.options;
    const { source } = this.data;
    if (source) await source.begin(this.#position);
    else this.#writeOrder(step, this.#orderOf(epoch), epoch);
    let scalars = step.begin(
      { ...this.#position, cursor: source ? 0 : cursor },
      {
        seed,
        totalSteps: this.#epochs * step.stepsPerEpoch,
        schedule: source && scheduleOf(this.#position.step, this.#epochs, stepsPerEpoch),
      },
    );
    let submitted = this.#position.step;
    // Each batch of a source is an epoch of its own for the device.
    const load = (): void => {
      const loaded = source!.load(this.#set);
      this.model.task.checkBatch('fit', loaded, batchSize);
      if (step.mixing) this.#writeOrder(step, orderOf(loaded), submitted);
      scalars = step.begin(
        { step: submitted, epoch, cursor: 0, sums: {} },
        {
          seed,
          epochSize: loaded,
          schedule: scheduleOf(submitted, this.#epochs, stepsPerEpoch),
        },
      );
      submitted++;
    };
    const onStepBegin = async (): Promise<void> => {
      await activity.hook(async () => {
        for (const callback of this.#callbacks)
          await callback.onBatchBegin?.(this.#position.cursor / batchSize, this.#training);
      });
      if (!source) scalars.change(this.#position);
    };
    const replay: ReplayOptions = {
      device,
      step: step.replayable,
      ring: step.ring,
      firstStep: this.#position.step,
      count: source ? Infinity : Math.ceil((epochSize - cursor) / batchSize),
      source: source && { hasNext: async () => source.hasNext(), load },
      shouldStop: () => this.#shouldStop(),
      syncPoints: this.#syncPoints(() => source ?? scalars.change(this.#position)),
      onStepBegin: this.#callbacks.some((callback) => callback.onBatchBegin) ? onStepBegin : undefined,
      onStep: async (sums) => {
        const { step: done, cursor: start } = this.#position;
        const index = start / batchSize;
        this.#position = {
          step: done + 1,
          epoch,
          cursor: start + batchSize,
          sums: addSums(this.#position.sums, sums),
        };
        this.#stepLoss = sums['loss']!;
        this.#logs = this.model.task.meansOf(this.#position.sums);
        await activity.hook(async () => {
          for (const callback of this.#callbacks)
            await callback.onBatchEnd?.(index, this.#logs, this.#training);
        });
        if (!source) scalars.endStep(this.#position);
      },
      mustWait: () => activity.whenRead(),
    };
    await activity.step(async () => replaySteps(replay));
    return scalars.learningRate;
  }

  /** Undefined if no callback needs sync points. `after` is called after each one, before the next step. */
  #syncPoints(after?: () => void): SyncPoints | undefined {
    const callbacks = this.#callbacks;
    if (!callbacks.some((callback) => callback.stepsUntilSync)) return undefined;
    return {
      stepsUntilSync: () =>
        Math.min(...callbacks.map((callback) => callback.stepsUntilSync?.(this.#training) ?? Infinity)),
      onSync: async () => {
        await this.model.activity.hook(async () => {
          for (const callback of callbacks) await callback.onSync?.(this.#training);
        });
        after?.();
      },
    };
  }

  /** Writes the order of an epoch, and what is drawn for its mixed samples. */
  #writeOrder(step: TrainingStep, order: Uint32Array<ArrayBuffer>, epoch: number): void {
    const { mixing } = step;
    if (!this.data.source) this.#set.permutation.write(order);
    if (!mixing) return;
    const [{ shape }] = this.#set.columns as [DeviceSet['columns'][number]];
    const [height = 1, width = 1] = shape.length === 3 ? shape : [];
    const { seed = 0 } = this.options;
    const places = mixing.partners.size;
    const { partners, draws } = drawMixing(this.options, { order, places, seed, epoch, height, width });
    mixing.partners.write(partners);
    mixing.draws.write(draws);
  }

  #orderOf(epoch: number): Uint32Array<ArrayBuffer> {
    const { shuffle = true, seed = 0 } = this.options;
    const { epochSize } = this.#set;
    if (this.data.orderOf) return this.data.orderOf(epoch) as Uint32Array<ArrayBuffer>;
    return shuffle
      ? (permutation(epochSize, seed, streams.shuffle, epoch) as Uint32Array<ArrayBuffer>)
      : orderOf(epochSize);
  }
}

/** Samples in their own order. */
const orderOf = (count: number): Uint32Array<ArrayBuffer> => Uint32Array.from({ length: count }, (_, i) => i);

/** What schedules may ask of a training over batches: its length is only known with `stepsPerEpoch`. */
function scheduleOf(
  step: number,
  epochs: number,
  stepsPerEpoch: number | undefined,
): NonNullable<BeginOptions['schedule']> {
  const known = (): number => {
    if (stepsPerEpoch !== undefined) return stepsPerEpoch;
    throw new UsageError(
      'fit: the schedule of the learning rate depends on the length of an epoch, which is not known in advance for an iterable; pass stepsPerEpoch.',
    );
  };
  return {
    step,
    get stepsPerEpoch() {
      return known();
    },
    get totalSteps() {
      return epochs * known();
    },
  };
}

/** The bits of an f32. */
function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}
