/**
 * JSON that comes from a disk, a server or another program's hands: read as text, then held against a form, which the
 * compiler compares with the type that is wanted. What does not have its form is refused by the member's name.
 */
import {
  type Rule,
  count as countRule,
  countOrZero as countOrZeroRule,
  flag,
  rule,
  text as textRule,
} from './options.js';

/** A rule that only values of the type `T` pass; the member that says so is there for the compiler alone. */
export type Leaf<T> = Rule & { readonly of?: T };

/** The form of a `T`. The compiler finds a member that is missing, or has another type. */
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
/** An object with members of any name, all of one form. */
export const each = <F>(form: F): { readonly each: F } => ({ each: form });

export const text: Leaf<string> = textRule;
export const boolean: Leaf<boolean> = flag;
export const count: Leaf<number> = countRule;
export const countOrZero: Leaf<number> = countOrZeroRule;
export const number: Leaf<number> = rule('a number', Number.isFinite);
/** JSON has no NaN and no infinities: they are written as null. */
export const numberOrNull: Leaf<number> = rule(
  'a number or null',
  (value) => value === null || Number.isFinite(value),
);
/** What `numberOrNull` lets through, as it was before it was written. */
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

/** An error that says what is wrong with a file, and which. */
export type Refuse = (what: string, cause?: unknown) => Error;

/** `a.json is not JSON`, `a.json: position.step is "x"`: what is wrong, said of a subject. */
export function saidOf(subject: string, what: string): string {
  return what.startsWith('it ') ? `${subject} ${what.slice('it '.length)}` : `${subject}: ${what}`;
}

/** More than any file of ours; beyond it, recursion would end in an overflow of the stack. */
const mostLevels = 100;
const mostItems = 1_000_000;

/**
 * JSON in UTF-8, with or without a byte order mark.
 *
 * Throws: what `refuse` returns, for text that is not JSON, that names a member twice, or nests deeper than 100 levels.
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

/** What JSON.parse takes and a careful reader does not: the last of two members of a name would count. */
export function faultIn(json: string): string | undefined {
  // Runs of plain characters first: one by one they would fill the stack of the regular expression.
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

/** Throws: what `refuse` returns, for a value without the form. */
export function checkForm<T>(value: unknown, form: Form<T>, refuse: Refuse): T {
  const wrong = wrongMember(value, form, '');
  if (wrong !== undefined) throw refuse(wrong);
  return value as T;
}

/** `parseJson`, then `checkForm`. */
export function readJson<T>(source: Uint8Array | string, form: Form<T>, refuse: Refuse): T {
  return checkForm(parseJson(source, refuse), form, refuse);
}

/** The first member that does not have its form, as `sections.step[3].ms.median is "x", expected a number`. */
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
  // Not what an object inherits, as `constructor`.
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
