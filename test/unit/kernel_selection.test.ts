/**
 * Kernel choices without a device:
 *   the hash: published values of FNV-1a inside it, and no collision among many like texts
 *   the key: the same for the same, whatever the comments and the order of declarations; another for another shape,
 *     attribute, shader text, tile, workgroup count, list of variants
 *   choices of earlier versions: found by primitive and shapes
 *   the order: forced, chosen, the family's first, baseline; what is not chosen, or no longer there
 *   what is noted: cases with several candidates, and only while someone wants them; which choices were used
 *   who wins: the first unless another is clearly and mostly faster
 *   what JSON may hold
 */
import { afterEach, describe, expect, test } from 'vitest';
import {
  type AnyContext,
  type Choice,
  KernelSelection,
  candidatesOf,
  choicesFromJson,
  hash64,
  keyOf,
} from '../../src/engine/kernel_selection.js';
import type { Dispatch, Family, Primitive, Spec, Variant } from '../../src/engine/primitive.js';
import { chooseVariant } from '../../src/engine/plan/select.js';
import { registerShaders } from '../../src/engine/shader.js';
import { fastest } from '../../src/engine/tune.js';
import { fakeDevice } from './fake_device.js';

// ---- the hash ----

/** Computed with Python's integers; FNV-1a of these texts is 811c9dc5, e40c292c and bf9cf968, as published. */
test.each([
  ['', 'ab3e7c0b92ca2f0e'],
  ['a', '1a80b1b36c07ac28'],
  ['foobar', '0c0da6dc4b99f450'],
])('the hash of %j', (text, hash) => {
  expect(hash64(text)).toBe(hash);
});

test('texts that differ in a number have different hashes', () => {
  const hashes = new Set(Array.from({ length: 50_000 }, (_, i) => hash64(`const ROWS: u32 = ${i};`)));
  expect(hashes.size).toBe(50_000);
});

// ---- the key ----

const source =
  'const TILE: u32 = 1; //! side\n@group(0) @binding(0) var<storage, read> x: array<f32>;\nfn main() { let y = TILE; }\n';

interface Made {
  readonly tile?: number;
  readonly workgroups?: Dispatch['workgroups'];
  readonly supports?: boolean;
}

function variant(
  name: string,
  family: Family,
  { tile = 8, workgroups = [1, 1, 1], supports = true }: Made = {},
): Variant<'x', 'y', { readonly axis: number }> {
  return {
    name,
    family,
    hasEpilogue: false,
    supports: () => supports,
    lower: () => ({ dispatches: [{ shader: 'test/choices', constants: { TILE: tile }, workgroups }] }),
  };
}

function primitiveOf(...variants: Variant<'x', 'y', { readonly axis: number }>[]): Primitive {
  registerShaders({ 'test/choices': source });
  const primitive: Primitive<'x', 'y', { readonly axis: number }> = {
    name: 'test/pass',
    inputs: ['x'],
    outputs: ['y'],
    shape: ({ x }) => ({ y: x.shape }),
    cost: () => ({ flops: 0, bytes: 0 }),
    variants,
  };
  return primitive;
}

const device = fakeDevice({ family: 'gpu', subgroupSize: 32 });
afterEach(() => {
  registerShaders({ 'test/choices': source });
  device.forcedVariants.clear();
});

function contextOf(shape: readonly number[] = [4, 4], axis = 0): AnyContext {
  const spec: Spec = { shape, dtype: 'f32' };
  return {
    inputs: { x: spec },
    outputs: { y: spec },
    attributes: { axis },
    device: device.traits,
  } as unknown as AnyContext;
}

const key = (primitive: Primitive, context = contextOf()): string =>
  keyOf(primitive, context, candidatesOf(primitive, context));

const [small, large, baseline] = [
  variant('small', 'gpu'),
  variant('large', 'gpu', { tile: 16 }),
  variant('baseline', 'baseline'),
];

test('the same case has the same key', () => {
  expect(key(primitiveOf(small, large, baseline))).toBe(key(primitiveOf(small, large, baseline)));
  expect(key(primitiveOf(small, large, baseline))).toMatch(/^2-[0-9a-f]{16}$/);
});

test('whatever decides what would run changes the key', () => {
  const keys = {
    asItIs: key(primitiveOf(small, large, baseline)),
    shape: key(primitiveOf(small, large, baseline), contextOf([4, 5])),
    attribute: key(primitiveOf(small, large, baseline), contextOf([4, 4], 1)),
    tile: key(primitiveOf(small, variant('large', 'gpu', { tile: 32 }), baseline)),
    workgroups: key(
      primitiveOf(small, variant('large', 'gpu', { tile: 16, workgroups: [2, 1, 1] }), baseline),
    ),
    more: key(primitiveOf(small, large, variant('huge', 'gpu', { tile: 64 }), baseline)),
    fewer: key(primitiveOf(small, variant('large', 'gpu', { tile: 16, supports: false }), baseline)),
    order: key(primitiveOf(large, small, baseline)),
    shader: (() => {
      const primitive = primitiveOf(small, large, baseline);
      registerShaders({ 'test/choices': `${source}fn twice(x: f32) -> f32 { return 2 * x; }\n` });
      return key(primitive);
    })(),
  };
  expect(new Set(Object.values(keys)).size, JSON.stringify(keys, null, 1)).toBe(Object.keys(keys).length);
});

