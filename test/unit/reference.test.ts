// Plan: each float64 reference against itself: its backward against central differences of its forward, on every case
// that is smooth and small; the cases computed by hand; cases and shapes are drawn the same every time. Then what
// src/check promises: every op and primitive has a check with cases and a bench row, every op with kernels of its own has
// shaders, and every shader folder has an op.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Op } from '../../src/engine/op.js';
import { type Primitive, sizeOf } from '../../src/engine/primitive.js';
import { secondOrderCases } from '../../src/check/check_op.js';
import { worstDifference } from '../../src/check/differences.js';
import { casesOf, evaluate } from '../../src/check/evaluate.js';
import { checks } from '../../src/check/index.js';
import type { Case } from '../../src/check/op_check.js';
import { windowAttributes } from '../../src/check/window.js';
import { windowsOver } from '../../src/reference/window.js';
import { tolerance } from '../../src/rounding.js';

const all = [...checks.values()].map((check) => ({ op: check.op.name, check }));
const ops = all.map(({ check }) => check.op);
const smallest = (given: Case): number =>
  Object.values(given.inputs).reduce((sum, shape) => sum + sizeOf(shape), 0);

test.each(all.filter(({ check }) => check.reference.backward))(
  '$op: backward agrees with central differences',
  ({ check }) => {
    const cases = casesOf(check, 5, false);
    let compared = 0;
    cases.forEach((given, index) => {
      // Element by element the forward runs twice: keep to small operands.
      if (given.isSmooth === false || smallest(given) > 1500) return;
      const worst = worstDifference(check, evaluate(check, given, index), 12);
      compared++;
      expect(worst?.error ?? 0, `${given.name}: ${JSON.stringify(worst)}`).toBeLessThan(1);
    });
    expect(compared).toBeGreaterThan(2);
  },
);

test.each(all)('$op: the case by hand', ({ check }) => {
  const given = check.cases.find(({ byHand }) => byHand) as Case;
  const at = evaluate(check, given);
  const found = [
    ...Object.entries(given.byHand?.outputs ?? {}).map(([name, want]) => ({
      name,
      want,
      got: at.outputs[name],
    })),
    ...Object.entries(given.byHand?.gradients ?? {}).map(([name, want]) => ({
      name: `gradient of ${name}`,
      want,
      got: at.gradients[name],
    })),
  ];
  for (const { name, want, got } of found) {
    const values = [...(got?.value.values ?? [])];
    expect(values, name).toHaveLength(want?.length ?? 0);
    // Hand-made numbers pass through f32 operands where they are logarithms, hence 2⁻²².
    const worst = Math.max(...values.map((value, i) => Math.abs(value - (want?.[i] as number))));
    expect(worst, `${name}: ${values.join(' ')}`).toBeLessThan(2 ** -22);
  }
});

test('the same cases are drawn every time, and f32 operands hold f32 numbers', { timeout: 30_000 }, () => {
  for (const { check } of all) {
    const cases = casesOf(check, 3, false);
    const shapes = (each: Case) => ({ inputs: each.inputs, options: each.options });
    expect(casesOf(check, 3, false).map(shapes)).toEqual(cases.map(shapes));
    const last = cases.at(-1) as Case;
    const at = evaluate(check, last, 7);
    expect(evaluate(check, last, 7).inputs).toEqual(at.inputs);
    for (const { values } of Object.values(at.inputs).filter(({ dtype }) => dtype === 'f32'))
      expect(values).toEqual(values.map(Math.fround));
  }
});

test('Σ|terms| is never below the result', () => {
  for (const { op, check } of all) {
    const at = evaluate(check, check.cases[1] ?? (check.cases[0] as Case), 1);
    for (const expected of [...Object.values(at.outputs), ...Object.values(at.gradients)])
      expected?.value.values.forEach((value, i) => {
        expect(expected.magnitude[i], op).toBeGreaterThanOrEqual(Math.abs(value) * (1 - 1e-12));
      });
  }
});

test('the tolerance grows with the root of the length of the sum', () => {
  expect(tolerance(1) / 2 ** -24).toBe(8);
  expect(tolerance(100) / 2 ** -24).toBe(44);
  expect(tolerance(0, 0)).toBe(0);
});

