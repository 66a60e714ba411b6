/**
 * Data sets from the page's origin: `<base>/<name>/manifest.json` and the gzip-compressed IDX files that it lists.
 * Downloads are cached in the origin-private file system and verified on every use.
 */
import type { ImageSet } from '../data/dataset.js';
import { decompress } from '../data/decompress.js';
import { imageSetFromIdx } from '../data/idx.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import {
  type DatasetManifest,
  type DatasetPart,
  type ManifestFile,
  manifestFromJson,
} from '../data/manifest.js';
import { joined, unpackIdx } from '../data/unpack.js';
import { checkArgument, checkCall } from '../calls.js';
import { DataError, FileError } from '../errors.js';
import type { Folder } from '../folder.js';
import {
  type Rules,
  fn,
  folder as folderRule,
  nonEmptyText,
  oneOf,
  rule,
  signal as signalRule,
} from '../options.js';
import { isOpfsUsable, openOpfsFolder } from './opfs_folder.js';

export interface FetchOptions {
  /** Called with the number of compressed bytes loaded, including cached ones. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Cache for the compressed files. Default: a folder in the origin-private file system, if available. */
  readonly cache?: Folder;
  /** Called with one line about a cache that cannot be used. Default: the console. */
  readonly warn?: (line: string) => void;
}

export type FetchPartsOptions = FetchOptions & {
  /** Default 'all'. */
  readonly parts?: 'all' | 'test';
};

export const fetchRules = (): Rules<FetchOptions> => ({
  onProgress: fn,
  signal: signalRule,
  cache: folderRule,
  warn: fn,
});

/** A URL, or a path relative to the page. */
export const addressRule = () =>
  rule('a URL or a string', (value) => typeof value === 'string' || value instanceof URL);

/** The test part of a set. */
export interface FetchedTest {
  readonly name: string;
  readonly title: string;
  readonly test: ImageSet;
}

export interface FetchedDataset extends LoadedDataset, FetchedTest {
  readonly test: ImageSet;
}

/**
 * Fetches a data set, or only its test part, a seventh of it. Files of the test part come first and are not fetched
 * twice.
 *
 * Throws: FileError when the server cannot be reached or has no such file (`network`, `missing`); DataError when the
 * manifest or a file is damaged; the signal's reason when it was aborted.
 */
export async function fetchDataset(
  base: URL | string,
  name: string,
  options: FetchOptions & { readonly parts: 'test' },
): Promise<FetchedTest>;
export async function fetchDataset(
  base: URL | string,
  name: string,
  options?: FetchOptions & { readonly parts?: 'all' },
): Promise<FetchedDataset>;
export async function fetchDataset(
  base: URL | string,
  name: string,
  fetching: FetchPartsOptions = {},
): Promise<FetchedTest | FetchedDataset> {
  checkArgument('datasets.fetch', 'base', base, addressRule);
  checkArgument('datasets.fetch', 'name', name, () => nonEmptyText);
  checkCall('datasets.fetch', fetching, () => ({ parts: oneOf(['all', 'test']), ...fetchRules() }));
  const { parts = 'all', ...options } = fetching;
  const address = new URL(
    `${encodeURIComponent(name)}/manifest.json`,
    new URL(base, globalThis.location?.href),
  );
  const text = new TextDecoder().decode(await fetchBytes(address, options));
  const manifest = manifestFromJson(text, address.href);
  const wanted: DatasetPart[] = ['testImages', 'testLabels'];
  if (parts === 'all') wanted.push('trainImages', 'trainLabels');

  const progress = progressOver(
    wanted.map((part) => manifest.files[part]),
    options.onProgress,
  );
  const cache = options.cache ?? ((await isOpfsUsable()) ? openOpfsFolder(`datasets/${name}`) : undefined);
  const files: Partial<Record<DatasetPart, Uint8Array>> = {};
  for (const part of wanted) {
    const file = manifest.files[part];
    files[part] = await loadFile(new URL(file.path, address), file, {
      ...options,
      ...(cache === undefined ? {} : { cache }),
      onBytes: progress(file),
    });
  }
  const setOf = (images: DatasetPart, labels: DatasetPart): ImageSet =>
    pairOf(manifest, files, images, labels);
  const test = { name: manifest.name, title: manifest.title, test: setOf('testImages', 'testLabels') };
  if (parts === 'test') return test;
  return {
    ...test,
    format: 'idx',
    source: new URL('.', address).href,
    train: setOf('trainImages', 'trainLabels'),
  };
}

