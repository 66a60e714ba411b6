/**
 * Forecasts the device memory of evaluation and prediction (of training: training_forecast.ts) by recording and planning only:
 * tensors are placeholders, and nothing is allocated except the model's weights and slots, unless they exist already.
 */
import { type Device, warmUpBytes } from '../../engine/device.js';
import { type Spec, storageBytes } from '../../engine/primitive.js';
import type { Plan } from '../../engine/plan/plan.js';
import { program } from '../../engine/program.js';
import { Tensor } from '../../engine/tensor.js';
import { stateSpec } from '../../kernels/step_state.js';
import { type SetLayout, type SetTensors, mapParts, setSpecs } from '../samples/device_set.js';
import { EvaluationTensors, type EvaluatorOptions, evaluationPlans, recordPrediction } from './evaluator.js';
import type { TrainableModel } from '../trainable_model.js';
import type { ParameterGroup } from '../parameters/parameters.js';
import { type Planned, tensorsOf } from './planned.js';
import { type SetShape, sampleCount } from '../samples/samples.js';

/** Bytes of buffers on the device, as `Device.allocatedBytes` counts them. */
export interface MemoryForecast {
  /** Parameters, statistics and optimizer slots, which do not depend on the batch. */
  readonly model: number;
  /** Images, labels, and the order of an epoch. */
  readonly data: number;
  /** Gradients and the step's state. */
  readonly step: number;
  /** Values between kernels; a buffer is reused once its value is dead. */
  readonly intermediates: number;
  /** The buffers over which compiling runs each kernel; they stay in the pool. */
  readonly warmUp: number;
  readonly largestBuffer: number;
}

/** A forecast with the plans that it was made from. */
export interface PlannedForecast extends MemoryForecast {
  readonly planned: Planned;
}

/** Everything except the model, which is already on the device. */
export function addedBytes({ data, step, intermediates, warmUp }: MemoryForecast): number {
  return data + step + intermediates + warmUp;
}

/** The memory of an `Evaluator`, including its set. Throws: DeviceError, as above. */
export function forecastEvaluation(
  model: TrainableModel,
  images: SetShape,
  batchSize: number,
  { kernelSelection, hasFewShapes = false }: EvaluatorOptions = {},
): PlannedForecast {
  const ledger = new Ledger(model.device);
  const set = ledger.data(images, { multipleOf: hasFewShapes ? batchSize : 1 });
  const tensors = new EvaluationTensors(model, ledger.step);
  const plans = evaluationPlans(model, set, tensors, {
    batchSize,
    epochSize: sampleCount(images),
    kernelSelection,
  });
  for (const plan of plans) ledger.plan(plan);
  const planned = { plans, placeholders: tensorsOf(set, tensors) };
  return { ...ledger.forecast(model.state.groups), planned };
}

/** The memory of `predictAll`, including its set. Throws: DeviceError, as above. */
export function forecastPrediction(
  model: TrainableModel,
  images: SetShape,
  batchSize: number,
  output?: string,
): PlannedForecast {
  const ledger = new Ledger(model.device);
  const set = ledger.data(images, { multipleOf: batchSize, isLabelled: false });
  const state = ledger.step(stateSpec);
  const plan = program(() => recordPrediction(model, set, state, batchSize, output), model.device).plan();
  ledger.plan(plan);
  const planned = { plans: [plan], placeholders: tensorsOf(set, { tensors: [state] }) };
  return { ...ledger.forecast(model.state.groups), planned };
}

/** The memory of both at the same time, such as a training and its validation. */
export function together(a: MemoryForecast, b: MemoryForecast): MemoryForecast {
  return {
    model: a.model,
    data: a.data + b.data,
    step: a.step + b.step,
    intermediates: a.intermediates + b.intermediates,
    // The second one takes the first one's buffers from the pool.
    warmUp: Math.max(a.warmUp, b.warmUp),
    largestBuffer: Math.max(a.largestBuffer, b.largestBuffer),
  };
}

/** Adds up the allocations, rounded up as the device does. */
export class Ledger {
  #data = 0;
  #step = 0;
  #intermediates = 0;
  #warmUp = 0;
  #largest = 0;

  constructor(readonly device: Device) {}

  data(set: SetShape, layout: SetLayout): SetTensors {
    return mapParts(setSpecs(this.device, set, layout), (part) => {
      if (!part.isOnDevice) this.#data += this.#buffer(storageBytes(part));
      return Tensor.placeholder(part, this.device);
    });
  }

  readonly step = (spec: Spec): Tensor => {
    this.#step += this.#buffer(storageBytes(spec));
    return Tensor.placeholder(spec, this.device);
  };

  plan({ buffers, outputs, scalars, dispatches }: Plan): void {
    const lengths = [...buffers, ...outputs.map(storageBytes)];
    if (scalars.length > 0) lengths.push(scalars.byteLength);
    for (const length of lengths) this.#intermediates += this.#buffer(length);
    const most = Math.max(0, ...dispatches.map(({ shader }) => shader.bindings.length));
    this.#warmUp = Math.max(this.#warmUp, most * this.device.bufferBytes(warmUpBytes));
  }

  #buffer(byteLength: number): number {
    this.#largest = Math.max(this.#largest, byteLength);
    return this.device.bufferBytes(byteLength);
  }

  forecast(model: readonly ParameterGroup[]): MemoryForecast {
    return {
      model: model.reduce((sum, { flat }) => sum + this.device.bufferBytes(flat.storage.byteLength), 0),
      data: this.#data,
      step: this.#step,
      intermediates: this.#intermediates,
      warmUp: this.#warmUp,
      largestBuffer: this.#largest,
    };
  }
}
