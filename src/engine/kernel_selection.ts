/**
 * KernelSelection: which of several variants computes a primitive, where that was measured on this device (tune.ts) or is
 * recorded with a run. A choice is found by a key made of the case and of the candidates' own code, so that it lapses
 * by itself when a shader, a tile, a shape or the list of candidates changes. Planning asks here after the forced
 * variants and before the table, which is the order of a primitive's variants.
 */
import { DataError } from '../errors.js';
import { type Form, checkForm, each, numberOrNull, optional, text } from '../json_reader.js';
import { LruCache } from './lru.js';
import type { Primitive, PrimitiveContext, Variant } from './primitive.js';
import { specialise } from './shader.js';

export type AnyContext = PrimitiveContext<string, string, never>;
export type AnyVariant = Variant<string, string, Record<string, never>>;

/** Which variant, and for people what it computes and how it was found. */
export interface Choice {
  readonly variant: string;
  /** Name of the primitive; `pass` is the key that tuning files have always had. */
  readonly pass: string;
  /** Of the inputs. */
  readonly shapes: string;
  /** Least milliseconds of each candidate that was right. */
  readonly ms?: Readonly<Record<string, number>>;
  /** When it was measured, as ISO 8601. */
  readonly date?: string;
}

/** A case that planning met and that several variants could compute. */
export interface KernelCase {
  readonly key: string;
  readonly primitive: Primitive;
  readonly context: AnyContext;
  /** The table's choice first. */
  readonly candidates: readonly AnyVariant[];
}

/** Far more than a model has: what a run went by is not forgotten while it runs. */
const mostMet = 4096;

/** The choices that plans go by: a device's own, or those of one training. */
export class KernelSelection {
  readonly #chosen: Map<string, Choice>;
  readonly #met = new LruCache<string, KernelCase>(mostMet);
  #isWatching = false;
  #version = 0;

  constructor(chosen: Iterable<readonly [key: string, choice: Choice]> = []) {
    this.#chosen = new Map(chosen);
  }

  /** Grows with every change, so that whoever keeps plans can tell old ones. */
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

  /** From now on cases are noted even while there are no choices to find, which costs planning some string work. */
  watch(): void {
    this.#isWatching = true;
  }

  /** The cases with several candidates that planning has met, by key. */
  get met(): ReadonlyMap<string, KernelCase> {
    return new Map(this.#met);
  }

  /** The choices that planning went by. */
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
  return variants.filter((variant) => variant.family === context.device.family && variant.supports(context));
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
 * 64 bits of a text as 16 hexadecimal digits. Not against intent, only against chance: two 32-bit hashes, FNV-1a with
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
 * KernelSelection by key as JSON holds them. `name` is what to call the file in messages.
 *
 * Throws: DataError when it is anything else.
 */
export function choicesFromJson(value: unknown, name: string): Map<string, Choice> {
  const refuse = (what: string): DataError => new DataError(`${name}: damaged: kernel choices: ${what}.`);
  return new Map(Object.entries(checkForm(value, each(choiceForm), refuse)));
}
