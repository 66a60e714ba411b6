/** An optimizer from a declaration: slots, step scalars, numbers, and a dispatch for each group it tells apart. */
import { expect, it } from 'vitest';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { add, assign, multiply, scale, subtract } from '../../src/kernels/index.js';
import { flatten, dense } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { type LearningRateOption, defineOptimizer } from '../../src/nn/optimizers/optimizer.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { mapParts, setSpecs } from '../../src/nn/device_set.js';
import { StepTensors, stepRecorders } from '../../src/nn/training_step.js';
import { belowOne, notNegative } from '../../src/options.js';
import { hollowDevice } from './fake_device.js';

interface Options extends LearningRateOption {
  readonly beta?: number;
  readonly weightDecay?: number;
}

const slots = ['first', 'second', 'third'] as const;

const threeSlots = defineOptimizer<Omit<Options, 'learningRate'>>({
  name: 'three_slots',
  rules: () => ({ beta: belowOne, weightDecay: notNegative }),
  defaults: { beta: 0.9, weightDecay: 0 },
  learningRate: 0.25,
  scalars: ({ beta }) => ({
    learning_rate: ({ learningRate }) => learningRate,
    correction: ({ update }) => 1 - beta ** update,
  }),
  slots: () => slots,
  usesDecay: ({ weightDecay }) => weightDecay > 0,
  update: ({ parameters, gradients, slots: kept, scalar }, { beta, weightDecay }, { decay }) => {
    const { first, second, third } = kept as Record<(typeof slots)[number], Tensor>;
    const mean = add(scale(first, beta), gradients);
    assign(first, mean);
    const faster = add(scale(second, 0.5), mean);
    assign(second, faster);
    const corrected = multiply(faster, scalar('correction'));
    assign(third, corrected);
    const step = multiply(corrected, scalar('learning_rate'));
    assign(parameters, subtract(scale(parameters, decay ? 1 - weightDecay : 1), step));
  },
});

/** The updates in the plan of a step: the elements of each, and its numbers. */
function updatesOf(options: Options): { elements: number; bindings: number; scalars: number[] }[] {
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
    .filter(({ scopes, primitive }) => scopes.includes('optimizer') && !primitive.startsWith('step_state'))
    .map(({ shader, slots: bound }) => ({
      elements: Number(/const SIZE: u32 = (\d+)/.exec(shader.code)![1]),
      bindings: bound.filter(({ kind }) => kind !== 'scalars').length,
      scalars: bound.flatMap((slot) =>
        slot.kind === 'scalars'
          ? [...plan.scalars.subarray(slot.offset / 4, (slot.offset + slot.byteLength) / 4)]
          : [],
      ),
    }));
}

it('updates all parameters in one dispatch, or those that decay in one of their own', () => {
  // The kernel has 192 elements, the bias 3, which take 64. Parameters, gradients, slots, the table and the state are bound.
  expect(updatesOf({})).toMatchObject([{ elements: 256, bindings: 7 }]);
  const updates = updatesOf({ weightDecay: 0.5 });
  expect(updates.map(({ elements, bindings }) => [elements, bindings])).toEqual([
    [192, 7],
    [64, 7],
  ]);
  // Each factor comes with an offset of 0.
  expect(updates.map(({ scalars }) => scalars.filter((value) => value !== 0))).toEqual([
    [0.5, 0.5, Math.fround(0.9)],
    [1, 0.5, Math.fround(0.9)],
  ]);
});

it.each([{}, { momentum: 0.9 }, { momentum: 0.9, nesterov: true }])(
  'sgd takes one dispatch, %o',
  (options) => {
    const device = hollowDevice('gpu');
    const make = (...shape: number[]): Tensor => Tensor.placeholder({ shape, dtype: 'f32' }, device);
    const state = Tensor.placeholder({ shape: [8], dtype: 'u32' }, device);
    const slots = options.momentum ? { velocity: make(64) } : {};
    const update = program(() => {
      const operands = { parameters: make(64), gradients: make(64), slots, stepScalars: make(4, 1), state };
      sgd(options).apply(operands, { decay: true });
      return [];
    }, device);
    const { dispatches, buffers } = update.plan();
    expect([dispatches.length, buffers.length]).toEqual([1, 0]);
    // The rate is read once per invocation.
    const code = dispatches[0]!.shader.code.slice(dispatches[0]!.shader.code.indexOf('fn main'));
    expect(code).toMatch(/uniform_0 = operand_\d\[operand_\d\[4u\] \* 1u \+ 0u\];\n[^]*let first/);
  },
);

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
