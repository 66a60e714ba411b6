/**
 * Which variant computes a primitive, as measured on this device (tune.ts) or recorded with a run. The key of a
 * choice hashes the case and what all candidates compute, so a choice lapses when a kernel, a tile, a shape or the
 * list of candidates changes. Comments, the order of a shader's declarations, unused constants and renames (renames.ts)
 * do not count.
 * Planning looks for forced variants first, then here, then in the table: the order of a primitive's variants.
 */
import { DataError } from '../errors.js';
import { type Form, checkForm, each, numberOrNull, optional, text } from '../json_reader.js';
import { LruCache } from './lru.js';
import {
  type Primitive,
  type PrimitiveContext,
  type Spec,
  type Variant,
  canRun,
  describe,
} from './primitive.js';
import { type Rename, renames } from './renames.js';
import { canonicalCode, specialise } from './shader.js';

export type AnyContext = PrimitiveContext<string, string, never>;
export type AnyVariant = Variant<string, string, Record<string, never>>;

/** The chosen variant, with what it computes and how it was measured, for display. */
export interface Choice {
  readonly variant: string;
  /** Name of the primitive; `pass` is the key that tuning files have always had. */
  readonly pass: string;
  /** Shapes of the inputs. */
  readonly shapes: string;
  /** Least time of each correct candidate, in milliseconds. */
  readonly ms?: Readonly<Record<string, number>>;
  /** When it was measured, as ISO 8601. */
  readonly date?: string;
}

/** A case that planning met and several variants can compute. */
export interface KernelCase {
  readonly key: string;
  readonly primitive: Primitive;
  readonly context: AnyContext;
  /** The table's choice first. */
  readonly candidates: readonly AnyVariant[];
}

/** Far more cases than any model has, so that a run never forgets those it used. */
const mostMet = 4096;

/**
 * The choices that plans follow: those of a device, or of one training. Choices of earlier versions have keys that
 * cannot be computed any more. They apply to every case of their primitive and shapes that has no choice of its own.
 */
export class KernelSelection {
  readonly #chosen: Map<string, Choice>;
  /** By primitive and shapes; undefined until needed. */
  #earlier: Map<string, Choice> | undefined;
  readonly #met = new LruCache<string, KernelCase>(mostMet);
  #isWatching = false;
  #version = 0;

  constructor(chosen: Iterable<readonly [key: string, choice: Choice]> = []) {
    this.#chosen = new Map(chosen);
  }

  /** Incremented with every change, so that caches of plans can detect outdated ones. */
  get version(): number {
    return this.#version;
  }

  find(key: string): Choice | undefined {
    return this.#chosen.get(key);
  }

  set(key: string, choice: Choice): void {
    this.#chosen.set(key, choice);
    this.#earlier = undefined;
    this.#version++;
  }

  clear(): void {
    this.#chosen.clear();
    this.#earlier = undefined;
    this.#met.clear();
    this.#version++;
  }

  [Symbol.iterator](): IterableIterator<[key: string, choice: Choice]> {
    return this.#chosen.entries();
  }

  /** From now on records all cases, even without any choices; this costs planning some string work. */
  watch(): void {
    this.#isWatching = true;
  }

  /** The cases with several candidates that planning has met, by key. */
  get met(): ReadonlyMap<string, KernelCase> {
    return new Map(this.#met);
  }

  /** The choices that planning used, by the keys of this version and with the names of this version. */
  used(): Map<string, Choice> {
    return new Map(
      [...this.#met].flatMap(([key, kernelCase]): [string, Choice][] => {
        const choice = this.#choiceFor(kernelCase);
        return choice ? [[key, choice]] : [];
      }),
    );
  }

  /** Whether planning has met the case of a choice, so that the choice decided. */
  applied(key: string): boolean {
    const choice = this.#chosen.get(key);
    if (!choice) return false;
    if (!earlierKey.test(key)) return this.#met.has(key);
    const { pass, shapes, variant } = inPresentNames(choice);
    return [...this.used().values()].some(
      (used) => used.pass === pass && used.shapes === shapes && used.variant === variant,
    );
  }

  /** The variant chosen for a case; undefined leaves it to the table. */
  choose(primitive: Primitive, context: AnyContext): AnyVariant | undefined {
    if (this.#chosen.size === 0 && !this.#isWatching) return undefined;
    const candidates = candidatesOf(primitive, context);
    if (candidates.length < 2) return undefined;
    const key = keyOf(primitive, context, candidates);
    const kernelCase = { key, primitive, context, candidates };
    this.#met.set(key, kernelCase);
    const chosen = this.#choiceFor(kernelCase)?.variant;
    return candidates.find(({ name }) => name === chosen);
  }

  #choiceFor({ key, primitive, context, candidates }: KernelCase): Choice | undefined {
    const exact = this.#chosen.get(key);
    if (exact) return inPresentNames(exact);
    this.#earlier ??= earlierChoices(this.#chosen);
    const earlier = this.#earlier.get(`${primitive.name} ${shapesOf(context)}`);
    return candidates.some(({ name }) => name === earlier?.variant) ? earlier : undefined;
  }
}

