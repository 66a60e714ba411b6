/**
 * Ops that move elements and are made of others, through the float64 interpreter:
 *   split, unstack, stack, expandDims, squeeze, tile, repeat, reverse: values, gradients, refusals
 *   slice, pad and transpose of more than four axes, one axis at a time
 */
import { describe, expect, it } from 'vitest';
import { checks } from '../../src/check/index.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import {
  expandDims,
  multiply,
  pad,
  repeat,
  reverse,
  slice,
  split,
  squeeze,
  stack,
  tile,
  transpose,
  unstack,
} from '../../src/kernels/index.js';
import { type Array64, fill64, flatOf, indicesOf } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

/** The result of `fn` over an operand with the elements 1, 2, …, and the gradient of Σ y·(1, 2, …) by it. */
function results(shape: readonly number[], fn: (x: Tensor) => Tensor) {
  const trace = new Trace();
  const x = trace.input({ shape, dtype: 'f32' });
  const y = trace.record(() => fn(x));
  const weights = trace.input({ shape: y.shape, dtype: 'f32' });
  const loss = trace.record(() => multiply(y, weights));
  const run = new Interpreter(trace, references, [y, loss]).run([counted(shape), counted(y.shape)]);
  const [dx] = gradients64(run, loss, [x]);
  return { shape: y.shape, y: [...run.valueOf(y).values], dx: [...dx!.values] };
}

const counted = (shape: readonly number[]): Array64 => fill64(shape, (i) => i + 1);

/** What `fn` yields if the element of y at each place is x's at `source`. */
function copied(
  shape: readonly number[],
  to: readonly number[],
  source: (place: number[]) => readonly number[],
): ReturnType<typeof results> {
  const from = counted(to).values.map((_, j) => flatOf(shape, source(indicesOf(to, j))));
  const dx = new Float64Array(counted(shape).values.length);
  from.forEach((i, j) => (dx[i]! += j + 1));
  return { shape: to, y: [...from].map((i) => i + 1), dx: [...dx] };
}

