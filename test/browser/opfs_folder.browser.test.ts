/**
 * Plan: a folder on the origin private file system fulfils the contract of `Folder`: files are read back, also in nested
 * folders; a write replaces the whole file, and a failed one leaves the old contents and no draft; drafts of a crash are
 * removed when their file is written again; concurrent appends all arrive; exists, remove and list, also without any file;
 * errors for names that lead out of the folder, missing files, a folder instead of a file, a full disk (with figures), and a
 * browser without storage.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isOpfsUsable, openOpfsFolder, removeOpfsFolder } from '../../src/browser/opfs_folder.js';
import { FileError, UsageError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';

let count = 0;
let path: string;
let folder: Folder;

beforeEach(() => {
  path = `test-opfs/${count++}/run`;
  folder = openOpfsFolder(path);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await removeOpfsFolder('test-opfs');
});

const text = async (name: string): Promise<string> => new TextDecoder().decode(await folder.read(name));

/** Every name in the folder, drafts included. */
async function everything(): Promise<string[]> {
  let handle = await navigator.storage.getDirectory();
  for (const name of path.split('/')) handle = await handle.getDirectoryHandle(name);
  const names: string[] = [];
  for await (const name of handle.keys()) names.push(name);
  return names.sort();
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

describe('a write', () => {
  test('can be read back, byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 5);
    await folder.write('a.bin', bytes);
    expect(await folder.read('a.bin')).toEqual(bytes);
    await folder.write('a.bin', bytes.subarray(5, 9));
    expect(await folder.read('a.bin')).toEqual(bytes.slice(5, 9));
    await folder.write('a.bin', '');
    expect(await text('a.bin')).toBe('');
  });

  test('may create nested folders, and is visible to another handle on the same path', async () => {
    await folder.write('logs/train.json', 'é');
    expect(await text('./logs//train.json')).toBe('é');
    const other = openOpfsFolder(`/${path}/../run/`);
    expect(new TextDecoder().decode(await other.read('logs/train.json'))).toBe('é');
    expect(await folder.list()).toEqual([]);
  });

  test('leaves no draft, and one intact file after two concurrent writes', async () => {
    const both = [0, 1].map((value) => new Uint8Array(200_000).fill(value));
    await Promise.all(both.map(async (bytes) => folder.write('a', bytes)));
    const found = await folder.read('a');
    expect([found.length, new Set(found).size]).toEqual([200_000, 1]);
    expect(await everything()).toEqual(['a']);
  });

  test('removes drafts that a crash left, unless they are being written', async () => {
    const left = ['.a.0badcafe.tmp', '.b.0badcafe.tmp', '.a.x.0badcafe.tmp', '.a.tmp'];
    for (const name of left) await folder.write(name, 'half');
    await navigator.locks.request(`draft of ${path}/a`, { mode: 'shared' }, async () => {
      await folder.write('a', 'one');
    });
    expect(await everything(), 'while another tab makes it').toEqual([...left, 'a'].sort());
    await folder.write('a', 'two');
    expect(await everything()).toEqual(['.a.tmp', '.a.x.0badcafe.tmp', '.b.0badcafe.tmp', 'a']);
    await folder.write('b', 'three');
    expect(await everything()).toEqual(['.a.tmp', '.a.x.0badcafe.tmp', 'a', 'b']);
    expect(await folder.list()).toEqual(['a', 'b']);
  });

  test('that fails leaves the old contents, or nothing if it was the first', async () => {
    await folder.write('old', 'as it was');
    vi.spyOn(FileSystemWritableFileStream.prototype, 'close').mockRejectedValue(
      new DOMException('x', 'AbortError'),
    );
    for (const name of ['old', 'new'])
      expect(await failure(folder.write(name, 'half'))).toBeInstanceOf(FileError);
    vi.restoreAllMocks();
    expect(await text('old')).toBe('as it was');
    expect(await everything()).toEqual(['old']);
    await folder.write('old', 'after');
    expect(await text('old')).toBe('after');
  });
});

test('appends create the file, and all arrive in order', async () => {
  await folder.append('log', 'a');
  await Promise.all(['b', 'c', 'd'].map(async (letter) => folder.append('log', letter)));
  await folder.append('log', Uint8Array.of(101));
  expect(await text('log')).toBe('abcde');
});

test('exists, remove and list', async () => {
  expect([await folder.exists('a'), await folder.list()]).toEqual([false, []]);
  await folder.remove('a');
  for (const name of ['b', 'a', 'B']) await folder.write(name, name);
  await folder.write('below/c', 'c');
  expect(await folder.list()).toEqual(['B', 'a', 'b']);
  expect([await folder.exists('a'), await folder.exists('below'), await folder.exists('below/c')]).toEqual([
    true,
    false,
    true,
  ]);
  await folder.remove('a');
  expect(await folder.list()).toEqual(['B', 'b']);
  expect(await folder.exists('b/c')).toBe(false);
});

test('a folder is removed with its contents; a missing one is ignored', async () => {
  await folder.write('below/c', 'c');
  await removeOpfsFolder(path);
  await removeOpfsFolder(path);
  expect(await folder.exists('below/c')).toBe(false);
});

test.each(['../a', '/../a', 'a/../../b', '', '.'])(
  "the name '%s' is rejected, as it leads out of the folder",
  async (name) => {
    const error = await failure(folder.write(name, 'x'));
    expect(error).toEqual(
      new UsageError(`folder ${path}: the name '${name}' leads out of it; names are files inside it.`),
    );
  },
);

describe('errors', () => {
  test('a missing file', async () => {
    const error = await failure(folder.read('a'));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({
      problem: 'missing',
      message: `cannot read ${path}/a: there is no such file or folder.`,
    });
  });

  test('a folder instead of a file', async () => {
    await folder.write('a/b', 'x');
    expect(await failure(folder.write('a', 'x'))).toMatchObject({
      problem: 'not-a-file',
      message: `cannot write ${path}/a: a file is where a folder was expected, or a folder where a file was.`,
    });
  });

  test('a full disk, with figures', async () => {
    await folder.write('a', 'old');
    vi.spyOn(FileSystemWritableFileStream.prototype, 'write').mockRejectedValue(
      new DOMException('x', 'QuotaExceededError'),
    );
    vi.spyOn(navigator.storage, 'estimate').mockResolvedValue({ usage: 5 * 2 ** 20, quota: 5.5 * 2 ** 20 });
    expect(await failure(folder.write('a', 'new'))).toMatchObject({
      problem: 'disk-full',
      message: `cannot write ${path}/a: the browser's storage quota for this page is used up (5.0 of 5.5 MiB). Free some space on the disk, or delete the data of this page. The previous contents are intact.`,
    });
    expect(await text('a')).toBe('old');
  });

  test('a browser that cannot store files', async () => {
    expect(await isOpfsUsable()).toBe(true);
    vi.spyOn(navigator.storage, 'getDirectory').mockRejectedValue(new DOMException('x', 'SecurityError'));
    expect(await isOpfsUsable()).toBe(false);
    expect(await failure(folder.list())).toMatchObject({ problem: 'forbidden' });
  });
});
