/**
 * Validates what callers pass: each options object has a table of rules, one per name, which the compiler checks
 * against its interface. An invalid value or an unknown name is a UsageError.
 */
import { UsageError } from './errors.js';
import { hintFor } from './option_hints.js';

/** Describes the expected value if `value` is invalid; undefined if it is valid. */
export type Rule = (value: unknown, who: string, name: string) => string | undefined;
export type RequiredRule = Rule & { readonly isRequired: true };

/**
 * A rule for every name of the interface `T`; mandatory ones are `required`. Tables are functions, so that a bundler
 * can drop unused ones.
 */
export type Rules<T> = {
  readonly [K in keyof T]-?: Pick<T, K> extends Required<Pick<T, K>> ? RequiredRule : Rule;
};

/* @__NO_SIDE_EFFECTS__ */
export function required(rule: Rule): RequiredRule {
  return Object.assign<Rule, { readonly isRequired: true }>((...args) => rule(...args), { isRequired: true });
}

/**
 * Missing or undefined options take their defaults. `within` is a prefix for names, such as `erasing.`.
 *
 * Throws: UsageError for options that are not an object, an unknown name, or an invalid value.
 */
export function checkOptions<T extends object>(
  who: string,
  options: T,
  rules: Rules<NoInfer<T>>,
  within = '',
): void {
  const known = Object.entries<Rule & { isRequired?: true }>(rules);
  const names = known.map(([name]) => name).join(', ');
  // Classes and null prototypes are fine; a Map, a Date or an array is not.
  if (Object.prototype.toString.call(options) !== '[object Object]')
    throw wrong(who, within.slice(0, -1) || 'options', options, `an object with ${names}`);
  const given = options as Readonly<Record<string, unknown>>;
  for (const name in given) {
    if (Object.hasOwn(rules, name) || given[name] === undefined) continue;
    const hint = hintFor(
      name,
      known.map(([each]) => each),
    );
    const advice = hint?.endsWith('?') ? hint : `${hint ? `${hint}; ` : ''}expected one of ${names}.`;
    throw new UsageError(`${who}: '${within}${name}' is not an option; ${advice}`);
  }
  for (const [name, rule] of known) {
    const value = given[name];
    if (value !== undefined || rule.isRequired) check(who, within + name, value, rule);
  }
}

/** Throws: UsageError for an invalid value. */
export function check(who: string, name: string, value: unknown, rule: Rule): void {
  const expected = rule(value, who, name);
  if (expected !== undefined) throw wrong(who, name, value, expected);
}

export function wrong(who: string, name: string, value: unknown, expected: string): UsageError {
  const remedy = [value].flat().some(isPromise) ? "; put 'await' before it" : '';
  const what = value === undefined ? 'missing' : shown(value);
  return new UsageError(`${who}: ${name} is ${what}, expected ${expected}${remedy}.`);
}

