// Plan: a dense layer on samples with several axes: shapes, parameters, values through the float64 interpreter, and one
// product of two matrices whatever the axes; what the loss says of a network that lacks a flatten.
import { expect, test } from 'vitest';
import { checks } from '../../src/check/index.js';
import type { Shape } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { conv2d, dense } from '../../src/nn/layers/index.js';
import type { LayerContext } from '../../src/nn/layers/layer.js';
import { sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { array64 } from '../../src/reference/array64.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { hollowDevice } from './fake_device.js';
import { plannedStep } from './planned_step.js';

const context = { isTraining: false, isFrozen: false, stream: 0 } as LayerContext;
const layer = dense({ units: 2, activation: 'relu' });

test('the last axis becomes the units', () => {
  expect(layer.outputShape([[4, 3]])).toEqual([4, 2]);
  expect(layer.parameters([[5, 4, 3]]).map(({ shape }) => shape)).toEqual([[3, 2], [2]]);
  const references = referencesOf([...checks.values()].map(({ reference }) => reference));
  const trace = new Trace();
  const [x, kernel, bias] = [[1, 2, 3], [3, 2], [2]].map((shape) => trace.input({ shape, dtype: 'f32' }));
  const y = trace.record(() => layer.call([x!], { kernel: kernel!, bias: bias! }, context));
  const run = new Interpreter(trace, references, [y]).run([
    array64([1, 2, 3], [1, 2, 3, 4, 5, 6]),
    array64([3, 2], [1, -1, 0, 1, 1, 0]),
    array64([2], [1, -2]),
  ]);
  expect(y.shape).toEqual([1, 2, 2]);
  expect([...run.valueOf(y).values]).toEqual([5, 0, 11, 0]);
});

test('any axes are one product of two matrices', () => {
  const device = hollowDevice('gpu');
  const planned = (shape: Shape): string[] => {
    const tensor = (own: Shape): Tensor => Tensor.placeholder({ shape: own, dtype: 'f32' }, device);
    const [x, kernel, bias] = [tensor(shape), tensor([3, 2]), tensor([2])];
    return program(() => layer.call([x], { kernel, bias }, context), device)
      .plan()
      .dispatches.map(({ label }) => label);
  };
  expect(planned([8, 5, 4, 3])).toEqual(planned([160, 3]));
});

test('a network that ends in a dense layer over pixels is refused by its loss', () => {
  const model = sequential(
    [
      conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1] }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { device: hollowDevice('gpu') },
  );
  model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  expect(() => plannedStep(model)).toThrow('expected [N,…,K] and [N,…]');
});
