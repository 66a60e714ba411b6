/** Computes the metrics of a model over a set, and its predictions: programs that read the model's own parameters. */
import type { Spec } from '../engine/primitive.js';
import type { PlanOptions } from '../engine/plan/plan.js';
import { bindPlan, program } from '../engine/program.js';
import type { Step } from '../engine/replay.js';
import type { CompileOptions } from '../engine/compile.js';
import { Resource } from '../engine/resource.js';
import { Tensor } from '../engine/tensor.js';
import { outsideTidy } from '../engine/tidy.js';
import { withScope } from '../engine/trace.js';
import { endStep, stateSize, stateSpec, stateWords } from '../kernels/step_state.js';
import type { Callback, Inference, Training } from './callbacks/callback.js';
import type { SampleSet } from './columns.js';
import { DeviceSet, type SetTensors } from './device_set.js';
import { gatherBatch } from './inputs.js';
import { MetricsRing } from './metrics_ring.js';
import { type PlannedBatch, type PlannedBefore, plansOver, tensorsOf } from './planned.js';
import { type SyncPoints, replaySteps } from './replay_loop.js';
import type { ImageSamples } from './samples.js';
import { type Sums, addSums } from './task.js';
import type { TrainableModel } from './trainable_model.js';

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
      const [plan] = planned ? plansOver(planned, tensorsOf(set, tensors)) : [];
      const evaluate = (): Record<string, Tensor> => recordEvaluation(model, set, tensors, batchSize);
      const step = await bindPlan(plan ?? program(evaluate, device, { kernelSelection }).plan(), options);
      model.task.checkBatches('evaluate', set.count, batchSize);
      return new Evaluator(model, set, batchSize, tensors, step);
    } catch (error) {
      set.dispose();
      tensors.dispose();
      throw error;
    }
  }

  /** Resolves with undefined if `shouldStop` ended it. */
  async run({ callbacks = [], training, shouldStop, syncPoints }: EvaluationOptions = {}): Promise<
    Evaluation | undefined
  > {
    const words = new Uint32Array(stateSize);
    words[stateWords.epochSize] = this.set.count;
    this.tensors.state.write(words);
    const count = Math.ceil(this.set.count / this.batchSize);
    const inference: Inference = {
      model: this.model,
      samples: this.set.count,
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
      step: this.step,
      ring: this.tensors.ring,
      firstStep: 0,
      count,
      shouldStop,
      syncPoints,
      onStepBegin: callbacks.some((callback) => callback.onTestBatchBegin) ? onBegin : undefined,
      onStep: (step) => {
        sums = addSums(sums, step);
        done++;
        return listeners.length > 0 ? onEnd(done - 1) : undefined;
      },
    });
    if (done < count) return undefined;
    const means = this.model.task.meansOf(sums) as Evaluation;
    for (const callback of callbacks) await callback.onTestEnd?.(means, inference);
    return means;
  }

  dispose(): void {
    this.step.dispose();
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
  samples: ImageSamples | SampleSet,
  { batchSize, planned }: PlannedBatch,
  callbacks: readonly Callback[] = [],
): Promise<Float32Array<ArrayBuffer>> {
  const { device } = model;
  const set = new DeviceSet(device, samples, { multipleOf: batchSize, isLabelled: false });
  const { count } = set;
  const state = outsideTidy(() => Tensor.zeros(stateSpec, device));
  const resources: { dispose(): void }[] = [set, state];
  try {
    const [plan] = plansOver(planned, tensorsOf(set, { tensors: [state] }));
    const step = await bindPlan(plan!);
    const [output] = step.outputs as readonly [Tensor];
    resources.push(step, output);
    const classes = output.size / batchSize;
    const result = new Float32Array(count * classes);
    const words = new Uint32Array(stateSize);
    words[stateWords.epochSize] = count;
    const steps = Math.ceil(count / batchSize);
    const inference: Inference = { model, samples: count, steps, batchSize, training: undefined };
    for (const callback of callbacks) await callback.onPredictBegin?.(inference);
    for (let index = 0; index < steps; index++) {
      for (const callback of callbacks) await callback.onPredictBatchBegin?.(index, inference);
      const cursor = index * batchSize;
      words[stateWords.cursor] = cursor;
      state.write(words);
      step.run();
      const rows = Math.min(batchSize, count - cursor);
      const batch = (await output.data()).subarray(0, rows * classes) as Float32Array;
      result.set(batch, cursor * classes);
      for (const callback of callbacks) await callback.onPredictBatchEnd?.(index, batch, inference);
    }
    for (const callback of callbacks) await callback.onPredictEnd?.(inference);
    return result;
  } finally {
    for (const resource of resources) resource.dispose();
  }
}
