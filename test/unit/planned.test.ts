/**
 * Plans that are made over placeholders and bound to the tensors of a step later, without a device:
 *   they are the plans that recording over those tensors makes, of whole batches, micro-batches and evaluation
 */
import { expect, test } from 'vitest';
import type { Storage } from '../../src/engine/device.js';
import type { Plan, Slot } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { mapParts, setSpecs } from '../../src/nn/samples/device_set.js';
import { EvaluationTensors, recordEvaluation } from '../../src/nn/training/evaluator.js';
import { forecastEvaluation } from '../../src/nn/training/memory_forecast.js';
import { forecastTraining } from '../../src/nn/training/training_forecast.js';
import { smallModel } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { plansOver, tensorsOf } from '../../src/nn/training/planned.js';
import { StepTensors, stepRecorders } from '../../src/nn/training/training_step.js';
import { hollowDevice } from './fake_device.js';

const images = { count: 100, height: 28, width: 28, channels: 1 };
const device = Object.assign(hollowDevice('gpu'), { bufferBytes: (n: number) => n, maxBufferBytes: 2 ** 27 });

function compiledModel() {
  const model = smallModel({ device });
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

const own = (spec: Parameters<typeof Tensor.placeholder>[0]): Tensor => Tensor.placeholder(spec, device);

function ownSet() {
  return mapParts(setSpecs(device, images), own);
}

/** What plans dispatch, over which buffers; buffers are numbered as they are met, by all plans alike. */
const buffers = new Map<GPUBuffer, number>();
function dispatched(plans: readonly Plan[]): object[] {
  const numberOf = ({ buffer }: Storage): number => {
    const number = buffers.get(buffer) ?? buffers.size;
    buffers.set(buffer, number);
    return number;
  };
  const slotOf = (slot: Slot): object =>
    slot.kind === 'fixed'
      ? { buffer: numberOf(slot.storage), offset: slot.storage.offset, byteLength: slot.storage.byteLength }
      : slot;
  return plans.map(({ dispatches, held }) => ({
    kernels: dispatches.map(({ shader, slots }) => ({ code: shader.code, slots: slots.map(slotOf) })),
    held: new Set(held.map(({ storage }) => numberOf(storage))),
  }));
}

test.each([16, 4])('the training step with micro-batches of %i', (microBatchSize) => {
  const model = compiledModel();
  const shape = { batchSize: 16, microBatchSize, images };
  const { planned } = forecastTraining(model, shape);
  const set = ownSet();
  const tensors = new StepTensors(model, { stepsPerEpoch: 7, batchSize: 16, microBatchSize }, own);
  const recorded = stepRecorders(model, set, tensors, shape).map((record) => program(record, device).plan());
  expect(dispatched(plansOver(planned, tensorsOf(set, tensors)))).toEqual(dispatched(recorded));
});

test('the evaluation', () => {
  const model = compiledModel();
  const { planned } = forecastEvaluation(model, images, 16);
  const set = ownSet();
  const tensors = new EvaluationTensors(model, own);
  const recorded = program(() => recordEvaluation(model, set, tensors, 16), device).plan();
  expect(dispatched(plansOver(planned, tensorsOf(set, tensors)))).toEqual(dispatched([recorded]));
  expect(dispatched(planned.plans)).not.toEqual(dispatched([recorded]));
});
