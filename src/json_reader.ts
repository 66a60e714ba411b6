/**
 * Reads JSON from disk, a server or another program: parses text, then validates it against a form, which the
 * compiler checks against the wanted type. Errors name the invalid member.
 */
import {
  type Rule,
  count as countRule,
  countOrZero as countOrZeroRule,
  flag,
  rule,
  text as textRule,
} from './options.js';

/** A rule that only values of type `T` pass; the phantom member exists for the compiler only. */
export type Leaf<T> = Rule & { readonly of?: T };

/** The form of a `T`. The compiler reports missing members and wrong types. */
export type Form<T> =
  | Leaf<T>
  | ([T] extends [readonly (infer Item)[]]
      ? readonly [Form<Item>]
      : [T] extends [object]
        ? { readonly [Name in keyof T]-?: MemberForm<T[Name], object extends Pick<T, Name> ? true : false> }
        : never);

type MemberForm<T, IsOptional> = IsOptional extends true
  ? { readonly optional: ValueForm<Exclude<T, undefined>> }
  : undefined extends T
    ? { readonly optional: ValueForm<Exclude<T, undefined>> }
    : ValueForm<T>;

type ValueForm<T> = null extends T ? Leaf<T> | { readonly nullable: Form<Exclude<T, null>> } : RecordForm<T>;
type RecordForm<T> = string extends keyof T ? Leaf<T> | { readonly each: Form<T[keyof T]> } : Form<T>;

type AnyForm =
  | Rule
  | readonly [AnyForm]
  | { readonly optional: AnyForm }
  | { readonly nullable: AnyForm }
  | { readonly each: AnyForm }
  | { readonly [name: string]: AnyForm };

export const optional = <F>(form: F): { readonly optional: F } => ({ optional: form });
export const nullable = <F>(form: F): { readonly nullable: F } => ({ nullable: form });
/** An object with arbitrary names whose members all have one form. */
export const each = <F>(form: F): { readonly each: F } => ({ each: form });

export const text: Leaf<string> = textRule;
export const boolean: Leaf<boolean> = flag;
export const count: Leaf<number> = countRule;
export const countOrZero: Leaf<number> = countOrZeroRule;
export const number: Leaf<number> = rule('a number', Number.isFinite);
/** JSON has no NaN and infinities: they are written as null. */
export const numberOrNull: Leaf<number> = rule(
  'a number or null',
  (value) => value === null || Number.isFinite(value),
);
/** Restores NaN from a value that `numberOrNull` accepts. */
export const nanForNull = (value: number | null): number => value ?? Number.NaN;
export const object: Leaf<object> = rule('an object', isRecord);
export const isoDate: Leaf<string> = rule(
  'a date as in 2026-01-31T12:00:00Z',
  (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value),
);

/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const T extends string | number>(values: readonly T[]): Leaf<T> {
  const expected = values.map((value) => JSON.stringify(value)).join(' or ');
  return rule(expected, (value) => values.includes(value as T));
}

/** Makes the error for a file from a description of the problem. */
export type Refuse = (what: string, cause?: unknown) => Error;

/** `a.json is not JSON`, `a.json: position.step is "x"`: a subject and its problem. */
export function saidOf(subject: string, what: string): string {
  return what.startsWith('it ') ? `${subject} ${what.slice('it '.length)}` : `${subject}: ${what}`;
}

/** More than any file of shadegrad nests; deeper recursion could overflow the stack. */
const mostLevels = 100;
const mostItems = 1_000_000;

/**
 * JSON in UTF-8, with or without a byte order mark.
 *
 * Throws: the result of `refuse` for text that is not JSON, has a duplicate member, or nests deeper than 100 levels.
 */
export function parseJson(source: Uint8Array | string, refuse: Refuse): unknown {
  let value: unknown;
  let json: string;
  try {
    json =
      typeof source === 'string'
        ? source.replace(/^\ufeff/, '')
        : new TextDecoder('utf-8', { fatal: true }).decode(source);
    if (json.trim() === '') throw new Error('it is empty');
    value = JSON.parse(json);
  } catch (cause) {
    throw refuse(`it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  const fault = faultIn(json);
  if (fault !== undefined) throw refuse(`it ${fault}`);
  return value;
}

/** Rejects duplicate members, of which JSON.parse takes the last. */
function faultIn(json: string): string | undefined {
  // Matches runs of plain characters at once: single matches would overflow the stack of the regular expression.
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g;
  const open: (Set<string> | undefined)[] = [];
  for (const [found, colon] of json.matchAll(token)) {
    if (found === '{') open.push(new Set());
    else if (found === '[') open.push(undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (colon !== undefined) {
      // Parsed, because "a" and "\u0061" are the same name.
      const key = JSON.parse(found.slice(0, -colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return `has '${key}' twice`;
      keys?.add(key);
    }
    if (open.length > mostLevels) return `nests deeper than ${mostLevels} levels`;
  }
  return undefined;
}

/** Throws: the result of `refuse` for a value that does not have the form. */
export function checkForm<T>(value: unknown, form: Form<T>, refuse: Refuse): T {
  const wrong = wrongMember(value, form, '');
  if (wrong !== undefined) throw refuse(wrong);
  return value as T;
}

/** `parseJson`, then `checkForm`. */
export function readJson<T>(source: Uint8Array | string, form: Form<T>, refuse: Refuse): T {
  return checkForm(parseJson(source, refuse), form, refuse);
}

/** Describes the first invalid member, such as `sections.step[3].ms.median is "x", expected a number`. */
function wrongMember(value: unknown, form: AnyForm, at: string): string | undefined {
  if (typeof form === 'function') {
    const expected = form(value, '', at);
    return expected && misfit(value, at, expected);
  }
  if (isList(form)) {
    if (!Array.isArray(value)) return misfit(value, at, 'a list');
    if (value.length > mostItems) return `${at} has ${value.length} entries, expected at most ${mostItems}`;
    return firstOf(value.entries(), ([i, item]) => wrongMember(item, form[0], `${at}[${i}]`));
  }
  if ('optional' in form) return value === undefined ? undefined : wrongMember(value, form.optional, at);
  if ('nullable' in form) return value === null ? undefined : wrongMember(value, form.nullable, at);
  if (!isRecord(value)) return misfit(value, at, 'an object');
  const within = (name: string): string => (at === '' ? name : `${at}.${name}`);
  const { each: ofAll } = form;
  if (ofAll !== undefined)
    return firstOf(Object.entries(value), ([name, member]) => wrongMember(member, ofAll, within(name)));
  // Own members only, not inherited ones such as `constructor`.
  return firstOf(Object.entries(form), ([name, inner]) =>
    wrongMember(Object.hasOwn(value, name) ? value[name] : undefined, inner, within(name)),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isList = (form: AnyForm): form is readonly [AnyForm] => Array.isArray(form);

function firstOf<T>(items: Iterable<T>, wrong: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = wrong(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function misfit(value: unknown, at: string, expected: string): string {
  if (value === undefined) return `it has no ${at}`;
  const json = JSON.stringify(value);
  const shown = json.length > 60 ? `${json.slice(0, 60)}…` : json;
  return `${at === '' ? 'it' : at} is ${shown}, expected ${expected}`;
}
