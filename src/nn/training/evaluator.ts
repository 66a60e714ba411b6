/** Computes the metrics of a model over a set, and its predictions: programs that read the model's own parameters. */
import type { Spec } from '../../engine/primitive.js';
import type { Plan, PlanOptions } from '../../engine/plan/plan.js';
import { bindPlan, program } from '../../engine/program.js';
import type { Step } from '../../engine/replay.js';
import type { CompileOptions } from '../../engine/compile.js';
import { Resource } from '../../engine/resource.js';
import { Tensor } from '../../engine/tensor.js';
import { outsideTidy } from '../../engine/tidy.js';
import { withScope } from '../../engine/trace.js';
import { endStep, stateSize, stateSpec, stateWords } from '../../kernels/step_state.js';
import type { Callback, Inference, Training } from '../callbacks/callback.js';
import type { BatchSource } from '../samples/any_data.js';
import type { SampleSet } from '../samples/columns.js';
import { DeviceSet, type SetTensors } from '../samples/device_set.js';
import { gatherBatch } from '../network/inputs.js';
import { MetricsRing } from './metrics_ring.js';
import { type PlannedBatch, type PlannedBefore, plansOver, tensorsOf } from './planned.js';
import { type ReplayOptions, type SyncPoints, replaySteps } from './replay_loop.js';
import { TailedStep } from './tailed_step.js';
import type { ImageSamples } from '../samples/samples.js';
import { type Sums, addSums } from './task.js';
import type { TrainableModel } from '../trainable_model.js';

/** Means over the set by name, as in the logs of a training. */
export interface Evaluation {
  /** Including the penalties of the weights. */
  readonly loss: number;
  readonly [metric: string]: number;
}

export interface EvaluationOptions {
  readonly callbacks?: readonly Callback[] | undefined;
  /** The training, if this is its validation. */
  readonly training?: Training | undefined;
  /** Called before each submit: true ends the evaluation without a result. */
  readonly shouldStop?: (() => boolean) | undefined;
  readonly syncPoints?: SyncPoints | undefined;
  /** Loads the batches of an evaluation that was created over the shape of the first. */
  readonly source?: BatchSource | undefined;
}

export interface EvaluatorOptions extends Pick<PlanOptions, 'kernelSelection'> {
  /** Pads the set so that sets of other sizes use the same kernels. Default false. */
  readonly hasFewShapes?: boolean;
}

/** What an evaluation stores on the device, besides the model, the set and intermediates. */
export class EvaluationTensors extends Resource {
  readonly state: Tensor;
  readonly ring: MetricsRing;

  /** `make` allocates each tensor, or makes a placeholder for planning. */
  constructor({ task }: TrainableModel, make: (spec: Spec) => Tensor) {
    super();
    this.state = make(stateSpec);
    this.ring = new MetricsRing(task, make);
  }

  get tensors(): readonly Tensor[] {
    return [this.state, this.ring.tensor];
  }

  dispose(): void {
    for (const resource of [this.state, this.ring]) resource.dispose();
  }
}

/** Plans [step], or [step, last step] if the loss is one number for the batch and the last batch is smaller. */
export function evaluationPlans(
  model: TrainableModel,
  set: SetTensors,
  tensors: EvaluationTensors,
  {
    batchSize,
    epochSize,
    kernelSelection,
  }: { readonly batchSize: number; readonly epochSize: number } & Pick<PlanOptions, 'kernelSelection'>,
): readonly Plan[] {
  const planOf = (batch: number): Plan =>
    program(() => recordEvaluation(model, set, tensors, batch), model.device, { kernelSelection }).plan();
  const plan = planOf(batchSize);
  const tail = model.task.tailOf(epochSize, batchSize);
  return tail === 0 ? [plan] : [plan, planOf(tail)];
}

/** Records the metrics of the batch at the state's cursor and writes them to the ring. */
export function recordEvaluation(
  model: TrainableModel,
  set: SetTensors,
  { state, ring }: EvaluationTensors,
  batch: number,
): Record<string, Tensor> {
  const samples = gatherBatch(set, state, { batch, preprocessing: model.preprocessing });
  const added: Tensor[] = [];
  const addLoss = (loss: Tensor): unknown => added.push(loss);
  const outputs = model.outputsOf(samples.x, { isTraining: false, state, addLoss });
  const recorded = model.task.record((output) => outputs.get(output)!, samples, state);
  const totals = recorded.totals([...added, ...model.penalties()]);
  endStep({ totals, state, ring: ring.tensor }, { batch, isAccumulated: false });
  return {};
}

/** Records an output of the model, by default the first, for the batch at the state's cursor. */
export function recordPrediction(
  model: TrainableModel,
  set: SetTensors,
  state: Tensor,
  batch: number,
  output?: string,
): Tensor {
  const { x } = withScope('inputs', () =>
    gatherBatch(set, state, { batch, preprocessing: model.preprocessing }),
  );
  const context = { isTraining: false, state };
  return output === undefined ? model.forward(x, context) : model.outputsOf(x, context).get(output)!;
}

/** Bound once and run repeatedly, as the validation of a training. */
export class Evaluator extends Resource {
  private constructor(
    private readonly model: TrainableModel,
    private readonly set: DeviceSet,
    private readonly batchSize: number,
    private readonly tensors: EvaluationTensors,
    private readonly step: Step,
    private readonly tail: Step | undefined,
  ) {
    super();
  }

