// Plan: reductions that are made of other ops, and axes of those that have checks of their own, through the float64
// interpreter: variance and std against numbers of NumPy, their gradients against differences, a mean that is large; softmax
// over any axis; indices with the reduced axes kept; rows that are not finite; wrong axes.
import { describe, expect, test } from 'vitest';
import { checks } from '../../src/check/index.js';
import type { Shape } from '../../src/engine/primitive.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import * as ops from '../../src/kernels/index.js';
import { array64 } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

/** The values of `fn` of x, its shape, and the gradient of its sum. */
function of(shape: Shape, values: readonly number[], fn: (x: Tensor) => Tensor) {
  const trace = new Trace();
  const x = trace.input({ shape, dtype: 'f32' });
  const y = trace.record(() => fn(x));
  const run = new Interpreter(trace, references, [y]).run([array64(shape, values)]);
  return {
    shape: y.shape,
    values: [...run.valueOf(y).values],
    gradient: (): number[] => [...gradients64(run, y, [x])[0]!.values],
  };
}

function refusal(fn: (x: Tensor) => Tensor, shape: Shape = [2, 3, 4]): string {
  try {
    of(
      shape,
      Array.from({ length: 24 }, () => 0),
      fn,
    );
  } catch (error) {
    return (error as Error).message;
  }
  return 'not refused';
}

const near = (expected: readonly number[]) => expected.map((value) => expect.closeTo(value, 10) as number);
const matrix = [1, 2, 4, 7, 3, -2];

describe('variance', () => {
  test('over axes, with and without them kept', () => {
    const columns = of([2, 3], matrix, (x) => ops.variance(x, { axis: 0 }));
    expect(columns).toMatchObject({ shape: [3], values: near([9, 0.25, 9]) });
    const rows = of([2, 3], matrix, (x) => ops.variance(x, { axis: -1, keepDims: true, correction: 1 }));
    expect(rows).toMatchObject({ shape: [2, 1], values: near([7 / 3, 61 / 3]) });
    expect(of([2, 3], matrix, (x) => ops.variance(x))).toMatchObject({
      shape: [],
      values: near([7.583333333333333]),
    });
    const apart = of([2, 3], matrix, (x) => ops.variance(ops.reshape(x, [2, 1, 3]), { axis: [0, 2] }));
    expect(apart).toMatchObject({ shape: [1], values: near([7.583333333333333]) });
  });

  test('its gradient is 2·(x − μ)/(n − correction), that of std divided by twice its value', () => {
    const { gradient } = of([3], [1, 2, 6], (x) => ops.variance(x, { correction: 1 }));
    expect(gradient()).toEqual(near([-2, -1, 3]));
    const root = of([3], [1, 2, 6], (x) => ops.std(x, { correction: 1 }));
    expect(root.values).toEqual(near([Math.sqrt(7)]));
    expect(root.gradient()).toEqual(near([-2, -1, 3].map((value) => value / (2 * Math.sqrt(7)))));
  });

  test('of fewer elements than the correction takes is refused', () => {
    expect(refusal((x) => ops.variance(x, { axis: 0, correction: 2 }))).toBe(
      'variance: correction is 2 for 2 elements, expected fewer than the elements.',
    );
    expect(refusal((x) => ops.std(x, { axis: 3 }))).toBe(
      'std: axis 3 does not exist in x [2,3,4], expected -3 to 2.',
    );
  });
});

describe('prod', () => {
  test('over axes of every size, with and without them kept', () => {
    for (const n of [1, 2, 3, 4, 5, 7, 12, 13]) {
      const values = Array.from({ length: 2 * n }, (_, i) => 1 + ((i * 7) % 5) / 4);
      const product = (row: number): number =>
        values.slice(row * n, (row + 1) * n).reduce((total, value) => total * value, 1);
      const y = of([2, n], values, (x) => ops.prod(x, { axis: 1 }));
      expect(y).toMatchObject({ shape: [2], values: near([product(0), product(1)]) });
    }
    expect(of([2, 3], matrix, (x) => ops.prod(x, { axis: 0, keepDims: true }))).toMatchObject({
      shape: [1, 3],
      values: [7, 6, -8],
    });
    expect(of([2, 3], matrix, (x) => ops.prod(x)).values).toEqual([-336]);
    const apart = of([2, 3], matrix, (x) => ops.prod(ops.reshape(x, [2, 1, 3]), { axis: [0, 2] }));
    expect(apart).toMatchObject({ shape: [1], values: [-336] });
  });

  test('its gradient with no, one and two zeros in a row', () => {
    const { values, gradient } = of([3, 3], [2, 3, 4, 0, 3, 4, 0, 0, 4], (x) => ops.prod(x, { axis: 1 }));
    expect(values).toEqual([24, 0, 0]);
    expect(gradient()).toEqual([12, 8, 6, 12, 0, 0, 0, 0, 0]);
  });
});

