/** Plans of a model's training step and of its prediction over a made-up set, without a device. */
import type { Plan } from '../../src/engine/plan/plan.js';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { type SetTensors, mapParts, setSpecs } from '../../src/nn/samples/device_set.js';
import { recordPrediction } from '../../src/nn/training/evaluator.js';
import type { Model } from '../../src/nn/model.js';
import { StepTensors, stepRecorders } from '../../src/nn/training/training_step.js';

export function plannedStep(model: Model, { batchSize = 8, fusion = true } = {}): Plan {
  return program(stepRecorder(model, batchSize), model.device, { fusion }).plan();
}

/** The training step as it is recorded, to be planned. */
export function recordedStep(model: Model, batchSize = 8): Trace {
  const trace = new Trace(model.device);
  trace.record(stepRecorder(model, batchSize));
  return trace;
}

function stepRecorder(model: Model, batchSize: number): () => Record<string, Tensor> {
  const placeholder = (spec: Spec): Tensor => Tensor.placeholder(spec, model.device);
  const set = placeholderSet(model, placeholder);
  const tensors = new StepTensors(model, { stepsPerEpoch: 8, batchSize: 8, microBatchSize: 8 }, placeholder);
  return stepRecorders(model, set, tensors, { batchSize, microBatchSize: batchSize })[0];
}

export function plannedPrediction(model: Model, batchSize: number): Plan {
  const placeholder = (spec: Spec): Tensor => Tensor.placeholder(spec, model.device);
  const set = placeholderSet(model, placeholder);
  const state = placeholder(stateSpec);
  return program(() => recordPrediction(model, set, state, batchSize), model.device).plan();
}

function placeholderSet({ inputShape }: Model, placeholder: (spec: Spec) => Tensor): SetTensors {
  const [height, width, channels] = inputShape as [number, number, number];
  const specs = setSpecs({ maxBufferBytes: 2 ** 27 }, { count: 1000, height, width, channels });
  return mapParts(specs, placeholder);
}
