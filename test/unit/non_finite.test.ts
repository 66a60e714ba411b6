// Plan: NaN and infinity in the float64 references, by hand, as in NumPy and PyTorch; generated cases have them in the named
// operand; then how gradcheck reports a device: in one line, or op by op.
import { describe, expect, test } from 'vitest';
import { nonFiniteLines } from '../../src/cli/gradcheck.js';
import { evaluate } from '../../src/check/evaluate.js';
import { checks } from '../../src/check/index.js';
import { nonFiniteCases } from '../../src/check/non_finite.js';
import type { Case, OpCheck } from '../../src/check/op_check.js';
import type { Row } from '../../src/check/row.js';
import { type Arrays, array64, fill64 } from '../../src/reference/array64.js';

const inf = Infinity;

/** Results and gradients of the op's reference over one operand x. */
function of(
  op: string,
  values: number[],
  shape: number[] = [values.length],
  options = {},
): [number[], number[]] {
  const { reference } = checks.get(op) as OpCheck;
  const inputs: Arrays<string> = { x: array64(shape, values) };
  const { y } = reference.forward(inputs, options);
  const dx = reference.backward?.(inputs, { y: fill64(y!.shape, () => 1) }, options)['x'];
  return [[...y!.values], [...(dx?.values ?? [])]];
}

describe('references, as NumPy and PyTorch have it', () => {
  test.each([
    ['relu', [NaN, inf, -inf], [NaN, inf, 0], [1, 1, 0]],
    ['sigmoid', [NaN, inf, -inf, 1000, -1000], [NaN, 1, 0, 1, 0], [NaN, 0, 0, 0, 0]],
    ['exp', [NaN, inf, -inf], [NaN, inf, 0], [NaN, inf, 0]],
    ['log', [NaN, inf, 0, -1], [NaN, inf, -inf, NaN], [NaN, 0, inf, -1]],
    ['sqrt', [NaN, inf, 0, -1], [NaN, inf, 0, NaN], [NaN, 0, inf, NaN]],
    ['softmax', [NaN, 0, 1], [NaN, NaN, NaN], [NaN, NaN, NaN]],
    ['softmax', [inf, 0, 1], [NaN, NaN, NaN], [NaN, NaN, NaN]],
    ['softmax', [-inf, -inf], [NaN, NaN], [NaN, NaN]],
    ['softmax', [-inf, 7], [0, 1], [0, 0]],
  ])('%s of %j', (op, x, y, dx) => {
    expect(of(op, x)).toEqual([y, dx]);
  });

  const run = { first: 0, last: 0 };

  test.each([
    [[1, NaN, inf, NaN], NaN, 1],
    [[-inf, -inf], -inf, 0],
    [[2, inf, inf], inf, 1],
  ])('max and arg_max of %j', (x, largest, place) => {
    expect(of('max', x, [x.length], run)).toEqual([[largest], x.map((_, i) => (i === place ? 1 : 0))]);
    expect(of('arg_max', x, [x.length], run)[0]).toEqual([place]);
  });

  test.each([
    [[1, NaN, NaN, 9], NaN, 1],
    [[-inf, -inf, -inf, -inf], -inf, 0],
  ])('max_pool2d of %j', (x, largest, place) => {
    const pool = { window: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] };
    expect(of('max_pool2d', x, [1, 2, 2, 1], pool)).toEqual([
      [largest],
      x.map((_, i) => (i === place ? 1 : 0)),
    ]);
  });

  test.each([
    ['NaN', [NaN, 0], 1, [NaN, 0]],
    ['NaN, where the label is', [NaN, 0], 0, [NaN, 0]],
    ['all NaN', [NaN, NaN], 0, [NaN, 0]],
    ['a label of probability 0', [-inf, 0], 0, [inf, 0]],
    ['equal, however large', [1e8, 1e8], 0, [Math.LN2, 1]],
  ])('softmax_cross_entropy of %s', (_, logits, label, [loss, correct]) => {
    const { forward } = (checks.get('softmax_cross_entropy') as OpCheck).reference;
    const inputs = { logits: array64([1, 2], logits), labels: array64([1], [label], 'u32') };
    const { totals } = forward(inputs, {});
    expect([...totals!.values]).toEqual([loss, correct, 1, 0]);
  });

  test('conv2d: an infinite weight meets a pixel of 0', () => {
    const { forward } = (checks.get('conv2d') as OpCheck).reference;
    const inputs = { x: array64([1, 1, 1, 1], [0]), kernel: array64([1, 1, 1, 1], [inf]) };
    expect([...forward(inputs, { strides: [1, 1], pads: [0, 0, 0, 0] })['y']!.values]).toEqual([NaN]);
  });
});

test('every f32 operand and the gradient of every result gets NaN and infinity', () => {
  const check = checks.get('multiply') as OpCheck;
  const nonFinite = nonFiniteCases(check, evaluate(check, check.cases[1] as Case));
  expect(nonFinite.map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "NaN in a",
      "∞ in a",
      "−∞ in a",
      "−∞ throughout in a",
      "NaN in b",
      "∞ in b",
      "−∞ in b",
      "−∞ throughout in b",
      "NaN in dy",
      "∞ in dy",
      "−∞ in dy",
      "−∞ throughout in dy",
    ]
  `);
  for (const { name, at } of nonFinite) {
    const where = name.split(' in ')[1] as string;
    const array = where === 'dy' ? at.outputGradients['y'] : at.inputs[where];
    expect(array?.values.some((value) => !Number.isFinite(value))).toBe(true);
  }
});

describe('gradcheck', () => {
  const row = (op: string, ok: boolean): Row => ({
    op,
    primitive: 'forward',
    variant: 'baseline',
    case: 'odd sizes, NaN in x',
    shapes: '[3,5]',
    result: 'y',
    error: ok ? 0 : Infinity,
    at: '[2,4] 0 for NaN',
    tolerance: 0,
    ok,
    isNonFinite: true,
  });

  test('where all is as in NumPy, it says so in one line', () => {
    expect(nonFiniteLines('llvmpipe', [row('relu', true), row('max', true)])).toMatchInlineSnapshot(`
      [
        "NaN and infinity: 2 ops on llvmpipe behave as in NumPy and PyTorch (2 comparisons).",
      ]
    `);
  });

  test('where a driver swallows NaN, it lists the ops', () => {
    const rows = [row('relu', true), row('max', true), row('max', false)];
    expect(nonFiniteLines('some GPU', rows)).toMatchInlineSnapshot(`
      [
        "NaN and infinity: 1 of 2 ops on some GPU deviate from NumPy and PyTorch; a driver may assume that neither occurs:",
        "    max/forward (baseline): 1 of 2, such as odd sizes, NaN in x, [3,5]: y at [2,4] 0 for NaN",
      ]
    `);
  });
});