/** A value for error messages: `'five'`, `[2,2]`, `a Promise`. Lists inside lists inside lists are `[…]`. */
export function shown(value: unknown, depth = 0): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) {
    if (depth > 1) return '[…]';
    const some = Array.from(value.slice(0, 9), (each) => shown(each, depth + 1)).join(',');
    return `[${some}${value.length > 9 ? ',…' : ''}]`;
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const name = kind === 'Object' ? (value.constructor as { name?: unknown } | undefined)?.name : kind;
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
  // A bundler may prefix the name of a class with an underscore.
  return `${/^_?([AEIO]|U[^i])/.test(name) ? 'an' : 'a'} ${name.replace(/^_/, '')}`;
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

// ---- rules ----

/** A rule for values that `accepts`; `expected` describes them. */
/* @__NO_SIDE_EFFECTS__ */
export function rule(expected: string, accepts: (value: unknown) => boolean): Rule {
  return (value) => (accepts(value) ? undefined : expected);
}

/** A rule for numbers that are finite in f32 and that `accepts`. */
/* @__NO_SIDE_EFFECTS__ */
function numberRule(expected: string, accepts: (value: number) => boolean): Rule {
  return rule(
    expected,
    (value) => typeof value === 'number' && Number.isFinite(Math.fround(value)) && accepts(value),
  );
}

/* @__NO_SIDE_EFFECTS__ */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Rule {
  const expected =
    most < Number.MAX_SAFE_INTEGER
      ? `an integer from ${least} to ${most}`
      : ['a non-negative integer', 'a positive integer'][least]!;
  return numberRule(expected, (value) => Number.isSafeInteger(value) && value >= least && value <= most);
}

/** A number in [least, most]. */
/* @__NO_SIDE_EFFECTS__ */
export function within(least: number, most: number): Rule {
  return numberRule(`a number from ${least} to ${most}`, (value) => value >= least && value <= most);
}

export const count = integer(1);
export const countOrZero = integer(0);
export const seed = integer(0, 0xffff_ffff);
export const finite = numberRule('a finite number', () => true);
export const positive = numberRule('a positive number', (value) => Math.fround(value) > 0);
export const notNegative = numberRule('a non-negative number', (value) => value >= 0);
/** A number in [0, 1): shares and rates of which 1 would leave nothing. */
export const belowOne = numberRule('a number in [0, 1)', (value) => value >= 0 && value < 1);
export const flag = rule('true or false', (value) => typeof value === 'boolean');
export const text = rule('a string', (value) => typeof value === 'string');
export const nonEmptyText = rule(
  'a string that is not empty',
  (value) => typeof value === 'string' && value !== '',
);
export const fn = rule('a function', (value) => typeof value === 'function');
export const signal = rule(
  'an AbortSignal',
  (value) => hasMethods(value, 'addEventListener') && 'aborted' in (value as object),
);

/* @__NO_SIDE_EFFECTS__ */
export function oneOf(names: readonly string[]): Rule {
  const expected =
    names.length > 2 ? `one of ${names.join(', ')}` : names.map((name) => `'${name}'`).join(' or ');
  return rule(expected, (value) => names.includes(value as string));
}

/* @__NO_SIDE_EFFECTS__ */
export function either(a: Rule, b: Rule): Rule {
  return (...args) => {
    const first = a(...args);
    const second = first === undefined ? undefined : b(...args);
    return second === undefined ? undefined : `${first} or ${second}`;
  };
}

/* @__NO_SIDE_EFFECTS__ */
export function orNull(of: Rule): Rule {
  return (...args) => {
    const expected = args[0] === null ? undefined : of(...args);
    return expected && `${expected} or null`;
  };
}

/** `expected` says what the whole is. Holes are entries, too. Any of the lengths, if some are given. */
/* @__NO_SIDE_EFFECTS__ */
export function list(expected: string, entry: Rule, ...lengths: readonly number[]): Rule {
  return (value, who, name) =>
    Array.isArray(value) &&
    (lengths.length === 0 || lengths.includes(value.length)) &&
    Array.from(value, (each, i) => entry(each, who, `${name}[${i}]`)).every(
      (refused) => refused === undefined,
    )
      ? undefined
      : expected;
}

/** Two ascending numbers within the given range. */
/* @__NO_SIDE_EFFECTS__ */
export function limits(expected: string, least: number, most: number): Rule {
  const inOrder = (value: unknown): boolean => (value as number[])[0]! <= (value as number[])[1]!;
  return (...args) => list(expected, within(least, most), 2)(...args) ?? rule(expected, inOrder)(...args);
}

/** One positive integer for both directions, or [down, across]. */
export const pixels = either(count, list('two of them', count, 2));
/** The extents of a tensor. */
export const extents = list('a list of positive integers', count);

/** A nested options object. */
/* @__NO_SIDE_EFFECTS__ */
export function nested<T extends object>(rules: Rules<T>): Rule {
  return (value, who, name) => {
    checkOptions(who, value as T, rules, `${name}.`);
    return undefined;
  };
}

/** An object recognised by its methods. */
/* @__NO_SIDE_EFFECTS__ */
export function having(expected: string, ...methods: readonly string[]): Rule {
  return rule(expected, (value) => hasMethods(value, ...methods));
}

function hasMethods(value: unknown, ...methods: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}

/** Whether it is a list, or a typed array of numbers. */
export function isNumberList(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !shown(value).startsWith('a Big');
}

/** Numbers in a list or typed array; other code checks their values. */
export const numbers = rule('a list of numbers', isNumberList);

export const folder = having('a Folder, from openFolder(path)', 'read', 'write', 'exists');
