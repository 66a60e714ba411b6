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
import { maxOf } from '../../src/extent.js';
import { einsum, matmul, multiply, sum } from '../../src/kernels/index.js';
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

/**
 * By how much `fn` of drawn operands differs from `expected` at most, and the gradients of Σ y·w from differences of it;
 * ∞ for another shape.
 */
function difference(
  shapes: readonly Shape[],
  fn: (...operands: Tensor[]) => Tensor,
  expected: (...operands: Array64[]) => Array64,
): number {
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
  if (y.shape.join() !== twin.shape.join()) return Infinity;
  const between = (found: Float64Array, values: ArrayLike<number>): number =>
    maxOf(found.map((value, i) => Math.abs(value - values[i]!)));
  const gradients = gradients64(run, loss, operands);
  const lossOf = (values: readonly Array64[]): number =>
    expected(...values).values.reduce((total, value, i) => total + value * weights.values[i]!, 0);
  const ofGradients = given.map((each, i) => {
    const numeric = Array.from(each.values, (value, k) => {
      const moved = (by: number): Array64[] =>
        given.with(i, { ...each, values: each.values.with(k, value + by) });
      return (lossOf(moved(1e-4)) - lossOf(moved(-1e-4))) / 2e-4;
    });
    return between(gradients[i]!.values, numeric);
  });
  return maxOf([between(run.valueOf(y).values, twin.values), ...ofGradients]);
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
    const rank = Math.max(leadA.length, leadB.length);
    const full = (lead: Shape): Shape => [...Array.from({ length: rank - lead.length }, () => 1), ...lead];
    const lead = full(leadA).map((extent, i) => Math.max(extent, full(leadB)[i]!));
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const a = [...leadA, ...(transposeA ? extents(3, 2) : extents(2, 3))];
        const b = [...leadB, ...(transposeB ? extents(4, 3) : extents(3, 4))];
        expect(
          difference(
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
          ),
        ).toBeLessThan(1e-6);
      }
  });

  test('operands with one axis', () => {
    const dot = (x: Array64, y: Array64): number =>
      x.values.reduce((total, value, i) => total + value * y.values[i]!, 0);
    expect(
      difference(
        [[3], [3]],
        (x, y) => matmul(x, y),
        (x, y) => array64([], [dot(x, y)]),
      ),
    ).toBeLessThan(1e-6);
    expect(
      difference(
        [[3], [2, 3, 4]],
        (x, y) => matmul(x, y),
        (x, y) =>
          array64(
            [2, 4],
            indicesOf([2, 4]).map(([g, n]) =>
              [0, 1, 2].reduce((total, k) => total + x.values[k]! * at(y, [g!, k, n!]), 0),
            ),
          ),
      ),
    ).toBeLessThan(1e-6);
    expect(
      difference(
        [[2, 4, 3], [3]],
        (x, y) => matmul(x, y),
        (x, y) =>
          array64(
            [2, 4],
            indicesOf([2, 4]).map(([g, m]) =>
              [0, 1, 2].reduce((total, k) => total + at(x, [g!, m!, k]) * y.values[k]!, 0),
            ),
          ),
      ),
    ).toBeLessThan(1e-6);
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

describe('einsum', () => {
  /** Sums over all letters that the output does not have; extents of 1 broadcast. */
  const written = (equation: string, operands: readonly Array64[]): Array64 => {
    const [left, output] = equation.split('->') as [string, string];
    const parts = left.split(',');
    const extents = new Map<string, number>();
    parts.forEach((part, i) =>
      [...part].forEach((letter, axis) =>
        extents.set(letter, Math.max(extents.get(letter) ?? 1, operands[i]!.shape[axis]!)),
      ),
    );
    const summed = [...extents.keys()].filter((letter) => !output.includes(letter));
    const shapeOf = (letters: readonly string[]): number[] => letters.map((letter) => extents.get(letter)!);
    const shape = shapeOf([...output]);
    const inner = indicesOf(shapeOf(summed));
    return array64(
      shape,
      indicesOf(shape).map((outer) =>
        inner.reduce((total, own) => {
          const of = (letter: string): number =>
            output.includes(letter) ? outer[output.indexOf(letter)]! : own[summed.indexOf(letter)]!;
          return total + parts.reduce((product, part, i) => product * at(operands[i]!, [...part].map(of)), 1);
        }, 0),
      ),
    );
  };

  test.each<[equation: string, shapes: readonly Shape[], written?: string]>([
    [
      'ij,jk->ik',
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      'bij,bjk->bik',
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
    ],
    [
      'bij,bkj->bik',
      [
        [2, 3, 4],
        [2, 5, 4],
      ],
    ],
    [
      'bji,bjk->bik',
      [
        [2, 4, 3],
        [2, 4, 5],
      ],
    ],
    [
      'bhqd,bhkd->bhqk',
      [
        [2, 2, 3, 4],
        [2, 2, 5, 4],
      ],
    ],
    [
      'bqhd,bkhd->bhqk',
      [
        [2, 3, 2, 4],
        [2, 5, 2, 4],
      ],
    ],
    [
      'bij,jk->bik',
      [
        [2, 3, 4],
        [4, 5],
      ],
    ],
    ['i,i->', [[3], [3]]],
    ['i,j->ij', [[3], [4]]],
    ['i,j->ji', [[3], [4]]],
    [
      'ij,ij->ij',
      [
        [3, 4],
        [3, 4],
      ],
    ],
    [
      'ij,ji->ij',
      [
        [3, 4],
        [4, 3],
      ],
    ],
    [
      'ij,ij->i',
      [
        [3, 4],
        [3, 4],
      ],
    ],
    ['ij->ji', [[3, 4]]],
    ['ijk->k', [[2, 3, 4]]],
    ['ijk->', [[2, 3, 4]]],
    ['ij->ij', [[3, 4]]],
    ['ii->i', [[3, 3]]],
    ['ii->', [[3, 3]]],
    ['iji->ji', [[3, 2, 3]]],
    [
      'iij,jk->ik',
      [
        [3, 3, 2],
        [2, 4],
      ],
    ],
    [
      'ij,jk,kl->il',
      [
        [2, 3],
        [3, 4],
        [4, 2],
      ],
    ],
    [
      'ij,ik,il->jkl',
      [
        [2, 3],
        [2, 4],
        [2, 2],
      ],
    ],
    [
      'bi,ijk,bj->bk',
      [
        [2, 3],
        [3, 4, 2],
        [2, 4],
      ],
    ],
    ['ij,j->i', [[2, 1], [3]]],
    [
      'ij,kj->ik',
      [
        [2, 3],
        [4, 1],
      ],
    ],
    [',ij->ij', [[], [2, 3]]],
    [
      'ij,kl->',
      [
        [2, 3],
        [2, 2],
      ],
    ],
    [
      'ij,jk',
      [
        [2, 3],
        [3, 4],
      ],
      'ij,jk->ik',
    ],
    [
      'cb,ab',
      [
        [2, 3],
        [4, 3],
      ],
      'cb,ab->ac',
    ],
    ['ba', [[2, 3]], 'ba->ab'],
    ['ii', [[3, 3]], 'ii->'],
    [
      ' i j , j k -> i k ',
      [
        [2, 3],
        [3, 4],
      ],
      'ij,jk->ik',
    ],
    [
      '...ij,...jk->...ik',
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      'bij,bjk->bik',
    ],
    [
      '...ij,jk',
      [
        [2, 2, 3, 4],
        [4, 2],
      ],
      'abij,jk->abik',
    ],
    [
      '...i,...i->...',
      [
        [2, 1, 3],
        [4, 3],
      ],
      'abi,bi->ab',
    ],
    ['i...->...', [[3, 2, 2]], 'iab->ab'],
  ])('%s', (equation, shapes, plain = equation) => {
    expect(
      difference(
        shapes,
        (...operands) => einsum(equation, ...operands),
        (...operands) => written(plain, operands),
      ),
    ).toBeLessThan(1e-6);
  });

  test('contracts by products of matrices, without a copy where the axes are in order', () => {
    const device = hollowDevice('gpu');
    const primitives = (equation: string, ...shapes: Shape[]): string[] => {
      const operands = shapes.map((shape) => Tensor.placeholder({ shape, dtype: 'f32' }, device));
      return program(() => einsum(equation, ...operands), device)
        .plan()
        .dispatches.map(({ primitive }) => primitive);
    };
    expect(primitives('ij,jk->ik', [8, 16], [16, 4])).toEqual(['matmul/forward']);
    expect(primitives('ji,kj->ik', [16, 8], [4, 16])).toEqual(['matmul/forward']);
    expect(primitives('bhqd,bhkd->bhqk', [2, 4, 8, 16], [2, 4, 8, 16])).toEqual(['batch_matmul/forward']);
    expect(primitives('bij,jk->bik', [2, 8, 16], [16, 4])).toEqual(['matmul/forward']);
    expect(primitives('bi,bi->bi', [2, 8], [2, 8])).toEqual(['multiply/forward']);
  });

  test('what cannot be read is refused', () => {
    const refusal = (equation: string, ...shapes: Shape[]): string => {
      const trace = new Trace();
      const operands = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
      try {
        trace.record(() => einsum(equation, ...operands));
      } catch (error) {
        return String(error);
      }
      return 'NOT REFUSED';
    };
    expect(
      [
        refusal('ij,jk->ik', [2, 3]),
        refusal('ij->ji->ij', [2, 3]),
        refusal('i1->i', [2, 3]),
        refusal('......->', [2, 3]),
        refusal('ij->ii', [2, 3]),
        refusal('ij->ik', [2, 3]),
        refusal('ijk->i', [2, 3]),
        refusal('i->i', [2, 3]),
        refusal('ij,jk->ik', [2, 3], [4, 5]),
        refusal('ii->i', [2, 3]),
      ].join('\n'),
    ).toMatchInlineSnapshot(`
      "UsageError: einsum: equation is 'ij,jk->ik' for 1 operand, expected subscripts for each, separated by ',', and at most one '->'.
      UsageError: einsum: equation is 'ij->ji->ij' for 1 operand, expected subscripts for each, separated by ',', and at most one '->'.
      UsageError: einsum: equation is 'i1->i', expected letters, one for each axis, and at most one '...' per operand, such as 'bij,bjk->bik'.
      UsageError: einsum: equation is '......->', expected letters, one for each axis, and at most one '...' per operand, such as 'bij,bjk->bik'.
      UsageError: einsum: the output of 'ij->ii' has 'i', expected letters of the operands, each once.
      UsageError: einsum: the output of 'ij->ik' has 'k', expected letters of the operands, each once.
      ShapeError: einsum: 'ijk' of 'ijk->i' is for [2,3], expected a letter for each axis.
      ShapeError: einsum: 'i' of 'i->i' is for [2,3], expected a letter for each axis.
      ShapeError: einsum: 'j' of 'ij,jk->ik' is 3 and 4, expected equal extents, or 1.
      ShapeError: einsum: 'i' of 'ii->i' is 2 and 3 in [2,3], expected the equal extents of a diagonal."
    `);
  });
});
