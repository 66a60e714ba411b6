/** An optimizer from a declaration: slots, step scalars, numbers, and a dispatch for each group it tells apart. */
import { expect, it } from 'vitest';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { add, assign, multiply, scale, subtract } from '../../src/kernels/index.js';
import { flatten, dense } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { defineOptimizer } from '../../src/nn/optimizers/define_optimizer.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import * as optimizers from '../../src/nn/optimizers/index.js';
import { mapParts, setSpecs } from '../../src/nn/samples/device_set.js';
import { StepTensors, stepRecorders } from '../../src/nn/training/training_step.js';
import { belowOne } from '../../src/options.js';
import { hollowDevice } from './fake_device.js';

interface Options {
  readonly beta?: number;
}

const slots = ['first', 'second', 'third'] as const;

const threeSlots = defineOptimizer<Options>({
  name: 'three_slots',
  rules: () => ({ beta: belowOne }),
  defaults: { beta: 0.9 },
  learningRate: 0.25,
  scalars: ({ beta }) => ({
    learning_rate: ({ learningRate }) => learningRate,
    correction: ({ update }) => 1 - beta ** update,
  }),
  slots: () => slots,
  update: ({ parameters, gradients, slots: kept, scalar }, { beta }) => {
    const { first, second, third } = kept as Record<(typeof slots)[number], Tensor>;
    const mean = add(scale(first, beta), gradients);
    assign(first, mean);
    const faster = add(scale(second, 0.5), mean);
    assign(second, faster);
    const corrected = multiply(faster, scalar('correction'));
    assign(third, corrected);
    const step = multiply(corrected, scalar('learning_rate'));
    return subtract(parameters, step);
  },
});

/** The updates in the plan of a step: the elements of each, and its numbers. */
function updatesOf(
  options: Parameters<typeof threeSlots>[0],
): { elements: number; bindings: number; scalars: number[] }[] {
  const device = hollowDevice('gpu');
  const model = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })], { device });
  model.compile({ optimizer: threeSlots(options), loss: 'sparseCategoricalCrossentropy' });
  const make = (spec: Spec): Tensor => Tensor.placeholder(spec, device);
  const specs = setSpecs({ maxBufferBytes: 2 ** 27 }, { count: 32, height: 8, width: 8, channels: 1 });
  const set = mapParts(specs, make);
  const tensors = new StepTensors(model, { stepsPerEpoch: 4, batchSize: 8, microBatchSize: 8 }, make);
  expect(tensors.stepScalars.shape).toEqual([4, Object.keys(model.optimizer.scalars).length]);
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
    [0.5, Math.fround(0.9)],
    [0.5, Math.fround(0.9)],
  ]);
});

const { adadelta, adagrad, adam, adamW, adamax, lion, nadam, rmsprop, sgd } = optimizers;
const useEma = true;
const inOneDispatch: [string, Optimizer][] = [
  ['adadelta', adadelta()],
  ['adagrad', adagrad()],
  ['adagrad, ε outside', adagrad({ epsilonPlacement: 'outside' })],
  ['adam', adam()],
  ['adam with amsgrad', adam({ amsgrad: true })],
  ['adamW', adamW()],
  ['adamW that clips, with averages', adamW({ clipValue: 1, useEma })],
  ['adamax', adamax()],
  ['adamax, ε inside', adamax({ epsilonPlacement: 'inside' })],
  ['lion', lion()],
  ['nadam', nadam()],
  ['rmsprop', rmsprop()],
  ['rmsprop that decays', rmsprop({ weightDecay: 0.01 })],
  ['rmsprop that clips', rmsprop({ clipValue: 0.5 })],
  ['rmsprop, centered with momentum', rmsprop({ centered: true, momentum: 0.9 })],
  ['sgd', sgd()],
  ['sgd with averages', sgd({ useEma })],
  ['sgd with momentum', sgd({ momentum: 0.9 })],
  ['sgd with Nesterov momentum', sgd({ momentum: 0.9, nesterov: true })],
];

it.each(inOneDispatch)('%s takes one dispatch', (_, optimizer) => {
  const device = hollowDevice('gpu');
  const make = (...shape: number[]): Tensor => Tensor.placeholder({ shape, dtype: 'f32' }, device);
  const state = Tensor.placeholder({ shape: [8], dtype: 'u32' }, device);
  const update = program(() => {
    const stepScalars = make(4, Object.keys(optimizer.scalars).length);
    const slots = Object.fromEntries(optimizer.slots.map((name) => [name, make(64)]));
    const operands = { parameters: make(64), gradients: make(64), slots, stepScalars, state };
    optimizer.apply(operands, { decay: true });
    return [];
  }, device);
  const { dispatches, buffers } = update.plan();
  expect([dispatches.length, buffers.length]).toEqual([1, 0]);
  // Scalars are read once per invocation.
  const code = dispatches[0]!.shader.code.slice(dispatches[0]!.shader.code.indexOf('fn main'));
  const isOfOps = dispatches[0]!.primitive !== 'rmsprop/update';
  expect(
    !isOfOps || /uniform_0 = operand_\d\[operand_\d\[4u\] \* \d+u \+ \d+u\];\n[^]*let first/.test(code),
  ).toBe(true);
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
