/**
 * The training step of a model: a program recorded from the model and bound to a set on the device; two programs with gradient
 * accumulation.
 */
import type { CompileOptions } from '../../engine/compile.js';
import { debug } from '../../engine/debug.js';
import { grad } from '../../kernels/grad.js';
import type { Spec } from '../../engine/primitive.js';
import { describePlan, type Plan, type PlanOptions } from '../../engine/plan/plan.js';
import { bindPlan, program } from '../../engine/program.js';
import type { DispatchTime, Step } from '../../engine/replay.js';
import { Resource } from '../../engine/resource.js';
import { Tensor } from '../../engine/tensor.js';
import { outsideTidy } from '../../engine/tidy.js';
import { currentTrace, withScope } from '../../engine/trace.js';
import { assert } from '../../errors.js';
import { scale } from '../../kernels/arithmetic.js';
import type { AugmentOptions } from '../../augment_options.js';
import { accumulate } from '../../kernels/micro_batch.js';
import { endStep, stateSize, stateSpec, stateWords } from '../../kernels/step_state.js';
import type { KernelChoice } from '../callbacks/callback.js';
import type { Position } from './checkpoint.js';
import type { DeviceSet, SetTensors } from '../samples/device_set.js';
import { AccumulatedStep } from './accumulated_step.js';
import { TailedStep } from './tailed_step.js';
import { augmentedBy } from '../samples/augmented_inputs.js';
import { gatherBatch } from '../network/inputs.js';
import type { Treatment } from '../optimizers/optimizer.js';
import type { TrainableModel } from '../trainable_model.js';
import { type NamedShape, ParameterGroup, partsOf } from '../parameters/parameters.js';
import { mixSize } from '../../kernels/mix.js';
import { type MixTensors, mixedBatch } from './mixing.js';
import { MetricsRing } from './metrics_ring.js';
import { type PlannedBefore, plansOver, tensorsOf } from './planned.js';
import type { Replayable } from './replay_loop.js';
import { StepScalars, type TrainingLength } from './step_scalars.js';

export interface StepOptions {
  readonly batchSize: number;
  /** Images per micro-batch; if fewer than the batch, gradients accumulate. */
  readonly microBatchSize: number;
  readonly augmentation?: AugmentOptions | undefined;
  /** Whether samples are mixed; see mixing.ts. */
  readonly isMixed?: boolean;
}

export interface BeginOptions extends Pick<TrainingLength, 'schedule'> {
  readonly seed: number;
  readonly totalSteps?: number;
  readonly epochSize?: number | undefined;
}

/** What a step stores on the device, besides the model, the set and intermediates. */
export class StepTensors extends Resource {
  readonly state: Tensor;
  /** A row per step of the epoch, a column per scalar of the optimizer. */
  readonly stepScalars: Tensor;
  readonly ring: MetricsRing;
  readonly gradients: ParameterGroup;
  /** Undefined unless samples are mixed. */
  readonly mixing: MixTensors | undefined;
  /** The sums over the micro-batches of a batch; undefined without accumulation. */
  readonly sums: { readonly gradients: Tensor; readonly totals: Tensor } | undefined;

  /** `make` allocates each tensor, or makes a placeholder for planning. */
  constructor(
    { device, parameters: { layout }, optimizer, task }: TrainableModel,
    {
      stepsPerEpoch,
      batchSize,
      microBatchSize,
      isMixed = false,
    }: StepOptions & { readonly stepsPerEpoch: number },
    make: (spec: Spec) => Tensor,
  ) {
    super();
    const flat: Spec = { shape: [layout.length], dtype: 'f32' };
    this.state = make(stateSpec);
    const columns = Object.keys(optimizer.scalars).length;
    this.stepScalars = make({ shape: [stepsPerEpoch, columns], dtype: 'f32' });
    this.ring = new MetricsRing(task, make);
    this.gradients = new ParameterGroup(device, layout, make(flat));
    const places = stepsPerEpoch * batchSize;
    this.mixing = isMixed
      ? {
          partners: make({ shape: [places], dtype: 'u32' }),
          draws: make({ shape: [places, mixSize], dtype: 'f32' }),
        }
      : undefined;
    this.sums =
      microBatchSize < batchSize
        ? { gradients: make(flat), totals: make({ shape: [task.width], dtype: 'f32' }) }
        : undefined;
  }

