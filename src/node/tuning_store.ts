/**
 * The kernel choices measured on this machine: one JSON file per device in the user's cache,
 * `shadegrad/tuning/<hash of the fingerprint>.json`, for people to read and to delete.
 */
import path from 'node:path';
import process from 'node:process';
import { type Choice, choicesFromJson, hash64 } from '../engine/choices.js';
import { debug } from '../engine/debug.js';
import type { Device, Fingerprint } from '../engine/device.js';
import type { TuningStore } from '../engine/tune.js';
import { DataError, ShadegradError } from '../errors.js';
import { cacheFolder } from './datasets.js';
import { fileExists, openFolder, readBytes, writeAtomic } from './files.js';

const format = 'shadegrad tuning 1';

/** A tuning store of files, which says where they lie. */
export interface TuningFiles extends TuningStore {
  fileOf(fingerprint: Fingerprint): string;
}

export interface TuningFileOptions {
  /** Default: `tuning` in the user's cache. */
  readonly folder?: string;
  /** Hears of a file that cannot be used, in one line. Default: standard error. */
  readonly warn?: (line: string) => void;
}

/**
 * The store of this machine's user. A file that is damaged, foreign or unreadable is as good as none, after one line
 * of warning, and the next `save` replaces it. Processes that save at the same moment never leave half a file; the
 * later one may undo the other's additions, which costs measuring them again.
 *
 * Throws, from `save` and `forget`: FileError.
 */
export function tuningFiles({
  folder = path.join(cacheFolder(), 'tuning'),
  warn = (line) => void process.stderr.write(`${line}\n`),
}: TuningFileOptions = {}): TuningFiles {
  const fileOf = (fingerprint: Fingerprint): string =>
    path.join(folder, `${hash64(canonical(fingerprint))}.json`);
  const load = async (fingerprint: Fingerprint): Promise<Map<string, Choice>> => {
    const file = fileOf(fingerprint);
    try {
      return (await fileExists(file)) ? read(await readBytes(file), file, fingerprint) : new Map();
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      warn(`Kernel tuning ignored: ${error.message}`);
      return new Map();
    }
  };
  return {
    fileOf,
    load,
    save: async (fingerprint, choices) => {
      const merged = new Map([...(await load(fingerprint)), ...choices]);
      const contents = { format, device: fingerprint, choices: Object.fromEntries(merged) };
      await writeAtomic(fileOf(fingerprint), `${JSON.stringify(contents, null, 2)}\n`);
    },
    forget: async (fingerprint) => openFolder(folder).remove(path.basename(fileOf(fingerprint))),
  };
}

/** Throws: DataError for what is no tuning of this device. */
function read(bytes: Uint8Array, file: string, fingerprint: Fingerprint): Map<string, Choice> {
  let contents: { readonly format?: unknown; readonly device?: unknown; readonly choices?: unknown } | null;
  try {
    contents = JSON.parse(new TextDecoder().decode(bytes)) as typeof contents;
  } catch (cause) {
    throw new DataError(`${file}: damaged: it is not JSON (${String(cause)}).`, { cause });
  }
  if (contents?.format !== format) throw new DataError(`${file}: expected the format '${format}'.`);
  if (canonical(contents.device) !== canonical(fingerprint))
    throw new DataError(`${file}: it was measured on another device.`);
  return choicesFromJson(contents.choices, file);
}

/** The same text for the same contents, whatever the order of the members. */
function canonical(value: unknown): string {
  const isRecord = typeof value === 'object' && value !== null;
  return JSON.stringify(isRecord ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value);
}

export interface StoredChoicesOptions extends TuningFileOptions {
  /** False forbids them: the table decides alone (`--no-tune`). */
  readonly tune?: boolean;
}

/**
 * Has a device go by the kernel choices that `npm run tune` stored for it. Plans made before keep their kernels.
 * Returns what a run records: whether choices were allowed.
 */
export async function useStoredChoices(
  device: Device,
  { tune = true, ...options }: StoredChoicesOptions = {},
): Promise<'off' | 'stored'> {
  if (!tune) {
    debug(1, () => 'tuning: off, the table chooses the kernels');
    return 'off';
  }
  const store = tuningFiles(options);
  const choices = await store.load(device.fingerprint);
  for (const [key, choice] of choices) device.choices.set(key, choice);
  debug(1, () => `tuning: ${choices.size} stored choices in ${store.fileOf(device.fingerprint)}`);
  return 'stored';
}
