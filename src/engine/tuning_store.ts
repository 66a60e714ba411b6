/**
 * Measured kernel choices as they are kept: one JSON text per device, found by a hash of the device's fingerprint.
 * Where the texts lie (files in Node, IndexedDB in a browser) is the only difference between platforms.
 */
import { DataError, ShadegradError } from '../errors.js';
import { type Choice, choicesFromJson, hash64 } from './kernel_selection.js';
import { parseJson } from '../json_reader.js';
import { debug } from './debug.js';
import type { Device, Fingerprint } from './device.js';
import type { TuningStore } from './tune.js';

const format = 'shadegrad tuning 1';

/** Keeps texts by key. Throws, from all of them: a ShadegradError when the place cannot be used. */
export interface TextShelf {
  /** What to call a text in messages, as the path of its file. */
  nameOf(key: string): string;
  /** Undefined when there is none. */
  read(key: string): Promise<string | undefined>;
  /** Replaces the whole text at once. */
  write(key: string, text: string): Promise<void>;
  /** Harmless when there is none. */
  remove(key: string): Promise<void>;
}

/**
 * A tuning store on a shelf. A text that is damaged, foreign or unreadable is as good as none, after one line of
 * warning, and the next `save` replaces it. Those who save at the same moment never leave half a text; the later one
 * may undo the other's additions, which costs measuring them again.
 *
 * Throws, from `save` and `forget`: what the shelf throws.
 */
export function tuningStoreOn(shelf: TextShelf, warn: (line: string) => void): TuningStore {
  const load = async (fingerprint: Fingerprint): Promise<Map<string, Choice>> => {
    const key = tuningKey(fingerprint);
    try {
      const text = await shelf.read(key);
      return text === undefined ? new Map() : choicesIn(text, shelf.nameOf(key), fingerprint);
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
      await shelf.write(tuningKey(fingerprint), `${JSON.stringify(contents, null, 2)}\n`);
    },
    forget: async (fingerprint) => shelf.remove(tuningKey(fingerprint)),
  };
}

/** Under which the choices for a device are kept: 16 hexadecimal digits. */
export function tuningKey(fingerprint: Fingerprint): string {
  return hash64(canonical(fingerprint));
}

/** Throws: DataError for what is no tuning of this device. */
function choicesIn(text: string, name: string, fingerprint: Fingerprint): Map<string, Choice> {
  const refuse = (what: string, cause?: unknown): DataError =>
    new DataError(`${name}: damaged: ${what}.`, { cause });
  const contents = Object(parseJson(text, refuse)) as Partial<
    Record<'format' | 'device' | 'choices', unknown>
  >;
  if (contents.format !== format) throw new DataError(`${name}: expected the format '${format}'.`);
  if (canonical(contents.device) !== canonical(fingerprint))
    throw new DataError(`${name}: it was measured on another device.`);
  return choicesFromJson(contents.choices, name);
}

/** The same text for the same contents, whatever the order of the members. */
function canonical(value: unknown): string {
  const isRecord = typeof value === 'object' && value !== null;
  return JSON.stringify(isRecord ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value);
}

/**
 * Has a device go by the kernel choices that are stored for it. Plans made before keep their kernels. With `tune`
 * false the table decides alone. Returns what a run records: whether choices were allowed.
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
