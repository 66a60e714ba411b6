/**
 * Element-wise functions that are made of other ops, and numbers as operands, in float64 through the interpreter:
 *   values, and gradients of their sum, at kinks as PyTorch has them
 *   one step of a plan, however many ops they are made of
 */
import { expect, it } from 'vitest';
import { checks } from '../../src/check/index.js';
import { program } from '../../src/engine/program.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import * as ops from '../../src/kernels/index.js';
import { array64 } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { hollowDevice } from './fake_device.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

type Fn = (...tensors: Tensor[]) => Tensor;

/** y and the gradients of Σ y, for vectors. */
function run(fn: Fn, ...given: (readonly number[])[]) {
  const trace = new Trace();
  const tensors = given.map(({ length }) => trace.input({ shape: [length], dtype: 'f32' }));
  const y = trace.record(() => fn(...tensors));
  const done = new Interpreter(trace, references, [y]).run(given.map((x) => array64([x.length], x)));
  const plain = (values: Float64Array): number[] => Array.from(values, (value) => value + 0);
  return {
    y: plain(done.valueOf(y).values),
    gradients: () => gradients64(done, y, tensors).map(({ values }) => plain(values)),
  };
}

type Case = readonly [
  name: string,
  fn: Fn,
  given: (readonly number[])[],
  y: readonly number[],
  gradients: (readonly number[])[],
];

const cases: readonly Case[] = [
  ['logicalNot', (x) => ops.logicalNot(x), [[0, 2, NaN]], [1, 0, 0], [[0, 0, 0]]],
  ['reciprocal', (x) => ops.reciprocal(x), [[1, -2, 4]], [1, -0.5, 0.25], [[-1, -0.25, -0.0625]]],
  ['x to a number', (x) => ops.pow(x, 3), [[2, 0, -1]], [8, 0, -1], [[12, 0, 3]]],
  ['x to the number 0', (x) => ops.pow(x, 0), [[2, 0, -1]], [1, 1, 1], [[0, 0, 0]]],
  ['a number to x', (x) => ops.pow(2, x), [[3, 0]], [8, 1], [[8 * Math.LN2, Math.LN2]]],
  ['maximum of x and a number', (x) => ops.maximum(x, 1), [[0, 1, 2]], [1, 1, 2], [[0, 0.5, 1]]],
  ['minimum of a number and x', (x) => ops.minimum(1, x), [[0, 1, 2]], [0, 1, 1], [[1, 0.5, 0]]],
  ['less than a number', (x) => ops.less(x, 1), [[0, 1, 2]], [1, 0, 0], [[0, 0, 0]]],
  ['where, of a number', (x) => ops.where(ops.greater(x, 0), x, -1), [[3, -3, 0]], [3, -1, -1], [[1, 0, 0]]],
];

it.each(cases)('%s', (_, fn, given, y, gradients) => {
  const got = run(fn, ...given);
  expect(got.y).toEqual(y);
  expect(got.gradients()).toEqual(gradients);
});

it('logicalAnd and logicalOr take anything but 0 as true', () => {
  const a = [0, 0, 1, -2];
  const b = [0, 3, 0, NaN];
  expect(run((x, y) => ops.logicalAnd(x, y), a, b).y).toEqual([0, 0, 0, 1]);
  expect(run((x, y) => ops.logicalOr(x, y), a, b).y).toEqual([0, 1, 1, 1]);
});

it('a number as an operand takes no step of its own', () => {
  const fn = (x: Tensor): Tensor => ops.maximum(ops.pow(x, 2), ops.where(ops.less(x, 0), x, 0.5));
  const plan = program(fn, hollowDevice('gpu')).plan({ shape: [64], dtype: 'f32' } as unknown as Tensor);
  expect(plan.dispatches).toHaveLength(1);
});