/** Records a call over operands of these shapes, and returns the message with which it is refused. */
function refusal(shapes: readonly (readonly number[])[], fn: (...tensors: Tensor[]) => unknown): string {
  const trace = new Trace();
  const tensors = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
  try {
    trace.record(() => fn(...tensors));
    return 'NOT REFUSED';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('values and gradients', () => {
  it('of slices with defaults', () => {
    expect(results([3, 4], (x) => slice(x, 1))).toEqual(copied([3, 4], [2, 4], ([i, j]) => [i! + 1, j!]));
    expect(results([3, 4], (x) => slice(x, [0, -3], [2, -1]))).toEqual(
      copied([3, 4], [2, 3], ([i, j]) => [i!, j! + 1]),
    );
    expect(results([7], (x) => slice(x, -1, -1, -3))).toEqual(copied([7], [3], ([i]) => [6 - 3 * i!]));
  });

  it('of reverse', () => {
    expect(results([2, 3], (x) => reverse(x)).y).toEqual([6, 5, 4, 3, 2, 1]);
    expect(results([2, 3], (x) => reverse(x, -1)).y).toEqual([3, 2, 1, 6, 5, 4]);
    expect(results([2, 3], (x) => reverse(x, [0])).dx).toEqual([4, 5, 6, 1, 2, 3]);
  });

  it('of split, into equal parts and by extents', () => {
    expect(results([6], (x) => split(x, 3)[1]!)).toEqual({ shape: [2], y: [3, 4], dx: [0, 0, 1, 2, 0, 0] });
    const parts = (x: Tensor): Tensor[] => split(x, [1, -1, 2], 1);
    expect(results([2, 5], (x) => parts(x)[1]!)).toEqual(copied([2, 5], [2, 2], ([i, j]) => [i!, j! + 1]));
    expect(results([2, 5], (x) => parts(x)[2]!).y).toEqual([4, 5, 9, 10]);
  });

  it('of unstack and stack, each the inverse of the other', () => {
    expect(results([2, 3], (x) => unstack(x, 1)[2]!)).toEqual({
      shape: [2],
      y: [3, 6],
      dx: [0, 0, 1, 0, 0, 2],
    });
    expect(results([2, 3], (x) => stack(unstack(x, -1), -1)).y).toEqual([1, 2, 3, 4, 5, 6]);
    expect(results([2, 3], (x) => stack(unstack(x), 1))).toEqual(
      copied([2, 3], [3, 2], ([i, j]) => [j!, i!]),
    );
  });

  it('of axes that are inserted and removed', () => {
    expect(results([2, 3], (x) => expandDims(x)).shape).toEqual([1, 2, 3]);
    expect(results([2, 3], (x) => expandDims(x, 1)).shape).toEqual([2, 1, 3]);
    expect(results([2, 3], (x) => expandDims(x, -1)).shape).toEqual([2, 3, 1]);
    expect(results([1, 2, 1], (x) => squeeze(x)).shape).toEqual([2]);
    expect(results([1, 2, 1], (x) => squeeze(x, -1)).shape).toEqual([1, 2]);
  });

  it('of tile and repeat', () => {
    expect(results([2, 3], (x) => tile(x, [4, 1, 2]))).toEqual(
      copied([2, 3], [4, 2, 6], ([, i, j]) => [i!, j! % 3]),
    );
    expect(results([2, 2], (x) => tile(x, 2))).toEqual(copied([2, 2], [2, 4], ([i, j]) => [i!, j! % 2]));
    expect(results([2, 3, 2], (x) => repeat(x, 2, 1))).toEqual(
      copied([2, 3, 2], [2, 6, 2], ([i, j, k]) => [i!, j! >> 1, k!]),
    );
  });
});

describe('more than four axes', () => {
  const shape = [2, 1, 3, 2, 3];

  it('are sliced', () => {
    expect(results(shape, (x) => slice(x, [0, 0, 2, 0, 1], [-1, 1, 2, 2, 2], [1, 1, -2, 1, 1]))).toEqual(
      copied(shape, [2, 1, 2, 2, 2], ([a, b, c, d, e]) => [a!, b!, 2 - 2 * c!, d!, e! + 1]),
    );
  });

  it('are padded', () => {
    const clamped = (i: number, extent: number): number => Math.max(0, Math.min(extent - 1, i));
    expect(
      results(shape, (x) =>
        pad(
          x,
          [
            [0, 0],
            [1, 0],
            [0, 2],
            [0, 0],
            [1, 0],
          ],
          { mode: 'edge' },
        ),
      ),
    ).toEqual(
      copied(shape, [2, 2, 5, 2, 4], ([a, , c, d, e]) => [a!, 0, clamped(c!, 3), d!, clamped(e! - 1, 3)]),
    );
  });

  it('are permuted', () => {
    for (const permutation of [
      [4, 3, 2, 1, 0],
      [0, 2, 1, 4, 3],
      [3, 0, 4, 1, 2],
      [0, 1, 2, 3, 4],
    ]) {
      const to = permutation.map((axis) => shape[axis]!);
      const expected = copied(shape, to, (place) =>
        shape.map((_, axis) => place[permutation.indexOf(axis)]!),
      );
      expect(
        results(shape, (x) => transpose(x, permutation)),
        permutation.join(),
      ).toEqual(expected);
    }
  });
});

it('wrong calls are refused', () => {
  const refused = [
    refusal([[2, 3]], (x) => split(x, 2, 1)),
    refusal([[2, 3]], (x) => split(x, [1, 1], 1)),
    refusal([[2, 3]], (x) => split(x, [-1, 3], 1)),
    refusal([[2, 3]], (x) => split(x, 0)),
    refusal([[2, 3]], (x) => unstack(x, 2)),
    refusal([[2], [3]], (...tensors) => stack(tensors)),
    refusal([[2]], (x) => stack([x], 2)),
    refusal([], () => stack([])),
    refusal([[2]], (x) => expandDims(x, 2)),
    refusal([[2]], (x) => squeeze(x, 0)),
    refusal([[2]], (x) => reverse(x, 1)),
    refusal([[2]], (x) => tile(x, [0])),
    refusal([[2]], (x) => repeat(x, 2, 1)),
    refusal([[2]], (x) => repeat(x, 0.5, 0)),
    refusal([], () => reverse([1, 2] as never)),
    refusal([[2]], (x) => stack([x, 3] as never)),
    refusal([[2]], (x) => slice(x, undefined as never)),
    refusal([[2]], (x) => pad(x, [[1]] as never)),
  ];
  expect(refused.join('\n')).toMatchInlineSnapshot(`
    "split: sizes is 2 for axis 1 of x [2,3], expected parts that fill the extent 3.
    split: sizes is [1,1] for axis 1 of x [2,3], expected parts that fill the extent 3.
    split: sizes is [-1,3] for axis 1 of x [2,3], expected parts that fill the extent 3.
    split: sizes is 0, expected a positive integer or a list of positive integers, of which one may be −1.
    unstack: axis 2 is not one of the 2 axes of x [2,3].
    stack: the tensors are [2] and [3], expected equal shapes.
    stack: axis is 2 for tensors [2], expected -2 to 1.
    stack: tensors is [], expected a list of one or more tensors.
    expandDims: axis is 2 for x [2], expected -2 to 1.
    squeeze: axis 0 of x [2] has the extent 2, expected 1.
    reverse: axis 1 is not one of the 1 axes of x [2].
    tile: repeats is [0], expected a positive integer or a list of positive integers.
    repeat: axis 1 is not one of the 1 axes of x [2].
    repeat: repeats is 0.5, expected a positive integer.
    reverse: x is [1,2], expected a Tensor; make one with Tensor.from(values).
    stack: tensors[1] is 3, expected a Tensor; make one with Tensor.from(values).
    slice: begin is missing, expected an integer or a list of integers.
    pad: paddings is [[1]], expected a pair of non-negative integers per axis."
  `);
});
