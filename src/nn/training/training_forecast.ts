/** Forecasts the device memory of training; see memory_forecast.ts. In a file of its own, because predicting does without. */
import type { PlanOptions } from '../../engine/plan/plan.js';
import { type SetShape, sampleCount } from '../samples/samples.js';
import type { TrainableModel } from '../trainable_model.js';
import { Ledger, type PlannedForecast } from './memory_forecast.js';
import { tensorsOf } from './planned.js';
import { type StepOptions, StepTensors, stepPlans } from './training_step.js';

export interface TrainingShape extends StepOptions, Pick<PlanOptions, 'kernelSelection'> {
  readonly images: SetShape;
  readonly variantsPerImage?: number | undefined;
  /** Samples in an epoch, if they are not the images times their variants. */
  readonly epochSize?: number | undefined;
}

/**
 * The memory of a `TrainingStep` over a set of these images, including the set.
 *
 * Throws: DeviceError if a kernel cannot be dispatched over so many images; StateError before compile().
 */
export function forecastTraining(model: TrainableModel, shape: TrainingShape): PlannedForecast {
  const { images, variantsPerImage = 1, epochSize, batchSize } = shape;
  const ledger = new Ledger(model.device);
  const set = ledger.data(images, { variantsPerImage, epochSize });
  const samples = epochSize ?? sampleCount(images) * variantsPerImage;
  const stepsPerEpoch = Math.ceil(samples / batchSize);
  const tensors = new StepTensors(model, { ...shape, stepsPerEpoch }, ledger.step);
  const plans = stepPlans(model, set, tensors, { ...shape, epochSize: samples });
  for (const plan of plans) ledger.plan(plan);
  const planned = { plans, placeholders: tensorsOf(set, tensors) };
  return { ...ledger.forecast([...model.state.groups, ...model.slots.values()]), planned };
}