function pairOf(
  { classes, files: named }: DatasetManifest,
  files: Partial<Record<DatasetPart, Uint8Array>>,
  images: DatasetPart,
  labels: DatasetPart,
): ImageSet {
  return imageSetFromIdx({
    images: files[images]!,
    labels: files[labels]!,
    imagesName: named[images].path,
    labelsName: named[labels].path,
    classNames: classes,
  });
}

/** Returns for each file a function to call with the number of its loaded bytes. */
function progressOver(
  files: readonly ManifestFile[],
  onProgress: FetchOptions['onProgress'],
): (file: ManifestFile) => (bytes: number) => void {
  const done = new Map<ManifestFile, number>();
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return (file) => (bytes) => {
    // A server that decompresses the file sends more bytes than its compressed length.
    done.set(file, Math.min(bytes, file.bytes));
    onProgress?.(
      [...done.values()].reduce((sum, each) => sum + each, 0),
      total,
    );
  };
}

interface LoadFileOptions extends FetchOptions {
  readonly onBytes: (done: number) => void;
}

/** The raw bytes of one file: from the cache if valid, otherwise fetched and cached. */
async function loadFile(address: URL, file: ManifestFile, options: LoadFileOptions): Promise<Uint8Array> {
  const { cache, onBytes, warn = console.warn } = options;
  const name = address.pathname.split('/').at(-1)!;
  const kept = await readKept(cache, name, file);
  if (kept !== undefined) {
    onBytes(file.bytes);
    return kept;
  }
  const packed = await fetchBytes(address, options);
  const raw = await checked(packed, file, address.href);
  onBytes(file.bytes);
  await cache?.write(name, packed).catch((error: unknown) => {
    if (!(error instanceof FileError)) throw error;
    warn(`${name} could not be cached for the next visit: ${error.message}`);
  });
  return raw;
}

/** Undefined if the cache has no valid copy; the file is then fetched. */
async function readKept(
  cache: Folder | undefined,
  name: string,
  file: ManifestFile,
): Promise<Uint8Array | undefined> {
  try {
    return cache && (await cache.exists(name))
      ? await checked(await cache.read(name), file, name)
      : undefined;
  } catch (error) {
    if (error instanceof DataError || error instanceof FileError) return undefined;
    throw error;
  }
}

/** Decompresses a file and compares its raw bytes with the digest in the manifest. Throws: DataError. */
async function checked(packed: Uint8Array, { sha256 }: ManifestFile, name: string): Promise<Uint8Array> {
  const raw = await unpackIdx(packed, name, (bytes) => decompress(bytes, 'gzip'));
  const found = await digestOf(raw);
  if (found !== undefined && found !== sha256) {
    throw new DataError(
      `${name}: has SHA-256 ${found.slice(0, 12)}…, but the manifest says ${sha256.slice(0, 12)}…. Reload the page; if this persists, the server's files are damaged.`,
    );
  }
  return raw;
}

/** Digest in hexadecimal; undefined on insecure origins, where browsers have no digests. The IDX header is the only check there. */
async function digestOf(bytes: Uint8Array): Promise<string | undefined> {
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle === undefined) return undefined;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The whole response body. Throws: FileError; the signal's reason. */
async function fetchBytes(
  address: URL,
  { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes?: (done: number) => void },
): Promise<Uint8Array<ArrayBuffer>> {
  signal?.throwIfAborted();
  try {
    const response = await fetch(address, signal ? { signal } : {});
    if (!response.ok || response.body === null) {
      const problem = response.status === 404 ? 'missing' : 'network';
      throw new FileError(`cannot fetch ${address.href}: the server answers HTTP ${response.status}.`, {
        problem,
      });
    }
    const chunks: Uint8Array[] = [];
    let done = 0;
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value);
      done += next.value.length;
      onBytes?.(done);
    }
    return joined(chunks, done);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof FileError) throw cause;
    throw new FileError(
      `cannot fetch ${address.href}: ${cause instanceof Error ? cause.message : String(cause)}. Is the server still running?`,
      { cause, problem: 'network' },
    );
  }
}
