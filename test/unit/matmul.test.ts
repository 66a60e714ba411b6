// Plan: products over leading axes and einsum through the float64 interpreter, against sums written out: every way in which
// leading axes broadcast, operands with one axis, transposed ones; gradients against differences; which products are
// computed as one product of two matrices.
import { describe, expect, test } from 'vitest';
import { checks } from '../../src/check/index.js';
import { randomFrom } from '../../src/check/draws.js';
import { type Shape, sizeOf } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { matmul, multiply, sum } from '../../src/kernels/index.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { hollowDevice } from './fake_device.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

const numbers = (shape: Shape, index: number): Array64 => {
  const random = randomFrom(5, index);
  return array64(
    shape,
    Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1),
  );
};

/** Compares `fn` of drawn operands with `expected`, and the gradients of Σ y·w with differences of it. */
function compare(
  shapes: readonly Shape[],
  fn: (...operands: Tensor[]) => Tensor,
  expected: (...operands: Array64[]) => Array64,
): void {
  const given = shapes.map((shape, i) => numbers(shape, i));
  const twin = expected(...given);
  const weights = numbers(twin.shape, 9);
  const trace = new Trace();
  const operands = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
  const w = trace.input({ shape: twin.shape, dtype: 'f32' });
  const [y, loss] = trace.record(() => {
    const result = fn(...operands);
    return [result, sum(multiply(result, w))] as const;
  });
  const run = new Interpreter(trace, references, [y, loss]).run([...given, weights]);
  expect(y.shape).toEqual(twin.shape);
  const close = (found: Float64Array, values: ArrayLike<number>): void =>
    found.forEach((value, i) => expect(Math.abs(value - values[i]!), `at ${i}`).toBeLessThan(1e-6));
  close(run.valueOf(y).values, twin.values);
  const gradients = gradients64(run, loss, operands);
  const lossOf = (values: readonly Array64[]): number =>
    expected(...values).values.reduce((total, value, i) => total + value * weights.values[i]!, 0);
  given.forEach((each, i) => {
    const numeric = Array.from(each.values, (value, k) => {
      const moved = (by: number): Array64[] =>
        given.with(i, { ...each, values: each.values.with(k, value + by) });
      return (lossOf(moved(1e-4)) - lossOf(moved(-1e-4))) / 2e-4;
    });
    close(gradients[i]!.values, numeric);
  });
}

/** The element of x at the index along each axis, counted from the last one; 0 where the extent is 1. */
function at({ shape, values }: Array64, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length);
  return values[shape.reduce((flat, extent, axis) => flat * extent + (extent === 1 ? 0 : own[axis]!), 0)]!;
}

/** Every index of a shape, in the order of memory. */
const indicesOf = (shape: Shape): number[][] =>
  shape.reduce<number[][]>(
    (all, extent) => all.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );

describe('products over leading axes', () => {
  const extents = (...shape: number[]): Shape => shape;
  test.each<[name: string, leadA: Shape, leadB: Shape]>([
    ['the same', [2, 3], [2, 3]],
    ['b has none', [2, 3], []],
    ['a has none', [], [2, 3]],
    ['b has fewer', [2, 3], [3]],
    ['one a for the last axis', [2, 1], [2, 3]],
    ['one b for the last axis', [2, 3], [2, 1]],
    ['crosswise', [2, 1], [1, 3]],
    ['more changes than two', [2, 1, 2], [1, 3, 2]],
    ['ones', [1, 1], [1]],
    ['alternating', [2, 1, 2, 1], [1, 2, 1, 2]],
  ])('%s', (_, leadA, leadB) => {
    expect.hasAssertions();
    const rank = Math.max(leadA.length, leadB.length);
    const full = (lead: Shape): Shape => [...Array.from({ length: rank - lead.length }, () => 1), ...lead];
    const lead = full(leadA).map((extent, i) => Math.max(extent, full(leadB)[i]!));
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const a = [...leadA, ...(transposeA ? extents(3, 2) : extents(2, 3))];
        const b = [...leadB, ...(transposeB ? extents(4, 3) : extents(3, 4))];
        compare(
          [a, b],
          (x, y) => matmul(x, y, { transposeA, transposeB }),
          (x, y) =>
            array64(
              [...lead, 2, 4],
              indicesOf([...lead, 2, 4]).map((index) => {
                const [m, n] = index.slice(-2) as [number, number];
                const outer = index.slice(0, -2);
                return [0, 1, 2].reduce(
                  (total, k) =>
                    total +
                    at(x, [...outer, ...(transposeA ? [k, m] : [m, k])]) *
                      at(y, [...outer, ...(transposeB ? [n, k] : [k, n])]),
                  0,
                );
              }),
            ),
        );
      }
  });

  test('operands with one axis', () => {
    expect.hasAssertions();
    const dot = (x: Array64, y: Array64): number =>
      x.values.reduce((total, value, i) => total + value * y.values[i]!, 0);
    compare(
      [[3], [3]],
      (x, y) => matmul(x, y),
      (x, y) => array64([], [dot(x, y)]),
    );
    compare(
      [[3], [2, 3, 4]],
      (x, y) => matmul(x, y),
      (x, y) =>
        array64(
          [2, 4],
          indicesOf([2, 4]).map(([g, n]) =>
            [0, 1, 2].reduce((total, k) => total + x.values[k]! * at(y, [g!, k, n!]), 0),
          ),
        ),
    );
    compare(
      [[2, 4, 3], [3]],
      (x, y) => matmul(x, y),
      (x, y) =>
        array64(
          [2, 4],
          indicesOf([2, 4]).map(([g, m]) =>
            [0, 1, 2].reduce((total, k) => total + at(x, [g!, m!, k]) * y.values[k]!, 0),
          ),
        ),
    );
  });

  test('one matrix for all rows is one product of two matrices', () => {
    const device = hollowDevice('gpu');
    const primitives = (a: Shape, b: Shape, options = {}): string[] => {
      const [x, y] = [a, b].map((shape) => Tensor.placeholder({ shape, dtype: 'f32' }, device));
      return program(() => matmul(x!, y!, options), device)
        .plan()
        .dispatches.map(({ primitive }) => primitive);
    };
    expect(primitives([8, 16, 32], [32, 64])).toEqual(['matmul/forward']);
    expect(primitives([8, 16, 32], [64, 32], { transposeB: true })).toEqual(['matmul/forward']);
    expect(primitives([1, 16, 32], [32, 64])).toEqual(['matmul/forward']);
    expect(primitives([2, 8, 16, 32], [2, 1, 32, 64])).toEqual(['batch_matmul/forward']);
    expect(primitives([8, 32, 16], [32, 64], { transposeA: true })).toEqual(['batch_matmul/forward']);
  });
});
