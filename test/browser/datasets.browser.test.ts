/**
 * Plan: a data set of four small compressed files behind a fake `fetch`: only the test split, then the whole set, which
 * fetches only the missing files; progress; cached files are verified when they are read, and damaged ones are fetched
 * again; nothing is cached if the disk is full; errors for wrong digests, damaged manifests, missing files, an unreachable
 * server, and an abort; a server that decompresses the files itself.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fetchDataset } from '../../src/browser/datasets.js';
import { DataError, FileError } from '../../src/errors.js';
import { type MemoryFolder, memoryFolder } from '../../src/memory_folder.js';

const base = 'https://here.example/page/data/';
const raw = {
  trainImages: Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4),
  trainLabels: Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1),
  testImages: Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8),
  testLabels: Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 1),
};

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** URL → the server's response. */
let served: Map<string, Uint8Array<ArrayBuffer> | string>;
let asked: string[];
let cache: MemoryFolder;
let total = 0;

beforeEach(async () => {
  served = new Map();
  asked = [];
  cache = memoryFolder();
  const files: Record<string, object> = {};
  total = 0;
  for (const [part, bytes] of Object.entries(raw)) {
    const packed = await gzip(bytes);
    total += packed.length;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    files[part] = { path: `${part}-ubyte.gz`, bytes: packed.length, sha256 };
    served.set(`${base}tiny/${part}-ubyte.gz`, packed);
  }
  const manifest = { name: 'tiny', title: 'Tiny', classes: ['no', 'yes'], files };
  served.set(`${base}tiny/manifest.json`, JSON.stringify(manifest));
  vi.stubGlobal('fetch', async (address: URL, { signal }: RequestInit = {}) => {
    asked.push(address.href.slice(base.length));
    await Promise.resolve();
    signal?.throwIfAborted();
    const found = served.get(address.href);
    return found === undefined ? new Response('no', { status: 404 }) : new Response(found);
  });
});
afterEach(() => vi.unstubAllGlobals());

const load = async () => fetchDataset(base, 'tiny', { cache });

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

test('only the test split, then the whole data set', async () => {
  const { title, test: images } = await fetchDataset(new URL(base), 'tiny', { parts: 'test', cache });
  expect([title, [...images.images], [...images.labels], images.imageShape, images.classNames]).toEqual([
    'Tiny',
    [9, 8],
    [1],
    [1, 2, 1],
    ['no', 'yes'],
  ]);
  expect(asked).toEqual(['tiny/manifest.json', 'tiny/testImages-ubyte.gz', 'tiny/testLabels-ubyte.gz']);
  asked = [];
  const progress: number[][] = [];
  const whole = await fetchDataset(base, 'tiny', {
    cache,
    onProgress: (...figures) => progress.push(figures),
  });
  expect(asked).toEqual(['tiny/manifest.json', 'tiny/trainImages-ubyte.gz', 'tiny/trainLabels-ubyte.gz']);
  expect([[...whole.train.images], [...whole.train.labels], [...whole.test.images]]).toEqual([
    [1, 2, 3, 4],
    [0, 1],
    [9, 8],
  ]);
  expect(whole).toMatchObject({ name: 'tiny', format: 'idx', source: `${base}tiny/` });
  expect(progress.at(-1)).toEqual([total, total]);
  const done = progress.map(([bytes = 0]) => bytes);
  expect(done).toEqual([...done].sort((a, b) => a - b));
});

test('a damaged cached file is fetched again', async () => {
  await load();
  expect(await cache.list()).toHaveLength(4);
  asked = [];
  await load();
  expect(asked).toEqual(['tiny/manifest.json']);
  (await cache.read('testImages-ubyte.gz')).fill(0, 20, 22);
  cache.files.set('trainLabels-ubyte.gz', await gzip(raw.testLabels));
  const { train, test: images } = await load();
  expect(asked.slice(1)).toEqual([
    'tiny/manifest.json',
    'tiny/testImages-ubyte.gz',
    'tiny/trainLabels-ubyte.gz',
  ]);
  expect([train.count, ...images.images]).toEqual([2, 9, 8]);
});

test('on a full disk, everything is read and nothing cached, with one warning', async () => {
  const lines: string[] = [];
  const full = {
    ...cache,
    write: async () => Promise.reject(new FileError('full', { problem: 'disk-full' })),
  };
  const { train } = await fetchDataset(base, 'tiny', { cache: full, warn: (line) => lines.push(line) });
  expect([train.count, lines.length, lines[0]]).toEqual([
    2,
    4,
    'testImages-ubyte.gz could not be cached for the next visit: full',
  ]);
});

test('a server that decompresses the files', async () => {
  for (const [part, bytes] of Object.entries(raw)) served.set(`${base}tiny/${part}-ubyte.gz`, bytes);
  expect((await load()).train.count).toBe(2);
});

describe('errors', () => {
  test('a file that differs from the manifest', async () => {
    served.set(`${base}tiny/testLabels-ubyte.gz`, await gzip(raw.trainLabels));
    const error = await failure(load());
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(
      /^https:\/\/here\.example\/page\/data\/tiny\/testLabels-ubyte\.gz: has SHA-256 [0-9a-f]{12}…, but the manifest says [0-9a-f]{12}…\. Reload/,
    );
    expect(await cache.exists('testLabels-ubyte.gz')).toBe(false);
  });

  test('a truncated file', async () => {
    const whole = served.get(`${base}tiny/testImages-ubyte.gz`) as Uint8Array<ArrayBuffer>;
    served.set(`${base}tiny/testImages-ubyte.gz`, whole.slice(0, 20));
    expect(await failure(load())).toMatchObject({ name: 'DataError' });
  });

  test.each([
    ['no JSON', '<!doctype html>', /not the manifest of a data set: it is not JSON/],
    ['null', 'null', /it is null, expected an object/],
    ['without files', '{"name":"a","title":"b","classes":[]}', /it has no files/],
  ])('a manifest that is %s', async (_, text, reason) => {
    served.set(`${base}tiny/manifest.json`, text);
    const error = await failure(load());
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(reason);
  });

  test('a missing data set', async () => {
    expect(await failure(fetchDataset(base, 'other', { cache }))).toMatchObject({
      name: 'FileError',
      problem: 'missing',
      message: `cannot fetch ${base}other/manifest.json: the server answers HTTP 404.`,
    });
  });

  test('an unreachable server', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await failure(load())).toMatchObject({ name: 'FileError', problem: 'network' });
  });

  test('an abort before and during the download', async () => {
    expect(await failure(fetchDataset(base, 'tiny', { cache, signal: AbortSignal.abort('enough') }))).toBe(
      'enough',
    );
    expect(asked).toEqual([]);
    const abort = new AbortController();
    const { signal } = abort;
    // A response that never ends. As in a browser, an abort rejects it with the signal's reason.
    const endless = new ReadableStream({
      start: (stream) => signal.addEventListener('abort', () => stream.error(signal.reason)),
    });
    const answer = fetch;
    vi.stubGlobal('fetch', async (address: URL, options: RequestInit) =>
      address.href.endsWith('.gz') ? new Response(endless) : answer(address, options),
    );
    const loading = failure(fetchDataset(base, 'tiny', { cache, signal }));
    setTimeout(() => abort.abort('enough'), 50);
    expect(await loading).toBe('enough');
  });
});
