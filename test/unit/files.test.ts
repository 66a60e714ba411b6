/**
 * Plan: what is written or appended is read back, folders are made, nothing temporary is left; a write that fails
 * leaves the old file; names cannot leave the folder; each system error gives its sentence, once from the real system
 * where that can be provoked and from its code otherwise; locks exclude, are released, and outlive neither process nor
 * boot.
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileError, UsageError } from '../../src/errors.js';
import { fileError, openFolder, readBytes, writeAtomic } from '../../src/node/files.js';
import { lockFolder, lockName } from '../../src/node/lock.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shadegrad-files-'));
});
afterEach(async () => {
  await chmod(base, 0o700);
  await rm(base, { recursive: true, force: true });
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
/** The error of a promise that should fail, with the changing folder's name taken out of its message. */
async function failure(promise: Promise<unknown>): Promise<FileError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason as Error,
  );
  expect(error).toBeInstanceOf(FileError);
  error.message = error.message.replaceAll(base, 'BASE');
  return error as FileError;
}

describe('openFolder', () => {
  it('writes, reads, lists, and makes what is missing', async () => {
    const folder = openFolder(path.join(base, 'runs', 'first'));
    expect(await folder.list()).toEqual([]);
    expect(await folder.exists('b.json')).toBe(false);
    await folder.write('b.json', '{"é":1}');
    await folder.write('a.bin', Uint8Array.of(0, 255, 7));
    await folder.write('logs/deep.txt', 'below');
    expect(text(await folder.read('b.json'))).toBe('{"é":1}');
    expect([...(await folder.read('a.bin'))]).toEqual([0, 255, 7]);
    expect(text(await folder.read('logs/deep.txt'))).toBe('below');
    expect(await folder.exists('b.json')).toBe(true);
    expect(await folder.exists('logs')).toBe(false);
    expect(await folder.list()).toEqual(['a.bin', 'b.json']);
    expect(await readdir(folder.path)).toEqual(['a.bin', 'b.json', 'logs']);
  });

  it('replaces a file, and does not show what a crash left behind', async () => {
    const folder = openFolder(base);
    await folder.write('x', 'one');
    await folder.write('x', 'two');
    await writeFile(path.join(base, '.x.123.abcd.tmp'), 'half');
    expect(text(await folder.read('x'))).toBe('two');
    expect(await folder.list()).toEqual(['x']);
  });

  it('appends text and bytes, to a file that is there and to one that is not', async () => {
    const folder = openFolder(path.join(base, 'run'));
    await folder.append('logs/deep/a', 'é');
    await folder.append('logs/deep/a', Uint8Array.of(0, 255));
    expect([...(await folder.read('logs/deep/a'))]).toEqual([0xc3, 0xa9, 0, 255]);
    await folder.write('b', 'one');
    await folder.append('b', ' two');
    await folder.append('b', '');
    expect(text(await folder.read('b'))).toBe('one two');
  });

  it('many appenders lose nothing', async () => {
    const folder = openFolder(base);
    const lines = Array.from({ length: 8 }, (_, i) => `${String(i).repeat(1000)}\n`);
    await Promise.all(lines.map((line) => folder.append('x', line)));
    const found = text(await folder.read('x'));
    expect(found.match(/.+\n/g)?.sort()).toEqual(lines);
  });

  it('says why it cannot append', async () => {
    await mkdir(path.join(base, 'taken'));
    const error = await failure(openFolder(base).append('taken', 'x'));
    expect(error.message).toMatchInlineSnapshot(
      `"cannot write BASE/taken: it is a folder, expected a file. Name a file inside it."`,
    );
  });

  it('many writers of one file leave one whole file', async () => {
    const folder = openFolder(base);
    const long = (i: number) => String(i).repeat(100_000);
    await Promise.all(Array.from({ length: 8 }, (_, i) => folder.write('x', long(i))));
    const found = text(await folder.read('x'));
    expect(found).toBe(long(Number(found[0])));
    expect(await readdir(base)).toEqual(['x']);
  });

  it.each(['..', '../x', '/etc/passwd', 'a/../../x', '.', ''])("refuses the name '%s'", async (name) => {
    const folder = openFolder(base);
    await expect(folder.write(name, 'x')).rejects.toThrow(UsageError);
    await expect(folder.append(name, 'x')).rejects.toThrow(UsageError);
    await expect(folder.read(name)).rejects.toThrow(UsageError);
    await expect(folder.exists(name)).rejects.toThrow(UsageError);
  });
});

