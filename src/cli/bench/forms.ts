/** Forms of JSON: what its members must be, for files that a hand or a disk may have changed. */

/** The form of a T. The compiler finds a member that is missing, or has another type. */
export type Form<T> = [T] extends [string]
  ? 'string'
  : [T] extends [number]
    ? 'number'
    : [T] extends [boolean]
      ? 'boolean'
      : [T] extends [readonly (infer Item)[]]
        ? readonly [Form<Item>]
        : { readonly [Name in keyof T]-?: undefined extends T[Name] ? Optional<T[Name]> : Form<T[Name]> };

type Optional<T> = { readonly optional: Form<NonNullable<T>> };

export type AnyForm = string | readonly [AnyForm] | { readonly [name: string]: AnyForm };

export const optional = <F>(form: F): { readonly optional: F } => ({ optional: form });
export const string = 'string';
export const number = 'number';
export const boolean = 'boolean';

/**
 * The first member that does not have its form, as `sections.step[3].ms.median is "x", expected a number`.
 */
export function wrongMember(value: unknown, form: AnyForm, at = ''): string | undefined {
  if (typeof form === 'string') return typeof value === form ? undefined : expected(value, at, `a ${form}`);
  if (isList(form)) {
    if (!Array.isArray(value)) return expected(value, at, 'a list');
    return firstOf(value.entries(), ([i, item]) => wrongMember(item, form[0], `${at}[${i}]`));
  }
  const { optional: ifThere } = form;
  if (ifThere !== undefined) return value === undefined ? undefined : wrongMember(value, ifThere, at);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return expected(value, at, 'an object');
  const members = value as Readonly<Record<string, unknown>>;
  return firstOf(Object.entries(form), ([name, inner]) =>
    wrongMember(members[name], inner, at === '' ? name : `${at}.${name}`),
  );
}

const isList = (form: AnyForm): form is readonly [AnyForm] => Array.isArray(form);

function firstOf<T>(items: Iterable<T>, wrong: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = wrong(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function expected(value: unknown, at: string, what: string): string {
  if (value === undefined) return `it has no ${at}`;
  return `${at} is ${JSON.stringify(value).slice(0, 40)}, expected ${what}`;
}
