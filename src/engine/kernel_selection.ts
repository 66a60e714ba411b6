/**
 * Which variant computes a primitive, as measured on this device (tune.ts) or recorded with a run. The key of a
 * choice hashes the case and the code of all candidates, so a choice lapses when a shader, a tile, a shape or the
 * list of candidates changes. Planning looks for forced variants first, then here, then in the table: the order of a
 * primitive's variants.
 */
import { DataError } from '../errors.js';
import { type Form, checkForm, each, numberOrNull, optional, text } from '../json_reader.js';
import { LruCache } from './lru.js';
import { type Primitive, type PrimitiveContext, type Variant, canRun } from './primitive.js';
import { specialise } from './shader.js';

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

/** The choices that plans follow: those of a device, or of one training. */
export class KernelSelection {
  readonly #chosen: Map<string, Choice>;
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
    this.#version++;
  }

  clear(): void {
    this.#chosen.clear();
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

  /** The choices that planning used. */
  used(): Map<string, Choice> {
    return new Map([...this.#chosen].filter(([key]) => this.#met.has(key)));
  }

  /** The variant chosen for a case; undefined leaves it to the table. */
  choose(primitive: Primitive, context: AnyContext): AnyVariant | undefined {
    if (this.#chosen.size === 0 && !this.#isWatching) return undefined;
    const candidates = candidatesOf(primitive, context);
    if (candidates.length < 2) return undefined;
    const key = keyOf(primitive, context, candidates);
    this.#met.set(key, { key, primitive, context, candidates });
    const chosen = this.#chosen.get(key)?.variant;
    return candidates.find(({ name }) => name === chosen);
  }
}

/** The variants of the device's own family that can compute the case, the table's choice first. */
export function candidatesOf(primitive: Primitive, context: AnyContext): AnyVariant[] {
  const variants = primitive.variants as unknown as readonly AnyVariant[];
  return variants.filter((variant) => variant.family === context.device.family && canRun(variant, context));
}

/** What identifies a case together with everything that its candidates would run. */
export function keyOf(primitive: Primitive, context: AnyContext, candidates: readonly AnyVariant[]): string {
  const { inputs, outputs, attributes } = context;
  const code = candidates.map((variant) => {
    const { dispatches, scratch } = variant.lower(context);
    const kernels = dispatches.map(({ shader, constants, bindings, workgroups }) => [
      specialise(shader, constants).shader.code,
      bindings,
      workgroups,
    ]);
    return [variant.name, variant.hasEpilogue, scratch, kernels];
  });
  return hash64(JSON.stringify([primitive.name, inputs, outputs, attributes, code]));
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
