/**
 * The kernel choices measured on this machine: one JSON file per device in the user's cache,
 * `shadegrad/tuning/<hash of the fingerprint>.json`, which users may read and delete.
 */
import path from 'node:path';
import process from 'node:process';
import type { Device, Fingerprint } from '../engine/device.js';
import type { TuningStore } from '../engine/tune.js';
import { applyStoredKernels, tuningKey, tuningStoreOn } from '../engine/tuning_store.js';
import { cacheFolder } from './datasets.js';
import { fileExists, openFolder, readBytes, writeAtomic } from './files.js';

/** A tuning store in files, with their location. */
export interface TuningFiles extends TuningStore {
  fileOf(fingerprint: Fingerprint): string;
}

export interface TuningFileOptions {
  /** Default: `tuning` in the cache folder. */
  readonly folder?: string;
  /** Called with one line about a file that cannot be used. Default: standard error. */
  readonly warn?: (line: string) => void;
}

/**
 * The tuning store of the current user; see `tuningStoreOn` for its guarantees.
 *
 * Throws: from `save` and `forget`, FileError.
 */
export function tuningFiles({
  folder = path.join(cacheFolder(), 'tuning'),
  warn = (line) => void process.stderr.write(`${line}\n`),
}: TuningFileOptions = {}): TuningFiles {
  const nameOf = (key: string): string => path.join(folder, `${key}.json`);
  const textStore = {
    nameOf,
    read: async (key: string) =>
      (await fileExists(nameOf(key))) ? new TextDecoder().decode(await readBytes(nameOf(key))) : undefined,
    write: async (key: string, text: string) => writeAtomic(nameOf(key), text),
    remove: async (key: string) => openFolder(folder).remove(`${key}.json`),
  };
  return { ...tuningStoreOn(textStore, warn), fileOf: (fingerprint) => nameOf(tuningKey(fingerprint)) };
}

export interface StoredKernelsOptions extends TuningFileOptions {
  /** False disables stored choices (`--no-tune`). */
  readonly tune?: boolean;
}

/** Applies the kernel choices that `npm run tune` stored for a device; see `applyStoredKernels`. */
export async function useStoredKernels(
  device: Device,
  { tune = true, ...options }: StoredKernelsOptions = {},
): Promise<'off' | 'stored'> {
  return applyStoredKernels(device, tuningFiles(options), { tune });
}