test('comments, white space, included files, the order of declarations and unused constants change nothing', () => {
  const primitive = primitiveOf(small, large, baseline);
  const fn = 'fn twice(x: f32) -> f32 {\n  return 2 * x; // exact\n}\n';
  const keyWith = (text: string): string => {
    registerShaders({ 'test/choices': text, 'test/twice': `// Included.\n${fn}` });
    return key(primitive);
  };
  const same = [
    `${source}${fn}`,
    `// A remark.\n/* And a\nsecond; one. */\n${source.replace('//! side', '//! side of a tile')}${fn}`,
    `${source.replace(': array<f32>', ' :  array< f32 >')}\n\n${fn.replace('2 * x', '2*x')}`,
    `${fn}${source}`,
    `//! include test/twice\n${source}`,
    `${source}${fn}const NOT_USED: u32 = 7u;\n`,
  ];
  expect(new Set(same.map(keyWith)).size).toBe(1);
  expect(keyWith(`${source}${fn.replace('2', '3')}`)).not.toBe(keyWith(`${source}${fn}`));
  expect(keyWith(`${source}${fn.replace('return 2', 'return2')}`)).not.toBe(keyWith(`${source}${fn}`));
});

test('variants of other families change nothing', () => {
  expect(key(primitiveOf(small, large, variant('other', 'software'), baseline))).toBe(
    key(primitiveOf(small, large, baseline)),
  );
});

// ---- the order ----

test('forced, then chosen, then the table, then baseline', () => {
  const primitive = primitiveOf(small, large, baseline);
  const context = contextOf();
  const choose = (): string => chooseVariant(primitive, context, device).name;
  expect(choose()).toBe('small');

  const choice = { pass: primitive.name, shapes: '[4,4]', variant: 'large' };
  device.kernelSelection.set(key(primitive), choice);
  expect(choose()).toBe('large');
  expect(chooseVariant(primitive, contextOf([4, 4], 1), device).name).toBe('small');

  device.forcedVariants.set(primitive.name, 'baseline');
  expect(choose()).toBe('baseline');
  // A forced variant that the primitive does not have leaves the choice.
  device.forcedVariants.set(primitive.name, 'huge');
  expect(choose()).toBe('large');

  device.forcedVariants.clear();
  device.kernelSelection.set(key(primitive), { ...choice, variant: 'huge' });
  expect(choose(), 'a variant that is gone').toBe('small');
  device.kernelSelection.clear();
  expect(choose()).toBe('small');
  expect(chooseVariant(primitiveOf(baseline), context, device).name).toBe('baseline');
});

// ---- choices of earlier versions ----

describe('a choice whose key an earlier version made', () => {
  const primitive = primitiveOf(small, large, baseline);
  const earlier = ['0123456789abcdef', '123456789abcdef0', '23456789abcdef01'];
  const choice = (variant: string, more: Partial<Choice> = {}): Choice => ({
    pass: primitive.name,
    shapes: '[4,4]',
    variant,
    ...more,
  });
  const selectionOf = (...choices: Choice[]): KernelSelection =>
    new KernelSelection(choices.map((each, i) => [earlier[i] as string, each]));
  const chosen = (selection: KernelSelection, context = contextOf()): string | undefined =>
    selection.choose(primitive, context)?.name;

  test('applies to its primitive and shapes, and is used by the key of today', () => {
    const selection = selectionOf(choice('large'));
    expect(selection.applied(earlier[0]!)).toBe(false);
    expect(chosen(selection, contextOf([4, 5]))).toBeUndefined();
    expect(selection.applied(earlier[0]!)).toBe(false);
    expect(chosen(selection)).toBe('large');
    expect(selection.applied(earlier[0]!)).toBe(true);
    expect([...selection.used()]).toEqual([[key(primitive), choice('large')]]);
    const again = new KernelSelection(selection.used());
    expect([chosen(again), again.applied(key(primitive))]).toEqual(['large', true]);
  });

  test('gives way to a choice of today, whose key lapses with a tile', () => {
    const selection = selectionOf(choice('large'));
    selection.set(key(primitive), choice('small'));
    expect(chosen(selection)).toBe('small');
    expect(selection.applied(earlier[0]!)).toBe(false);
    const measured = new KernelSelection([[key(primitive), choice('large')]]);
    const tiled = primitiveOf(small, variant('large', 'gpu', { tile: 32 }), baseline);
    expect(measured.choose(tiled, contextOf())).toBeUndefined();
    expect(measured.applied(key(primitive))).toBe(false);
  });

  test('does not apply if its variant is gone, or to a key of another form', () => {
    const gone = selectionOf(choice('huge'));
    expect([chosen(gone), gone.applied(earlier[0]!), gone.used().size]).toEqual([undefined, false, 0]);
    expect(chosen(new KernelSelection([['2-0123456789abcdef', choice('large')]]))).toBeUndefined();
  });

  test('applies if it is the last measurement and that has one result', () => {
    const [first, last] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];
    expect(chosen(selectionOf(choice('large'), choice('large')))).toBe('large');
    expect(chosen(selectionOf(choice('large'), choice('small')))).toBeUndefined();
    const measuredTwice = [choice('large', { date: last }), choice('small', { date: first })];
    expect(chosen(selectionOf(...measuredTwice))).toBe('large');
    expect(chosen(selectionOf(...measuredTwice.toReversed()))).toBe('large');
    expect(chosen(selectionOf(...measuredTwice, choice('small', { date: last })))).toBeUndefined();
  });
});

