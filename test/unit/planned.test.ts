/**
 * Plans that are made over placeholders and bound to the tensors of a step later, without a device:
 *   they are the plans that recording over those tensors makes, of whole batches, micro-batches and evaluation
 */
import { expect, test } from 'vitest';
import type { Plan, Slot } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { mapParts, setSpecs } from '../../src/nn/device_set.js';
import { EvaluationTensors, recordEvaluation } from '../../src/nn/evaluator.js';
import { forecastEvaluation, forecastTraining } from '../../src/nn/memory_forecast.js';
import { smallModel } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { type Planned, plansOver, tensorsOf } from '../../src/nn/planned.js';
import { StepTensors, stepRecorders } from '../../src/nn/training_step.js';
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

/** The same slots over the same buffers, and the same shaders. */
function expectSame(planned: Planned, tensors: readonly Tensor[], recorded: readonly Plan[]): void {
  const plans = plansOver(planned, tensors);
  expect(plans).toHaveLength(recorded.length);
  const buffers = new Set(planned.placeholders.map(({ storage }) => storage.buffer));
  plans.forEach((plan, i) => {
    const want = recorded[i] as Plan;
    expect(plan.dispatches.map(({ shader }) => shader.code)).toEqual(
      want.dispatches.map(({ shader }) => shader.code),
    );
    const slots = ({ dispatches }: Plan): Slot[] => dispatches.flatMap((dispatch) => dispatch.slots);
    slots(plan).forEach((slot, j) => {
      const expected = slots(want)[j] as Slot;
      expect(slot).toEqual(expected);
      if (slot.kind === 'fixed' && expected.kind === 'fixed')
        expect(slot.storage.buffer).toBe(expected.storage.buffer);
    });
    expect(plan.held.some(({ storage }) => buffers.has(storage.buffer))).toBe(false);
    const held = new Set(plan.held.map(({ storage }) => storage.buffer));
    expect(held).toEqual(new Set(want.held.map(({ storage }) => storage.buffer)));
  });
}

test.each([16, 4])('the training step with micro-batches of %i', (microBatchSize) => {
  const model = compiledModel();
  const shape = { batchSize: 16, microBatchSize, images };
  const { planned } = forecastTraining(model, shape);
  const set = ownSet();
  const tensors = new StepTensors(model, { stepsPerEpoch: 7, isAccumulated: microBatchSize < 16 }, own);
  const recorded = stepRecorders(model, set, tensors, shape).map((record) => program(record, device).plan());
  expectSame(planned, tensorsOf(set, tensors), recorded);
});

test('the evaluation', () => {
  const model = compiledModel();
  const { planned } = forecastEvaluation(model, images, 16);
  const set = ownSet();
  const tensors = new EvaluationTensors(model, own);
  const recorded = program(() => recordEvaluation(model, set, tensors, 16), device).plan();
  expectSame(planned, tensorsOf(set, tensors), [recorded]);
});