test('softmax over another axis, over several, and over the last one', () => {
  const third = Math.log(3);
  expect(of([2, 2], [0, 0, third, 0], (x) => ops.softmax(x, { axis: 0 })).values).toEqual(
    near([0.25, 0.5, 0.75, 0.5]),
  );
  expect(of([1, 2, 2], [0, 0, third, 0], (x) => ops.softmax(x, { axis: [1, 2] })).values).toEqual(
    near([1 / 6, 1 / 6, 1 / 2, 1 / 6]),
  );
  for (const axis of [-1, 1])
    expect(of([2, 2], [0, 0, third, 0], (x) => ops.softmax(x, { axis })).values).toEqual(
      near([0.5, 0.5, 0.75, 0.25]),
    );
  // Σ p·x with p = (3/4, 1/4): dx = p·(1 + x − Σ p·x).
  const weighted = of([2, 1], [third, 0], (x) => ops.multiply(ops.softmax(x, { axis: 0 }), x));
  expect(weighted.gradient()).toEqual(near([0.75 * (1 + third / 4), 0.25 * (1 - (3 * third) / 4)]));
});

test('any and all count what differs from 0, NaN too', () => {
  const rows = [0, 0, 0, 3, Number.NaN, -1];
  expect(of([3, 2], rows, (x) => ops.any(x, { axis: 1 })).values).toEqual([0, 1, 1]);
  expect(of([3, 2], rows, (x) => ops.all(x, { axis: 1, keepDims: true }))).toMatchObject({
    shape: [3, 1],
    values: [0, 0, 1],
  });
  expect(of([3, 2], rows, (x) => ops.all(x)).values).toEqual([0]);
  expect(refusal((x) => ops.any(x, { axis: 3 }))).toBe(
    'any: axis 3 does not exist in x [2,3,4], expected -3 to 2.',
  );
});

test('argMax and argMin keep axes as 1', () => {
  expect(of([2, 3], matrix, (x) => ops.argMax(x, { axis: 1, keepDims: true }))).toMatchObject({
    shape: [2, 1],
    values: [2, 0],
  });
  expect(of([2, 3], matrix, (x) => ops.argMin(x, { axis: 0 })).values).toEqual([0, 0, 1]);
  expect(of([2, 3], matrix, (x) => ops.argMin(x)).values).toEqual([5]);
});

test('rows that are not finite, as in NumPy and PyTorch', () => {
  const [inf, nan] = [Infinity, Number.NaN];
  const rows = [-inf, -inf, inf, 0, nan, 0, -inf, 2];
  expect(of([4, 2], rows, (x) => ops.logSumExp(x, { axis: 1 })).values).toEqual([-inf, inf, nan, 2]);
  expect(of([4, 2], rows, (x) => ops.logSoftmax(x)).values).toEqual([nan, nan, nan, nan, nan, nan, -inf, 0]);
  expect(of([4, 2], rows, (x) => ops.min(x, { axis: -1 })).values).toEqual([-inf, 0, nan, -inf]);
  expect(of([4, 2], rows, (x) => ops.argMin(x, { axis: -1 })).values).toEqual([0, 1, 0, 0]);
});

test('axes that do not exist or are not adjacent are refused by the name of the function', () => {
  expect(refusal((x) => ops.logSumExp(x, { axis: [1, 1] }))).toBe(
    'logSumExp: axis 1 is given twice, expected each axis once.',
  );
  expect(refusal((x) => ops.softmax(x, { axis: [0, 2] }))).toBe(
    'softmax: axis is [0,2] for x [2,3,4], expected adjacent axes.',
  );
});