// Padding of Keras's 'same', from its documentation and tf.nn: the odd row and column come last.
test.each([
  [
    { image: 28, window: 5, stride: 1 },
    { count: 28, before: 2, after: 2 },
  ],
  [
    { image: 28, window: 3, stride: 2 },
    { count: 14, before: 0, after: 1 },
  ],
  [
    { image: 7, window: 3, stride: 2 },
    { count: 4, before: 1, after: 1 },
  ],
  [
    { image: 6, window: 2, stride: 1 },
    { count: 6, before: 0, after: 1 },
  ],
  [
    { image: 5, window: 1, stride: 3 },
    { count: 2, before: 0, after: 0 },
  ],
  [
    { image: 2, window: 5, stride: 1 },
    { count: 2, before: 2, after: 2 },
  ],
])('padding of %o is %o', ({ image, window, stride }, { count, before, after }) => {
  const [extent, size] = [
    [1, image, image, 1],
    [window, window],
  ];
  const attributes = windowAttributes(extent, size, { strides: [stride, stride], padding: 'same' });
  const { P } = windowsOver(extent, size, attributes);
  expect({ count: P, before: attributes.pads[0], after: attributes.pads[2] }).toEqual({
    count,
    before,
    after,
  });
});

// ---- what is checked ----

test.each(all)('$op has a reference, cases, bench shapes and every primitive', ({ check }) => {
  const { op } = check;
  expect(check.reference.op).toBe(op.name);
  expect(check.cases.length).toBeGreaterThan(2);
  expect(check.cases[0]?.byHand, 'the first case is by hand').toBeDefined();
  expect(new Set(check.cases.map(({ name }) => name)).size, 'no two cases share a name').toBe(
    check.cases.length,
  );
  // A view moves no memory: nothing to time.
  expect(check.bench.length > 0, 'bench shapes').toBe(op.primitives.length > 0);
  expect(Object.keys(check.primitives).sort()).toEqual(op.primitives.map(({ name }) => name).sort());
  for (const { name } of op.primitives) expect(name.split('/')[0]).toBe(op.name);
});

test('every op with a gradient has a case for its second derivatives', () => {
  const missing = all.filter(
    ({ check }) =>
      check.reference.backward && check.call && secondOrderCases(casesOf(check, 2, false), 1).size === 0,
  );
  expect(missing.map(({ op }) => op)).toEqual([]);
});

test.each([
  ['kernels', 40],
  ['nn/optimizers', 1],
])('every op and every primitive of src/%s has a check: at least %i', async (folder, least) => {
  const path = fileURLToPath(new URL(`../../src/${folder}`, import.meta.url));
  const checked = new Set(ops.flatMap((op) => [op.name, ...op.primitives.map(({ name }) => name)]));
  const found = new Set<string>();
  for (const file of readdirSync(path)) {
    const exported = (await import(`${path}/${file}`)) as Record<string, Partial<Op & Primitive>>;
    for (const each of Object.values(exported))
      if (each.variants || (each.primitives && each.backward)) found.add(each.name!);
  }
  expect([...found].filter((name) => !checked.has(name))).toEqual([]);
  expect(found.size).toBeGreaterThanOrEqual(least);
});

/** Folders whose shaders are parts of others, not ops. */
const helpers = ['elementwise', 'floats', 'pool2d', 'product', 'random'];

test('every op with kernels of its own has a shader folder, and every folder an op', () => {
  const root = fileURLToPath(new URL('../../shaders', import.meta.url));
  const folders = readdirSync(root).filter((name) => !helpers.includes(name));
  const withKernels = ops.filter((op) => op.primitives.some((primitive) => !primitive.elementwise));
  expect(folders.sort()).toEqual(withKernels.map(({ name }) => name).sort());
});

test('variants of a primitive have different names, and one baseline variant takes everything', () => {
  for (const op of ops) {
    for (const { name, variants, elementwise } of op.primitives) {
      expect(new Set(variants.map((variant) => variant.name)).size, name).toBe(variants.length);
      expect(variants.at(-1)?.family, `the last variant of ${name}`).toBe(
        elementwise ? undefined : 'baseline',
      );
    }
  }
});
