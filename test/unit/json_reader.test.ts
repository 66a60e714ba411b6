/**
 * Plan: text that is not JSON, however; names that stand twice and nesting without end; each kind of form, with the member
 * named that does not have it; names that every object inherits; and forms that the compiler refuses.
 */
import { describe, expect, it, test } from 'vitest';
import {
  type Form,
  checkForm,
  count,
  each,
  nullable,
  number,
  numberOrNull,
  oneOf,
  optional,
  parseJson,
  readJson,
  text,
} from '../../src/json_reader.js';

const refuse = (what: string): Error => new Error(what);
const bytes = (...codes: number[]): Uint8Array => Uint8Array.from(codes);

describe('text', () => {
  it.each<[string, Uint8Array | string, RegExp]>([
    ['empty', '', /^it is not JSON \(it is empty\)$/],
    ['white space', ' \n', /^it is not JSON \(it is empty\)$/],
    ['cut off', '{"a":', /^it is not JSON \(/],
    ['two values', '{} {}', /^it is not JSON \(/],
    ['not UTF-8', bytes(0x22, 0xff, 0x22), /^it is not JSON \(/],
    ['UTF-16', bytes(0xff, 0xfe, 0x7b, 0, 0x7d, 0), /^it is not JSON \(/],
    ['a name twice', '{"a":{"b":1,"\\u0062":2}}', /^it has 'b' twice$/],
    ['nested without end', '['.repeat(100_000) + ']'.repeat(100_000), /^it nests deeper than 100 levels$/],
  ])('%s', (_, source, message) => {
    expect(() => parseJson(source, refuse)).toThrow(message);
  });

  it('JSON with a byte order mark, and names that look like twice', () => {
    expect(parseJson(bytes(0xef, 0xbb, 0xbf, 0x31), refuse)).toBe(1);
    expect(parseJson('\ufeff1', refuse)).toBe(1);
    const twice = '[{"a":"a\\":1"},{"a":[{"a":1}],"b":"{"}]';
    expect(parseJson(twice, refuse)).toEqual(JSON.parse(twice));
    const long = JSON.stringify({ long: 'x'.repeat(20_000_000) });
    expect(parseJson(long, refuse)).toHaveProperty('long');
  });
});

interface Example {
  readonly name: string;
  readonly kind: 'a' | 'b';
  readonly size?: number;
  readonly parent: string | null;
  readonly counts: readonly number[];
  readonly byName: Readonly<Record<string, { readonly loss: number }>>;
}

const form: Form<Example> = {
  name: text,
  kind: oneOf(['a', 'b']),
  size: optional(number),
  parent: nullable(text),
  counts: [count],
  byName: each({ loss: numberOrNull }),
};
const whole: Example = { name: 'x', kind: 'a', parent: null, counts: [1, 2], byName: { y: { loss: 0.5 } } };

test('a value of the right form is returned unchanged, with additional members', () => {
  const json = JSON.stringify({ ...whole, more: true });
  expect(readJson<Example>(json, form, refuse)).toEqual({ ...whole, more: true });
  expect(checkForm<Example>({ ...whole, byName: { y: { loss: null } } }, form, refuse)).toBeDefined();
});

test.each<[object | null | string, string]>([
  [null, 'it is null, expected an object'],
  ['x', 'it is "x", expected an object'],
  [[], 'it is [], expected an object'],
  [{ ...whole, name: undefined }, 'it has no name'],
  [{ ...whole, name: 3 }, 'name is 3, expected a string'],
  [{ ...whole, kind: 'constructor' }, 'kind is "constructor", expected "a" or "b"'],
  [{ ...whole, size: '1' }, 'size is "1", expected a number'],
  [{ ...whole, size: null }, 'size is null, expected a number'],
  [{ ...whole, parent: undefined }, 'it has no parent'],
  [{ ...whole, counts: { length: 1 } }, 'counts is {"length":1}, expected a list'],
  [{ ...whole, counts: [1, -1] }, 'counts[1] is -1, expected a positive integer'],
  [{ ...whole, counts: [1.5] }, 'counts[0] is 1.5, expected a positive integer'],
  [{ ...whole, counts: [Infinity] }, 'counts[0] is null, expected a positive integer'],
  [{ ...whole, byName: { y: {} } }, 'it has no byName.y.loss'],
  [{ ...whole, byName: { y: 'x'.repeat(100) } }, `byName.y is "${'x'.repeat(59)}…, expected an object`],
])('%j', (value, message) => {
  expect(() => checkForm<Example>(value, form, refuse)).toThrow(new Error(message));
});

test('what an object inherits is not its own', () => {
  interface Inherited {
    readonly constructor: string;
  }
  const constructed = { constructor: text } as Form<Inherited>;
  expect(() => checkForm<Inherited>({}, constructed, refuse)).toThrow(new Error('it has no constructor'));
  const hostile = '{"__proto__":{"loss":"x"},"constructor":{"loss":1}}';
  expect(() => readJson<Example['byName']>(hostile, each({ loss: number }), refuse)).toThrow(
    new Error('__proto__.loss is "x", expected a number'),
  );
});

test('a list without end is refused before it is looked at', () => {
  expect(() => checkForm(Array.from({ length: 1_000_001 }), [number] as never, refuse)).toThrow(
    /1000001 entries, expected at most/,
  );
});

test('the compiler finds what a form lacks', () => {
  // @ts-expect-error A member is missing.
  const missing: Form<{ readonly a: string; readonly b: number }> = { a: text };
  // @ts-expect-error A text is not a number.
  const other: Form<{ readonly a: number }> = { a: text };
  // @ts-expect-error Any text is not one of two.
  const wider: Form<{ readonly a: 'x' | 'y' }> = { a: text };
  // @ts-expect-error A member that may be missing is marked so.
  const unmarked: Form<{ readonly a?: string }> = { a: text };
  expect([missing, other, wider, unmarked]).toHaveLength(4);
});
