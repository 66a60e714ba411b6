/** Measured and recorded kernels stay valid when a primitive, a variant, an attribute or an operand is renamed. */
import { expect, test, vi } from 'vitest';
import {
  type AnyContext,
  type Choice,
  KernelSelection,
  candidatesOf,
  inPresentNames,
  keyOf,
} from '../../src/engine/kernel_selection.js';
import type { Primitive, Variant } from '../../src/engine/primitive.js';
import { registerShaders } from '../../src/engine/shader.js';
import { kernelChangeOf } from '../../src/nn/training/kernel_change.js';
import { fakeDevice } from './fake_device.js';

vi.mock('../../src/engine/renames.js', () => ({
  renames: {
    primitives: [
      { before: 'scan/forward', now: 'running_sum/forward' },
      { before: 'prefix/forward', now: 'running_sum/forward' },
    ],
    variants: [
      { before: 'wide', now: 'gpu_wide', of: 'running_sum/forward' },
      { before: 'narrow', now: 'gpu', of: 'another/forward' },
    ],
    attributes: [{ before: 'axis', now: 'along' }],
  },
}));

registerShaders({
  'scan/rows':
    '@group(0) @binding(0) var<storage, read> rows: array<f32>;\nconst TILE: u32 = 1; //! side\nfn main() { let y = TILE; }\n',
  'running_sum/rows':
    '// Rows.\nfn main() { let y = TILE; }\nconst TILE: u32 = 1; //! side\n@group(0) @binding(0) var<storage, read> rows: array<f32>;\n',
});

interface Names {
  readonly primitive: string;
  readonly variants: readonly [string, string];
  readonly attribute: string;
  readonly operand: string;
  readonly shader: string;
  readonly tile?: number;
}

const device = fakeDevice({ family: 'gpu' });
const spec = { shape: [4, 4], dtype: 'f32' } as const;

function caseOf({ primitive: name, variants, attribute, operand, shader, tile = 8 }: Names): {
  readonly primitive: Primitive;
  readonly context: AnyContext;
  readonly key: string;
} {
  const variantOf = (variant: string, i: number): Variant<string, string, never> => ({
    name: variant,
    family: 'gpu',
    hasEpilogue: false,
    supports: () => true,
    lower: () => ({
      dispatches: [
        { shader, constants: { TILE: tile << i }, bindings: { rows: operand }, workgroups: [1, 1, 1] },
      ],
    }),
  });
  const primitive = {
    name,
    inputs: [operand],
    outputs: ['y'],
    shape: () => ({ y: spec }),
    cost: () => ({ flops: 0, bytes: 0 }),
    variants: variants.map(variantOf),
  } as unknown as Primitive;
  const context = {
    inputs: { [operand]: spec },
    outputs: { y: spec },
    attributes: { [attribute]: 1 },
    device: device.traits,
  } as unknown as AnyContext;
  return { primitive, context, key: keyOf(primitive, context, candidatesOf(primitive, context)) };
}

const before: Names = {
  primitive: 'scan/forward',
  variants: ['gpu', 'wide'],
  attribute: 'axis',
  operand: 'x',
  shader: 'scan/rows',
};
const now: Names = {
  primitive: 'running_sum/forward',
  variants: ['gpu', 'gpu_wide'],
  attribute: 'along',
  operand: 'input',
  shader: 'running_sum/rows',
};
const stored: Choice = { pass: 'scan/forward', variant: 'wide', shapes: '[4,4]' };
const meant: Choice = { pass: 'running_sum/forward', variant: 'gpu_wide', shapes: '[4,4]' };

test('the key of a case keeps over renames, and lapses with a tile', () => {
  expect(caseOf(now).key).toBe(caseOf(before).key);
  expect(caseOf({ ...now, tile: 16 }).key).not.toBe(caseOf(now).key);
  expect(caseOf({ ...now, attribute: 'other' }).key).not.toBe(caseOf(now).key);
  expect(caseOf({ ...now, variants: ['gpu', 'other'] }).key).not.toBe(caseOf(now).key);
});

test.each([
  ['of this version', caseOf(before).key],
  ['of an earlier version', '0123456789abcdef'],
])('a choice with a key %s stays in effect, and is stored with the names of today', (_, key) => {
  const { primitive, context, key: keyNow } = caseOf(now);
  const selection = new KernelSelection([[key, stored]]);
  expect(selection.choose(primitive, context)?.name).toBe('gpu_wide');
  expect([...selection.used()]).toEqual([[keyNow, meant]]);
  expect(
    kernelChangeOf({ choices: { [key]: stored }, kernels: [stored] }, [meant], selection),
  ).toBeUndefined();
});

test('an older name means the same, and a row for one primitive leaves the others alone', () => {
  expect(inPresentNames({ ...stored, pass: 'prefix/forward' })).toEqual(meant);
  expect(inPresentNames({ pass: 'another/forward', variant: 'wide' }).variant).toBe('wide');
  expect(inPresentNames({ pass: 'another/forward', variant: 'narrow' }).variant).toBe('gpu');
});
