/**
 * What a server says of a data set that it offers: `data/<name>/manifest.json`, beside four gzip-packed IDX files.
 */
import { DataError } from '../errors.js';
import { type Form, countOrZero, readJson, text } from '../json_reader.js';
import { rule } from '../options.js';
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
 * Reads a manifest. `from` is what to call it in messages.
 *
 * Throws: DataError when it is anything else.
 */
export function manifestFromJson(text: string, from: string): DatasetManifest {
  return readJson(
    text,
    form,
    (what, cause) => new DataError(`${from}: not the manifest of a data set: ${what}.`, { cause }),
  );
}
