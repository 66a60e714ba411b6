/**
 * Plan: a set of four small packed files behind a fake `fetch`: the test part alone, then the whole, which fetches only
 * what is new; progress; what is kept is verified when it is read and a damaged file fetched anew; nothing is kept
 * where there is no room; wrong digests, damaged manifests, missing files, a server that is gone, and an abort, each
 * with its error; a server that unpacks on the way.
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

/** Address → what the server answers. */
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

test('the test part alone, then the whole', async () => {
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

test('what is kept and damaged is fetched anew', async () => {
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

test('without room, everything is read and nothing kept, with a line', async () => {
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

test('a server that unpacks on the way', async () => {
  for (const [part, bytes] of Object.entries(raw)) served.set(`${base}tiny/${part}-ubyte.gz`, bytes);
  expect((await load()).train.count).toBe(2);
});

describe('errors', () => {
  test('another file than the manifest says', async () => {
    served.set(`${base}tiny/testLabels-ubyte.gz`, await gzip(raw.trainLabels));
    const error = await failure(load());
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(
      /^https:\/\/here\.example\/page\/data\/tiny\/testLabels-ubyte\.gz: has SHA-256 [0-9a-f]{12}…, but the manifest says [0-9a-f]{12}…\. Reload/,
    );
    expect(await cache.exists('testLabels-ubyte.gz')).toBe(false);
  });

  test('a file cut off', async () => {
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

  test('a set that is not there', async () => {
    expect(await failure(fetchDataset(base, 'other', { cache }))).toMatchObject({
      name: 'FileError',
      problem: 'missing',
      message: `cannot fetch ${base}other/manifest.json: the server answers HTTP 404.`,
    });
  });

  test('a server that is gone', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await failure(load())).toMatchObject({ name: 'FileError', problem: 'network' });
  });

  test('an abort, before and on the way', async () => {
    expect(await failure(fetchDataset(base, 'tiny', { cache, signal: AbortSignal.abort('enough') }))).toBe(
      'enough',
    );
    expect(asked).toEqual([]);
    const abort = new AbortController();
    const { signal } = abort;
    // An answer that never ends; as in a browser, an abort breaks it off with the signal's reason.
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