/** Shapes of the inputs, as choices and recorded kernels have them. */
export function shapesOf({ inputs }: AnyContext): string {
  return Object.values<Spec>(inputs).map(describe).join(' ');
}

/**
 * The choices of earlier versions, by primitive and shapes. Of several, the last measurement counts; if it has different
 * results for one place, as cases with other attributes may have, none counts.
 */
function earlierChoices(chosen: ReadonlyMap<string, Choice>): Map<string, Choice> {
  const places = new Map<string, Choice[]>();
  for (const [key, stored] of chosen) {
    if (!earlierKey.test(key)) continue;
    const choice = inPresentNames(stored);
    const place = `${choice.pass} ${choice.shapes}`;
    places.set(place, [...(places.get(place) ?? []), choice]);
  }
  return new Map(
    [...places].flatMap(([place, choices]): [string, Choice][] => {
      const last = choices.reduce((latest, { date = '' }) => (date > latest ? date : latest), '');
      const [first, ...others] = choices.filter(({ date = '' }) => date === last);
      return first && others.every(({ variant }) => variant === first.variant) ? [[place, first]] : [];
    }),
  );
}

/** A recorded kernel or choice, with the names that its primitive and variant have now. */
export function inPresentNames<T extends { readonly pass: string; readonly variant: string }>(
  recorded: T,
): T {
  const pass = nameNow(renames.primitives, recorded.pass);
  return { ...recorded, pass, variant: nameNow(renames.variants, recorded.variant, pass) };
}

function nameNow(list: readonly Rename[], name: string, primitive?: string): string {
  return list.find((row) => row.before === name && appliesTo(row, primitive))?.now ?? name;
}

function oldestName(list: readonly Rename[], name: string, primitive?: string): string {
  return list.find((row) => row.now === name && appliesTo(row, primitive))?.before ?? name;
}

function appliesTo({ of }: Rename, primitive: string | undefined): boolean {
  return of === undefined || of === primitive;
}

/** The variants of the device's own family that can compute the case, the table's choice first. */
export function candidatesOf(primitive: Primitive, context: AnyContext): AnyVariant[] {
  const variants = primitive.variants as unknown as readonly AnyVariant[];
  return variants.filter((variant) => variant.family === context.device.family && canRun(variant, context));
}

/** Keys of earlier versions: hashes of names and shader texts as they were. */
const earlierKey = /^[0-9a-f]{16}$/;

/** What identifies a case together with everything that its candidates would compute. */
export function keyOf(primitive: Primitive, context: AnyContext, candidates: readonly AnyVariant[]): string {
  const { name } = primitive;
  const code = candidates.map((variant) => {
    const { dispatches, scratch = {} } = variant.lower(context);
    // Operands by position: their names mean nothing to a kernel.
    const operands = [...primitive.inputs, ...primitive.outputs, ...Object.keys(scratch)];
    const kernels = dispatches.map(({ shader, constants, bindings = {}, workgroups }) => [
      canonicalCode(specialise(shader, constants).shader.code),
      Object.entries(bindings)
        .map(([binding, operand]) => `${binding} ${operands.indexOf(operand)}`)
        .sort(),
      workgroups,
    ]);
    const variantName = oldestName(renames.variants, variant.name, name);
    return [variantName, variant.hasEpilogue, Object.values(scratch), kernels];
  });
  const specs = [context.inputs, context.outputs].map((each) => Object.values<Spec>(each).map(describe));
  const attributes = Object.entries(context.attributes)
    .map(([attribute, value]) => [oldestName(renames.attributes, attribute, name), JSON.stringify(value)])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return `2-${hash64(JSON.stringify([oldestName(renames.primitives, name), specs, attributes, code]))}`;
}

/**
 * 64 bits of a text as 16 hexadecimal digits. Guards against accidents, not attacks: two 32-bit hashes, FNV-1a with
 * its own prime and with another multiplier, each mixed at the end as in MurmurHash3.
 */
export function hash64(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return [a, b].map((word) => mixed(word).toString(16).padStart(8, '0')).join('');
}

function mixed(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export const choiceForm: Form<Choice> = {
  variant: text,
  pass: text,
  shapes: text,
  ms: optional(each(numberOrNull)),
  date: optional(text),
};

/**
 * Reads choices by key from JSON. `name` names the file in messages.
 *
 * Throws: DataError for anything else.
 */
export function choicesFromJson(value: unknown, name: string): Map<string, Choice> {
  const refuse = (what: string): DataError => new DataError(`${name}: damaged: kernel choices: ${what}.`);
  return new Map(Object.entries(checkForm(value, each(choiceForm), refuse)));
}
