/**
 * What a server says of a data set that it offers: `data/<name>/manifest.json`, beside four gzip-packed IDX files.
 */
import { DataError } from '../errors.js';
import type { KnownDataset } from './digests.js';

export type DatasetPart = keyof KnownDataset['files'];

export interface DatasetManifest {
  /** For addresses and file names: `digits`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** The name of each class, by label. */
  readonly classes: readonly string[];
  readonly files: Readonly<Record<DatasetPart, ManifestFile>>;
}

export interface ManifestFile {
  /** Relative to the manifest, as `train-images-idx3-ubyte.gz`. */
  readonly path: string;
  /** Length of the packed file, which is what travels. */
  readonly bytes: number;
  /** Of the raw (unpacked) bytes, in hexadecimal: a file may be packed again by whoever passes it on. */
  readonly sha256: string;
}

const parts: readonly DatasetPart[] = ['trainImages', 'trainLabels', 'testImages', 'testLabels'];

/**
 * Reads a manifest. `from` is what to call it in messages.
 *
 * Throws: DataError when it is anything else.
 */
export function manifestFromJson(text: string, from: string): DatasetManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${from}: the manifest is not JSON (${String(cause)}).`, { cause });
  }
  const { name, title, classes, files } = (json ?? {}) as Partial<Record<string, unknown>>;
  const areClasses = Array.isArray(classes) && classes.every((each) => typeof each === 'string');
  if (typeof name !== 'string' || typeof title !== 'string' || !areClasses)
    throw new DataError(`${from}: the manifest lacks a name, a title or the names of classes.`);
  for (const part of parts) {
    const file = (files as Partial<Record<string, Partial<ManifestFile>>> | null | undefined)?.[part];
    const isFile =
      typeof file?.path === 'string' &&
      Number.isSafeInteger(file.bytes) &&
      /^[0-9a-f]{64}$/.test(String(file.sha256));
    if (!isFile) throw new DataError(`${from}: the manifest lacks ${part}, or its path, bytes or sha256.`);
  }
  return json as DatasetManifest;
}
