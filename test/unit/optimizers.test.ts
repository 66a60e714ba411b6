/** An optimizer from a declaration: slots, step scalars, constants, and a dispatch for each group it tells apart. */
import { expect, it } from 'vitest';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { flatten, dense } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { type LearningRateOption, defineOptimizer } from '../../src/nn/optimizers/optimizer.js';
import { updatePrimitive } from '../../src/nn/optimizers/update.js';
import { mapParts, setSpecs } from '../../src/nn/device_set.js';
import { StepTensors, stepRecorders } from '../../src/nn/training_step.js';
import { belowOne, notNegative } from '../../src/options.js';
import { hollowDevice } from './fake_device.js';

interface Options extends LearningRateOption {
  readonly beta?: number;
  readonly weightDecay?: number;
}

const slots = ['first', 'second', 'third'];
/** Planned, never compiled. */
const shader = `
const SIZE: u32 = 1; //! parameters
const BETA: f32 = 0.9; //! share that stays
const DECAY: f32 = 0.0; //! weight decay
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation
${['parameters', 'gradients', ...slots, 'stepScalars', 'state'].map((name, i) => `@group(0) @binding(${i}) var<storage, read_write> ${name}: array<f32>;`).join('\n')}
fn main() {
}
`;
const primitive = updatePrimitive({ name: 'three_slots', slots, scalars: 2, flops: 9, shader });

const threeSlots = defineOptimizer<Omit<Options, 'learningRate'>>({
  name: 'three_slots',
  rules: () => ({ beta: belowOne, weightDecay: notNegative }),
  defaults: { beta: 0.9, weightDecay: 0 },
  learningRate: 0.25,
  primitives: [primitive],
  scalars: ({ beta }) => ({
    learning_rate: ({ learningRate }) => learningRate,
    correction: ({ update }) => 1 - beta ** update,
  }),
  update: ({ beta, weightDecay }) => ({
    primitive,
    slots,
    constants: ({ decay }) => ({ BETA: beta, DECAY: decay ? weightDecay : 0 }),
  }),
});

/** The updates in the plan of a step: the elements of each, and its numbers. */
function updatesOf(options: Options): { elements: string; scalars: number[] }[] {
  const device = hollowDevice('gpu');
  const model = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })], { device });
  model.compile({ optimizer: threeSlots(options), loss: 'sparseCategoricalCrossentropy' });
  const make = (spec: Spec): Tensor => Tensor.placeholder(spec, device);
  const specs = setSpecs({ maxBufferBytes: 2 ** 27 }, { count: 32, height: 8, width: 8, channels: 1 });
  const set = mapParts(specs, make);
  const tensors = new StepTensors(model, { stepsPerEpoch: 4, isAccumulated: false }, make);
  expect(tensors.stepScalars.shape).toEqual([4, 2]);
  const [step] = stepRecorders(model, set, tensors, { batchSize: 8, microBatchSize: 8 });
  const plan = program(step, device).plan();
  return plan.dispatches
    .filter((dispatch) => dispatch.primitive === 'three_slots/update')
    .map(({ shapes, slots: bound }) => ({
      elements: shapes.split(' ')[0]!,
      scalars: bound.flatMap((slot) =>
        slot.kind === 'scalars'
          ? [...plan.scalars.subarray(slot.offset / 4, (slot.offset + slot.byteLength) / 4)]
          : [],
      ),
    }));
}

it('updates all parameters in one dispatch, or those that decay in one of their own', () => {
  // The kernel has 192 elements, the bias 3, which take 64.
  expect(updatesOf({})).toMatchObject([{ elements: '[256]' }]);
  const updates = updatesOf({ weightDecay: 0.5 });
  expect(updates.map(({ elements }) => elements)).toEqual(['[192]', '[64]']);
  expect(updates.map(({ scalars }) => scalars.slice(0, 2))).toEqual([
    [Math.fround(0.9), 0.5],
    [Math.fround(0.9), 0],
  ]);
});

it('has its options checked, and keeps them for files', () => {
  expect(() => threeSlots({ beta: 1 })).toThrow(
    'optimizers.three_slots: beta is 1, expected a number in [0, 1).',
  );
  expect(() => threeSlots.checkConfig('file', { gamma: 1 })).toThrow("file: 'gamma' is not an option");
  const optimizer = threeSlots({ weightDecay: 0.5, learningRate: 1 });
  expect(optimizer).toMatchObject({ config: { beta: 0.9, weightDecay: 0.5 }, learningRate: 1, slots });
});

it('refuses a table of other scalars', () => {
  const device = hollowDevice('gpu');
  const make = (...shape: number[]): Tensor => Tensor.placeholder({ shape, dtype: 'f32' }, device);
  const state = Tensor.placeholder({ shape: [8], dtype: 'u32' }, device);
  const kept = { first: make(4), second: make(4), third: make(4) };
  const update = program(() => {
    const operands = { parameters: make(4), gradients: make(4), slots: kept, stepScalars: make(5, 1), state };
    threeSlots().apply(operands, { decay: true });
    return [];
  }, device);
  expect(() => update.plan()).toThrow('three_slots: stepScalars is [5,1], expected [steps,2].');
});