  get tensors(): readonly Tensor[] {
    const { state, stepScalars, ring, gradients } = this;
    return [state, stepScalars, ring.tensor, gradients.flat, ...this.#optional];
  }

  get #optional(): readonly Tensor[] {
    return [this.mixing?.partners, this.mixing?.draws, this.sums?.gradients, this.sums?.totals].filter(
      (tensor) => tensor !== undefined,
    );
  }

  dispose(): void {
    const { state, stepScalars, ring, gradients } = this;
    for (const resource of [state, stepScalars, ring, gradients, ...this.#optional]) resource.dispose();
  }
}

/** A function that records a program without inputs and outputs: it reads and writes the tensors that it captures. */
type Recorder = () => Record<string, Tensor>;

/** The programs of a step: one for the whole step, or one per micro-batch and one that ends the step. */
export function stepRecorders(
  model: TrainableModel,
  set: SetTensors,
  tensors: StepTensors,
  { batchSize, microBatchSize, augmentation }: StepOptions,
): readonly [Recorder] | readonly [microBatch: Recorder, update: Recorder] {
  const { preprocessing, parameters, task } = model;
  const { state, stepScalars, ring, sums, mixing } = tensors;
  const isAccumulated = sums !== undefined;

  const differentiate = (): { readonly totals: Tensor } => {
    const inputs = { batch: microBatchSize, preprocessing, augment: augmentedBy(augmentation) };
    const samples = withScope('inputs', () =>
      mixing ? mixedBatch(set, mixing, state, inputs) : gatherBatch(set, state, inputs),
    );
    const added: Tensor[] = [];
    const outputs = model.outputsOf(samples.x, {
      isTraining: true,
      state,
      isMicroBatch: isAccumulated,
      addLoss: (loss) => added.push(loss),
    });
    const recorded = withScope('loss', () => task.record((output) => outputs.get(output)!, samples, state));
    const penalties = withScope('loss', () => [...added, ...model.penalties()]);
    const names = [...parameters.tensors.keys()];
    const gradients = grad(
      [...recorded.losses, ...penalties],
      names.map((name) => parameters.get(name)),
      // Those that only outputs without a loss use.
      { unconnected: 'zero' },
    );
    gradients.forEach((gradient, i) => writeInto(tensors.gradients.get(names[i]!), gradient));
    return { totals: withScope('loss', () => recorded.totals(penalties)) };
  };
  const update = (gradients: Tensor, totals: Tensor): void =>
    withScope('optimizer', () => {
      const { optimizer } = model;
      const treatmentOf = (parameter: NamedShape): Treatment =>
        optimizer.treatmentOf?.(parameter) ?? { decay: true };
      const factor = optimizer.gradientFactor?.([gradients]);
      for (const { treatment, of } of partsOf(parameters.layout, treatmentOf)) {
        const slots = Object.fromEntries([...model.slots].map(([name, group]) => [name, of(group.flat)]));
        const operands = { parameters: of(parameters.flat), gradients: of(gradients), slots };
        optimizer.apply({ ...operands, factor, stepScalars, state }, treatment);
      }
      model.constrain();
      endStep({ totals, state, ring: ring.tensor }, { batch: batchSize, isAccumulated });
    });

  if (!sums) {
    const whole: Recorder = () => {
      const { totals } = differentiate();
      update(tensors.gradients.flat, totals);
      return {};
    };
    return [whole];
  }
  const microBatch: Recorder = () => {
    const { totals } = differentiate();
    const operands = { gradientSums: sums.gradients, totalSums: sums.totals };
    withScope('optimizer', () =>
      accumulate(
        { gradients: tensors.gradients.flat, totals, state, ...operands },
        { microBatch: microBatchSize, countPlace: task.countPlace },
      ),
    );
    return {};
  };
  const end: Recorder = () => {
    update(sums.gradients, sums.totals);
    return {};
  };
  return [microBatch, end];
}

/**
 * Plans the programs of a step: [step], [micro-batch, update], or [step, last step of the epoch] if the loss is one number for the
 * batch and the last batch is smaller.
 */
export function stepPlans(
  model: TrainableModel,
  set: SetTensors,
  tensors: StepTensors,
  { epochSize, kernelSelection, ...options }: StepOptions & Pick<PlanOptions, 'kernelSelection'> & EpochSize,
): readonly Plan[] {
  const plansOf = (shape: StepOptions): readonly Plan[] =>
    stepRecorders(model, set, tensors, shape).map((record) =>
      program(record, model.device, { kernelSelection }).plan(),
    );
  const { batchSize, microBatchSize } = options;
  const plans = plansOf(options);
  const tail = microBatchSize < batchSize ? 0 : model.task.tailOf(epochSize, batchSize);
  return tail === 0 ? plans : [...plans, ...plansOf({ ...options, batchSize: tail, microBatchSize: tail })];
}

interface EpochSize {
  readonly epochSize: number;
}

/** Records, plans and binds the training step of a model over a set on the device. */
export class TrainingStep extends Resource {
  readonly #tensors: StepTensors;
  readonly #steps: Step[] = [];
  #replayed: AccumulatedStep | TailedStep | undefined;

  private constructor(
    readonly model: TrainableModel,
    readonly set: DeviceSet,
    readonly batchSize: number,
    readonly microBatchSize: number,
    isMixed: boolean,
  ) {
    super();
    const { device } = model;
    const { stepsPerEpoch } = this;
    const shape = { stepsPerEpoch, batchSize, microBatchSize, isMixed };
    this.#tensors = new StepTensors(model, shape, (spec) => outsideTidy(() => Tensor.zeros(spec, device)));
    this.ring.prepareReads(device);
  }

  /**
   * If `microBatchSize` is smaller than `batchSize`, the gradients of the micro-batches add up to those of the whole batch, and
   * the optimizer runs once per batch. Order, augmentation and dropout masks are those of the whole batch; batch
   * normalisation uses the statistics of each micro-batch.
   *
   * Throws: DeviceError if a buffer exceeds the device's limits or a shader does not compile.
   */
  static async create(
    model: TrainableModel,
    set: DeviceSet,
    batchSize: number,
    {
      augmentation,
      isMixed = false,
      microBatchSize = batchSize,
      kernelSelection,
      planned,
      ...options
    }: CompileOptions &
      Pick<PlanOptions, 'kernelSelection'> &
      Partial<PlannedBefore> &
      Partial<Pick<StepOptions, 'augmentation' | 'isMixed' | 'microBatchSize'>> = {},
  ): Promise<TrainingStep> {
    const atOnce = Math.min(microBatchSize, batchSize);
    const training = new TrainingStep(model, set, batchSize, atOnce, isMixed);
    const shape = { batchSize, microBatchSize: atOnce, augmentation, isMixed };
    try {
      const plans = planned
        ? plansOver(planned, tensorsOf(set, training.#tensors))
        : stepPlans(model, set, training.#tensors, { ...shape, epochSize: set.epochSize, kernelSelection });
      for (const plan of plans) training.#steps.push(await bindPlan(plan, options));
    } catch (error) {
      training.dispose();
      throw error;
    }
    const [first, second] = training.#steps;
    if (first && second) {
      training.#replayed =
        atOnce < batchSize
          ? new AccumulatedStep(first, second, { batchSize, microBatchSize: atOnce })
          : new TailedStep(first, second, batchSize, set.epochSize);
    }
    debug(1, () => training.plans.map(describePlan).join('\n'));
    return training;
  }

  get state(): Tensor {
    return this.#tensors.state;
  }

  /** Undefined unless samples are mixed. */
  get mixing(): MixTensors | undefined {
    return this.#tensors.mixing;
  }

  get ring(): MetricsRing {
    return this.#tensors.ring;
  }

  /** The last gradients that the optimizer used, in the layout of the parameters. */
  get gradients(): Tensor {
    const { gradients, sums } = this.#tensors;
    return sums?.gradients ?? gradients.flat;
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.set.epochSize / this.batchSize);
  }

  /** The whole step, or its program for one micro-batch. */
  get bound(): { readonly step: Step } {
    const [step] = this.#steps;
    assert(step, 'a training step is bound when it is created');
    return { step };
  }

  /** What the replay loop replays; each replay counts as a step of the model's state. */
  get replayable(): Replayable {
    const step = this.#replayed ?? this.bound.step;
    const { state } = this.model;
    return {
      encode: (encoder, times) => {
        state.unswap();
        step.encode(encoder, times);
        state.step += times ?? 1;
      },
      profileAndPrint: async () => {
        state.unswap();
        await step.profileAndPrint();
        state.step++;
      },
    };
  }

  get plan(): Plan {
    return this.bound.step.plan;
  }

  /** All plans: with micro-batches there is a second one, which ends the step; see `stepPlans`. */
  get plans(): readonly Plan[] {
    return this.#steps.map(({ plan }) => plan);
  }

  /**
   * Times each dispatch of a step (with micro-batches: one micro-batch and the end of the step). It runs the step, then
   * restores everything that the step changed. No other step may be in flight.
   */
  async profile(): Promise<DispatchTime[]> {
    const { model } = this;
    model.state.unswap();
    const { state, ring, sums } = this.#tensors;
    const groups = [model.parameters, model.statistics, ...model.slots.values()];
    const changed = [
      ...groups.map(({ flat }) => flat),
      state,
      ring.tensor,
      ...(sums ? Object.values(sums) : []),
    ];
    const { device } = model;
    const copies = changed.map(({ storage }) => ({ storage, kept: device.allocate(storage.byteLength) }));
    device.copy(copies.map(({ storage, kept }) => ({ from: storage, to: kept })));
    try {
      const times: DispatchTime[] = [];
      const steps = sums ? this.#steps : [this.bound.step];
      for (const step of steps) times.push(...(await step.profile()));
      return times;
    } finally {
      device.copy(copies.map(({ storage, kept }) => ({ from: kept, to: storage })));
      for (const { kept } of copies) device.release(kept);
    }
  }

  /** The kernel of each primitive. */
  get kernels(): readonly KernelChoice[] {
    return this.plans.flatMap(({ dispatches }) =>
      dispatches.map(({ primitive, shapes, variant }) => ({ pass: primitive, shapes, variant })),
    );
  }

  /**
   * Sets the state to `position`, and writes the scalars of the epoch's steps to their table. Schedules assume a training of
   * `totalSteps` steps; default one epoch. `epochSize`: samples of the set that count, if not all; `schedule`: see StepScalars.
   */
  begin(position: Position, options: BeginOptions): StepScalars {
    const { cursor } = position;
    const { seed, totalSteps = this.stepsPerEpoch, epochSize = this.set.epochSize, schedule } = options;
    const isAccumulated = this.microBatchSize < this.batchSize;
    const words = new Uint32Array(stateSize);
    words[stateWords.step] = position.step;
    words[stateWords.seed] = seed;
    words[stateWords.cursor] = cursor;
    words[stateWords.epochSize] = isAccumulated ? Math.min(cursor + this.batchSize, epochSize) : epochSize;
    words[stateWords.epochStep] = cursor / this.batchSize;
    words[stateWords.epoch] = position.epoch;
    words[stateWords.batchStart] = cursor;
    words[stateWords.epochEnd] = epochSize;
    this.state.write(words);
    this.#replayed?.begin(cursor, epochSize);
    const { stepsPerEpoch, batchSize } = this;
    const length = { stepsPerEpoch, batchSize, totalSteps, schedule };
    const { optimizer, state } = this.model;
    const stepsBefore = state.step - position.step;
    const scalars = new StepScalars(optimizer, this.#tensors.stepScalars, length, stepsBefore);
    scalars.begin(position);
    return scalars;
  }

  dispose(): void {
    for (const step of this.#steps) step.dispose();
    this.#tensors.dispose();
  }
}

/** Makes the program write a gradient where the optimizer reads it. */
function writeInto(target: Tensor, gradient: Tensor): void {
  const trace = currentTrace();
  assert(trace, 'gradients are written while a program is recorded');
  // A value that already has a place (one gradient for two parameters) is copied.
  trace.place(trace.canPlace(gradient) ? gradient : scale(gradient, 1), target);
}