// ---- what is noted ----

test('cases are noted while they are watched or chosen, and only where there is a choice', () => {
  const primitive = primitiveOf(small, large, baseline);
  const choices = new KernelSelection();
  choices.choose(primitive, contextOf());
  expect(choices.met.size).toBe(0);
  choices.watch();
  choices.choose(primitive, contextOf());
  choices.choose(primitive, contextOf());
  choices.choose(primitiveOf(small, baseline), contextOf());
  expect([...choices.met.keys()]).toEqual([key(primitive)]);
  expect(choices.met.get(key(primitive))?.candidates.map(({ name }) => name)).toEqual(['small', 'large']);
});

test('the choices that planning went by, and a version that tells of every change', () => {
  const primitive = primitiveOf(small, large, baseline);
  const choices = new KernelSelection();
  const versions = [choices.version];
  const used = { pass: primitive.name, shapes: '[4,4]', variant: 'large' };
  choices.set('0123456789abcdef', { ...used, shapes: '[9]' });
  versions.push(choices.version);
  choices.set(key(primitive), used);
  versions.push(choices.version);
  expect(choices.used().size).toBe(0);
  choices.choose(primitive, contextOf());
  expect([...choices.used()]).toEqual([[key(primitive), used]]);
  choices.clear();
  versions.push(choices.version);
  expect([...choices]).toEqual([]);
  expect(choices.used().size).toBe(0);
  expect(new Set(versions).size).toBe(4);
});

// ---- who wins ----

test.each<[why: string, first: number[], other: number[], winner: string]>([
  ['equals', [10, 10, 10, 10], [10, 10, 10, 10], 'first'],
  ['a little faster', [10, 10, 10, 10], [9.8, 9.8, 9.8, 9.8], 'first'],
  ['clearly faster', [10, 10, 10, 10], [9, 9, 9, 9], 'other'],
  ['faster in three rounds of four', [10, 10, 10, 10], [9, 9, 9, 30], 'other'],
  ['least, but in one lucky round', [10, 10, 10, 10], [8, 11, 11, 11], 'first'],
  ['slower', [10, 10, 10, 10], [11, 11, 11, 11], 'first'],
])('%s', (_, first, other, winner) => {
  const timed = [
    { variant: 'first', ms: first },
    { variant: 'other', ms: other },
    { variant: 'slow', ms: [50, 50, 50, 50] },
  ];
  expect(fastest(timed)?.variant).toBe(winner);
});

test('no variant to choose from', () => {
  expect(fastest([])).toBeUndefined();
});

// ---- JSON ----

test('choices survive JSON, and anything else is refused by name', () => {
  const choice = {
    pass: 'a/b',
    shapes: '[1]',
    variant: 'v',
    ms: { v: 1.5 },
    date: '2026-01-01T00:00:00.000Z',
  };
  const text = JSON.stringify({ abc: choice });
  expect([...choicesFromJson(JSON.parse(text), 'x.json')]).toEqual([['abc', choice]]);
  expect(() => choicesFromJson([], 'x.json')).toThrowErrorMatchingInlineSnapshot(
    `[DataError: x.json: damaged: kernel choices: it is [], expected an object.]`,
  );
  expect(() =>
    choicesFromJson({ abc: { pass: 'a/b', shapes: '[1]' } }, 'x.json'),
  ).toThrowErrorMatchingInlineSnapshot(
    `[DataError: x.json: damaged: kernel choices: it has no abc.variant.]`,
  );
});
