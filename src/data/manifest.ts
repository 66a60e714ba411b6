/**
 * The manifest of a data set on a server: `data/<name>/manifest.json`, next to four gzip-compressed IDX files.
 */
import { DataError } from '../errors.js';
import { type Form, countOrZero, readJson, text } from '../json_reader.js';
import { rule } from '../options.js';
import type { KnownDataset } from './digests.js';

export type DatasetPart = keyof KnownDataset['files'];

export interface DatasetManifest {
  /** For URLs and file names: `digits`. */
  readonly name: string;
  /** For display. */
  readonly title: string;
  /** The name of each class, by label. */
  readonly classes: readonly string[];
  readonly files: Readonly<Record<DatasetPart, ManifestFile>>;
}

export interface ManifestFile {
  /** Relative to the manifest, e.g. `train-images-idx3-ubyte.gz`. */
  readonly path: string;
  /** Length of the compressed file, for the download progress. */
  readonly bytes: number;
  /** SHA-256 of the raw (decompressed) bytes in hexadecimal, so that a file may be compressed again. */
  readonly sha256: string;
}

const file: Form<ManifestFile> = {
  path: text,
  bytes: countOrZero,
  sha256: rule('64 hexadecimal digits', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)),
};

const form: Form<DatasetManifest> = {
  name: text,
  title: text,
  classes: [text],
  files: { trainImages: file, trainLabels: file, testImages: file, testLabels: file },
};

/**
 * Reads a manifest. `from` names it in messages.
 *
 * Throws: DataError when it is not a manifest.
 */
export function manifestFromJson(text: string, from: string): DatasetManifest {
  return readJson(
    text,
    form,
    (what, cause) => new DataError(`${from}: not the manifest of a data set: ${what}.`, { cause }),
  );
}