describe('errors', () => {
  it('a file that is missing', async () => {
    const error = await failure(readBytes(path.join(base, 'none')));
    expect(error.problem).toBe('missing');
    expect(error.message).toMatchInlineSnapshot(
      `"cannot read BASE/none: there is no such file or folder. Check the path."`,
    );
  });

  it('a folder where a file was expected', async () => {
    const error = await failure(readBytes(base));
    expect(error.problem).toBe('not-a-file');
    expect(error.message).toMatchInlineSnapshot(
      `"cannot read BASE: it is a folder, expected a file. Name a file inside it."`,
    );
  });

  it.runIf(process.platform === 'linux')('what is not a file is neither read nor replaced', async () => {
    const pipe = path.join(base, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const zero = path.join(base, 'zero.png');
    await symlink('/dev/zero', zero);
    for (const use of [readBytes, async (file: string) => writeAtomic(file, 'x')]) {
      const refused = await Promise.all([pipe, zero].map(async (file) => failure(use(file))));
      expect(refused.map(({ problem }) => problem)).toEqual(['not-a-file', 'not-a-file']);
      expect(refused.map(({ message }) => message.replace('write', 'read'))).toEqual([
        'cannot read BASE/pipe: it is a pipe, expected a file. Name a file.',
        'cannot read BASE/zero.png: it is a device, expected a file. Name a file.',
      ]);
    }
    expect((await failure(openFolder(base).append('pipe', 'x'))).problem).toBe('not-a-file');
    // Instead of the lock of a run.
    spawnSync('mkfifo', [path.join(base, lockName)]);
    expect((await failure(lockFolder(base))).message).toContain('left no readable name');
    expect((await readdir(base)).sort()).toEqual(['pipe', lockName, 'zero.png'].sort());
  });

  it.runIf(process.platform === 'linux')('a file that never ends is read as long as it says', async () => {
    // A file of /proc says 0, and some of them wait for ever.
    expect(await readBytes('/proc/self/status')).toHaveLength(0);
  });

  it('a file beyond what is read', async () => {
    const file = path.join(base, 'long.csv');
    await writeFile(file, '');
    await truncate(file, 2 ** 31);
    expect((await failure(readBytes(file))).message).toMatchInlineSnapshot(
      `"cannot read BASE/long.csv: it has 2147483648 bytes, and at most 2147483647 are read. Name a smaller file."`,
    );
    expect((await failure(readBytes(file, 9))).message).toContain('at most 9 are read');
  });

  it('links that lead round in a circle', async () => {
    const link = path.join(base, 'link');
    await symlink('link', link);
    expect((await failure(readBytes(link))).message).toMatchInlineSnapshot(
      `"cannot read BASE/link: its symbolic links form a loop. Check the links."`,
    );
  });

  it.runIf(process.platform === 'linux')('a folder that can hold no other', async () => {
    const error = await failure(writeAtomic('/proc/shadegrad/deep/x', ''));
    expect(error.problem).toBe('missing');
    expect(error.message).toMatchInlineSnapshot(
      `"cannot write /proc/shadegrad/deep/x: there is no such file or folder. Check the path."`,
    );
  });

  it('a file where a folder was expected', async () => {
    await writeFile(path.join(base, 'file'), '');
    const error = await failure(writeAtomic(path.join(base, 'file', 'x'), ''));
    expect(error.problem).toBe('not-a-folder');
    expect(error.message).toMatchInlineSnapshot(
      `"cannot write BASE/file/x: a file with the name of that folder is in the way. Check the path."`,
    );
    expect((await failure(openFolder(path.join(base, 'file')).list())).problem).toBe('not-a-folder');
  });

  it('a failed write leaves nothing temporary', async () => {
    await mkdir(path.join(base, 'taken'));
    const error = await failure(writeAtomic(path.join(base, 'taken'), 'x'));
    expect(error.problem).toBe('not-a-file');
    expect(await readdir(base)).toEqual(['taken']);
  });

  it.skipIf(process.getuid?.() === 0)('a folder without permission', async () => {
    await chmod(base, 0o500);
    expect((await failure(writeAtomic(path.join(base, 'x'), 'x'))).problem).toBe('forbidden');
  });

  it.each([
    [
      'EACCES',
      'forbidden',
      'cannot write model.safetensors: you have no permission to write it. Change its permissions, or name another place.',
    ],
    [
      'EROFS',
      'forbidden',
      'cannot write model.safetensors: it is on a read-only file system. Name another place.',
    ],
    [
      'ENOSPC',
      'disk-full',
      'cannot write model.safetensors: the disk (or your quota) is full. Free some space; the previous contents are intact.',
    ],
    [
      'EDQUOT',
      'disk-full',
      'cannot write model.safetensors: the disk (or your quota) is full. Free some space; the previous contents are intact.',
    ],
    [
      'EMFILE',
      'other',
      "cannot write model.safetensors: too many files are open. Close some programs, or raise the limit ('ulimit -n').",
    ],
    [
      'ENAMETOOLONG',
      'other',
      'cannot write model.safetensors: its name is too long for this file system. Name a shorter one.',
    ],
    [
      'EIO',
      'other',
      'cannot write model.safetensors: the disk reports an input/output error. Check the disk, or name another place.',
    ],
    ['EXDEV', 'other', "cannot write model.safetensors: EXDEV: the system's words."],
  ])('%s is reported in one sentence', (code, problem, message) => {
    const cause = Object.assign(new Error(`${code}: the system's words`), { code });
    const error = fileError('write', 'model.safetensors', cause);
    expect(error.problem).toBe(problem);
    expect(error.cause).toBe(cause);
    expect(error.message).toBe(message);
  });

  // The device that is always full: the one way to meet ENOSPC without filling a disk.
  it.skipIf(process.platform !== 'linux')('a full disk', async () => {
    const result = await failure(
      writeFile('/dev/full', 'x').catch((cause: unknown) => {
        throw fileError('write', 'history.json', cause);
      }),
    );
    expect(result.problem).toBe('disk-full');
    expect(result.message).toMatchInlineSnapshot(
      `"cannot write history.json: the disk (or your quota) is full. Free some space; the previous contents are intact."`,
    );
  });
});

describe('lockFolder', () => {
  const lockFile = () => path.join(base, 'run', lockName);
  const run = () => path.join(base, 'run');
  async function leave(holder: object | string): Promise<void> {
    await mkdir(run(), { recursive: true });
    await writeFile(lockFile(), typeof holder === 'string' ? holder : JSON.stringify(holder));
  }
  const host = hostname();

  it('excludes a second writer until released', async () => {
    const first = await lockFolder(run());
    const error = await failure(lockFolder(run()));
    expect(error.problem).toBe('locked');
    expect(error.message).toMatchInlineSnapshot(
      `"cannot write to BASE/run: this process is training there. Wait for it, or name another run folder; if nothing runs any more, delete BASE/run/run.lock."`,
    );
    await first.release();
    await first.release();
    // What the lock had made, and nothing was written into, is gone again.
    expect(await readdir(base)).not.toContain('run');
    const second = await lockFolder(run());
    await first.release();
    expect((await failure(lockFolder(run()))).problem).toBe('locked');
    await second.release();
  });

  it('takes back the folders it made, and no others', async () => {
    const deep = path.join(run(), 'a', 'b');
    await mkdir(run());
    await (await lockFolder(deep)).release();
    expect(await readdir(run())).toEqual([]);
    const lock = await lockFolder(deep);
    await writeFile(path.join(run(), 'a', 'note'), '');
    await lock.release();
    expect(await readdir(path.join(run(), 'a'))).toEqual(['note']);
    await (await lockFolder(run())).release();
    expect(await readdir(base)).toContain('run');
  });

  it('lets exactly one of many at once through', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(run())));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(run())).toEqual([lockName]);
  });

  it('takes over from a process that died', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    await leave({ pid: dead, host, birth: '', id: 'old' });
    const lock = await lockFolder(run());
    expect(JSON.parse(await readFile(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(await readdir(run())).toEqual([lockName]);
    await lock.release();
  });

  it('lets exactly one take over', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    await leave({ pid: dead, host, birth: '', id: 'old' });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(run())));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(run())).toEqual([lockName]);
  });

  it.skipIf(process.platform !== 'linux')(
    'takes over when the process id belongs to a younger process',
    async () => {
      await leave({ pid: process.pid, host, birth: 'another-boot 17', id: 'old' });
      const lock = await lockFolder(run());
      expect(await readFile(lockFile(), 'utf8')).not.toContain('another-boot');
      await lock.release();
    },
  );

  it('respects a living process, another machine, and what it cannot read', async () => {
    await leave({ pid: process.ppid, host, birth: '', id: 'other' });
    expect((await failure(lockFolder(run()))).message).toContain(`process ${process.ppid} is training there`);
    await leave({ pid: 999999999, host: 'elsewhere', birth: '', id: 'other' });
    expect((await failure(lockFolder(run()))).message).toContain('process 999999999 on elsewhere');
    await leave('');
    expect((await failure(lockFolder(run()))).message).toContain('left no readable name');
  });

  it('says so when the folder cannot be made', async () => {
    await writeFile(run(), '');
    expect((await failure(lockFolder(run()))).problem).toBe('not-a-folder');
  });
});
