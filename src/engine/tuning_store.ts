/**
 * Stores measured kernel choices: one JSON text per device, keyed by a hash of the device fingerprint. Platforms
 * differ only in where the texts are stored (files in Node, IndexedDB in a browser).
 */
import { DataError, ShadegradError } from '../errors.js';
import { type Choice, choicesFromJson, hash64 } from './kernel_selection.js';
import { parseJson } from '../json_reader.js';
import { debug } from './debug.js';
import type { Device, Fingerprint } from './device.js';
import type { TuningStore } from './tune.js';

const format = 'shadegrad tuning 2';
/** Its choices have other keys, of which `KernelSelection` makes what it can. */
const earlierFormat = 'shadegrad tuning 1';

/** Stores texts by key. All methods throw a ShadegradError when the storage cannot be used. */
export interface TextStore {
  /** Name of a text in messages, such as the path of its file. */
  nameOf(key: string): string;
  /** Undefined if there is none. */
  read(key: string): Promise<string | undefined>;
  /** Replaces the whole text atomically. */
  write(key: string, text: string): Promise<void>;
  /** No effect if there is none. */
  remove(key: string): Promise<void>;
}

/**
 * A tuning store over a text store. It ignores a damaged, foreign or unreadable text with one warning, and the next
 * `save` replaces it. Concurrent saves never leave half a text; the later one may drop the additions of the other,
 * which must then be measured again.
 *
 * Throws: from `save` and `forget`, whatever the text store throws.
 */
export function tuningStoreOn(texts: TextStore, warn: (line: string) => void): TuningStore {
  const load = async (fingerprint: Fingerprint): Promise<Map<string, Choice>> => {
    const key = tuningKey(fingerprint);
    try {
      const text = await texts.read(key);
      return text === undefined ? new Map() : choicesIn(text, texts.nameOf(key), fingerprint);
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      warn(`Kernel tuning ignored: ${error.message}`);
      return new Map();
    }
  };
  return {
    load,
    save: async (fingerprint, choices) => {
      const merged = new Map([...(await load(fingerprint)), ...choices]);
      const contents = { format, device: fingerprint, choices: Object.fromEntries(merged) };
      await texts.write(tuningKey(fingerprint), `${JSON.stringify(contents, null, 2)}\n`);
    },
    forget: async (fingerprint) => texts.remove(tuningKey(fingerprint)),
  };
}

/** The storage key of a device: 16 hexadecimal digits. */
export function tuningKey(fingerprint: Fingerprint): string {
  return hash64(canonical(fingerprint));
}

/** Throws: DataError when the text is not a tuning of this device. */
function choicesIn(text: string, name: string, fingerprint: Fingerprint): Map<string, Choice> {
  const refuse = (what: string, cause?: unknown): DataError =>
    new DataError(`${name}: damaged: ${what}.`, { cause });
  const contents = Object(parseJson(text, refuse)) as Partial<
    Record<'format' | 'device' | 'choices', unknown>
  >;
  if (contents.format !== format && contents.format !== earlierFormat)
    throw new DataError(`${name}: expected the format '${format}'.`);
  if (canonical(contents.device) !== canonical(fingerprint))
    throw new DataError(`${name}: it was measured on another device.`);
  return choicesFromJson(contents.choices, name);
}

/** JSON with sorted keys: equal contents give equal text. */
function canonical(value: unknown): string {
  const isRecord = typeof value === 'object' && value !== null;
  return JSON.stringify(isRecord ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value);
}

/**
 * Applies the stored kernel choices to a device. Existing plans keep their kernels. With `tune: false` only the
 * table decides. Returns what a run records: whether choices were allowed.
 */
export async function applyStoredKernels(
  device: Device,
  store: TuningStore,
  { tune = true }: { readonly tune?: boolean } = {},
): Promise<'off' | 'stored'> {
  if (!tune) {
    debug(1, () => 'tuning: off, the table chooses the kernels');
    return 'off';
  }
  const choices = await store.load(device.fingerprint);
  for (const [key, choice] of choices) device.kernelSelection.set(key, choice);
  debug(1, () => `tuning: ${choices.size} stored choices for ${tuningKey(device.fingerprint)}`);
  return 'stored';
}