  static async create(
    model: TrainableModel,
    samples: ImageSamples | SampleSet,
    batchSize: number,
    {
      kernelSelection,
      hasFewShapes = false,
      planned,
      ...options
    }: CompileOptions & EvaluatorOptions & Partial<PlannedBefore> = {},
  ): Promise<Evaluator> {
    const { device } = model;
    const set = new DeviceSet(device, samples, { multipleOf: hasFewShapes ? batchSize : 1 });
    const tensors = new EvaluationTensors(model, (spec) => outsideTidy(() => Tensor.zeros(spec, device)));
    tensors.ring.prepareReads(device);
    try {
      const [plan, tail] = planned
        ? plansOver(planned, tensorsOf(set, tensors))
        : evaluationPlans(model, set, tensors, { batchSize, epochSize: set.epochSize, kernelSelection });
      const step = await bindPlan(plan!, options);
      return new Evaluator(model, set, batchSize, tensors, step, tail && (await bindPlan(tail, options)));
    } catch (error) {
      set.dispose();
      tensors.dispose();
      throw error;
    }
  }

  /** Resolves with undefined if `shouldStop` ended it. */
  async run({ callbacks = [], training, shouldStop, syncPoints, source }: EvaluationOptions = {}): Promise<
    Evaluation | undefined
  > {
    const words = new Uint32Array(stateSize);
    words[stateWords.epochSize] = this.set.epochSize;
    this.tensors.state.write(words);
    const count = source ? Infinity : Math.ceil(this.set.epochSize / this.batchSize);
    const inference: Inference = {
      model: this.model,
      samples: source ? Infinity : this.set.epochSize,
      steps: count,
      batchSize: this.batchSize,
      training,
    };
    let sums: Sums = {};
    const listeners = callbacks.filter((callback) => callback.onTestBatchEnd);
    const onEnd = async (step: number): Promise<void> => {
      for (const callback of listeners)
        await callback.onTestBatchEnd?.(step, this.model.task.meansOf(sums), inference);
    };
    const onBegin = async (step: number): Promise<void> => {
      for (const callback of callbacks) await callback.onTestBatchBegin?.(step, inference);
    };
    let done = 0;
    for (const callback of callbacks) await callback.onTestBegin?.(inference);
    await replaySteps({
      device: this.model.device,
      step: this.tail ? new TailedStep(this.step, this.tail, this.batchSize, this.set.epochSize) : this.step,
      ring: this.tensors.ring,
      firstStep: 0,
      count,
      shouldStop,
      syncPoints,
      source: source && this.#partsOf(source, words),
      onStepBegin: callbacks.some((callback) => callback.onTestBatchBegin) ? onBegin : undefined,
      onStep: (step) => {
        sums = addSums(sums, step);
        done++;
        return listeners.length > 0 ? onEnd(done - 1) : undefined;
      },
    });
    if (source ? !source.isOver : done < count) return undefined;
    const means = this.model.task.meansOf(sums) as Evaluation;
    for (const callback of callbacks) await callback.onTestEnd?.(means, inference);
    return means;
  }

  /** Loads batches, and takes those that are too large for a step in several. */
  #partsOf(source: BatchSource, words: Uint32Array<ArrayBuffer>): ReplayOptions['source'] {
    let [cursor, count] = [0, 0];
    return {
      hasNext: async () => cursor < count || source.hasNext(),
      load: () => {
        if (cursor >= count) {
          [cursor, count] = [0, source.load(this.set)];
          this.model.task.checkBatch('evaluate', count, this.batchSize);
        }
        words[stateWords.cursor] = cursor;
        words[stateWords.epochSize] = count;
        this.tensors.state.write(words);
        words[stateWords.step]!++;
        cursor += this.batchSize;
      },
    };
  }

  dispose(): void {
    this.step.dispose();
    this.tail?.dispose();
    this.set.dispose();
    this.tensors.dispose();
  }
}

/**
 * The output that was planned for every sample: probabilities if the model ends in a softmax.
 *
 * Shapes: count samples → [count, classes], row by row.
 */
export async function predictAll(
  model: TrainableModel,
  shape: ImageSamples | SampleSet,
  { batchSize, planned }: PlannedBatch,
  callbacks: readonly Callback[] = [],
  source?: BatchSource,
): Promise<Float32Array<ArrayBuffer>> {
  const { device } = model;
  const set = new DeviceSet(device, shape, { multipleOf: batchSize, isLabelled: false });
  const { count } = set;
  const state = outsideTidy(() => Tensor.zeros(stateSpec, device));
  const resources: { dispose(): void }[] = [set, state];
  try {
    const [plan] = plansOver(planned, tensorsOf(set, { tensors: [state] }));
    const step = await bindPlan(plan!);
    const [output] = step.outputs as readonly [Tensor];
    resources.push(step, output);
    const classes = output.size / batchSize;
    const parts: Float32Array[] = [];
    const words = new Uint32Array(stateSize);
    const steps = source ? Infinity : Math.ceil(count / batchSize);
    const samples = source ? Infinity : count;
    const inference: Inference = { model, samples, steps, batchSize, training: undefined };
    for (const callback of callbacks) await callback.onPredictBegin?.(inference);
    let index = 0;
    let loaded = count;
    while (source ? await source.hasNext() : index === 0) {
      if (source) loaded = source.load(set);
      words[stateWords.epochSize] = loaded;
      for (let cursor = 0; cursor < loaded; cursor += batchSize) {
        for (const callback of callbacks) await callback.onPredictBatchBegin?.(index, inference);
        words[stateWords.cursor] = cursor;
        state.write(words);
        step.run();
        const rows = Math.min(batchSize, loaded - cursor);
        const batch = (await output.data()).subarray(0, rows * classes) as Float32Array;
        parts.push(batch);
        for (const callback of callbacks) await callback.onPredictBatchEnd?.(index, batch, inference);
        index++;
      }
    }
    for (const callback of callbacks) await callback.onPredictEnd?.(inference);
    return joined(parts);
  } finally {
    for (const resource of resources) resource.dispose();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
