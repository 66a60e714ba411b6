/**
 * Files on disk: reading with clear errors, and atomic writing.
 *
 * Tests make file system calls fail by patching `node:fs/promises` (test/failing_files.mjs), so this file keeps no
 * references to its functions.
 */
import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  access,
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { checkFileSize } from '../data/file_tree.js';
import { FileError, type FileProblem } from '../errors.js';
import { checkArgument, checkCall } from '../calls.js';
import { type Folder, leadsOut } from '../folder.js';
import { nonEmptyText } from '../options.js';

/**
 * Converts a system error into one sentence: which file, what is wrong, what to do. `doing` is a verb such as `read`
 * or `write`.
 */
export function fileError(doing: string, file: string, cause: unknown): FileError {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  const [problem, sentence] = explain(code, doing, cause);
  return new FileError(`cannot ${doing} ${file}: ${sentence}`, { cause, problem });
}

function explain(code: string, doing: string, cause: unknown): [FileProblem, string] {
  switch (code) {
    case 'ENOENT':
      return ['missing', 'there is no such file or folder. Check the path.'];
    case 'EACCES':
    case 'EPERM':
      return [
        'forbidden',
        `you have no permission to ${doing} it. Change its permissions, or name another place.`,
      ];
    case 'EROFS':
      return ['forbidden', 'it is on a read-only file system. Name another place.'];
    case 'ENOSPC':
    case 'EDQUOT':
      return [
        'disk-full',
        'the disk (or your quota) is full. Free some space; the previous contents are intact.',
      ];
    case 'ENOTDIR':
      return ['not-a-folder', 'a part of this path is a file, expected a folder. Check the path.'];
    case 'EEXIST':
      return ['not-a-folder', 'a file with the name of that folder is in the way. Check the path.'];
    case 'EISDIR':
      return ['not-a-file', 'it is a folder, expected a file. Name a file inside it.'];
    case 'ELOOP':
      return ['other', 'its symbolic links form a loop. Check the links.'];
    case 'EMFILE':
    case 'ENFILE':
      return ['other', "too many files are open. Close some programs, or raise the limit ('ulimit -n')."];
    case 'ENAMETOOLONG':
      return ['other', 'its name is too long for this file system. Name a shorter one.'];
    case 'EIO':
      return ['other', 'the disk reports an input/output error. Check the disk, or name another place.'];
    case 'EBUSY':
    case 'ETXTBSY':
      return ['other', 'another program is using it. Close that program, or name another place.'];
    default:
      return ['other', `${cause instanceof Error ? cause.message : String(cause)}.`];
  }
}

/**
 * Reads the whole file, up to its length at opening: a device or a file in /proc may never end.
 *
 * Throws: FileError for anything but a regular file, for more than `most` bytes, and for system errors.
 */
export async function readBytes(file: string, most?: number): Promise<Uint8Array> {
  try {
    // Before opening: opening a pipe would wait for a writer.
    refuseOtherThanFile('read', file, await stat(file));
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      checkFileSize(file, size, most);
      // Not a Buffer, whose slice() returns a view instead of a copy.
      const bytes = new Uint8Array(size);
      let length = 0;
      while (length < size) {
        const { bytesRead } = await handle.read(bytes, length, size - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return length === size ? bytes : bytes.slice(0, length);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw cause instanceof FileError ? cause : fileError('read', file, cause);
  }
}

export interface WriteOptions {
  /** Only folders inside this existing one are created. Default: any missing folder. */
  readonly below?: string | undefined;
}

/**
 * Devices never end, pipes block, and a rename would replace them by a file.
 *
 * Throws: FileError (`not-a-file`).
 */
function refuseOtherThanFile(doing: string, file: string, found: Stats): void {
  if (found.isFile()) return;
  if (found.isDirectory()) throw fileError(doing, file, { code: 'EISDIR' });
  const kind = found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new FileError(`cannot ${doing} ${file}: it is ${kind}, expected a file. Name a file.`, {
    problem: 'not-a-file',
  });
}

/** Accepts a missing path, which will become a file. Throws: FileError (`not-a-file`). */
async function refuseToReplaceOther(doing: string, file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) refuseOtherThanFile(doing, file, found);
}

/**
 * Replaces a file atomically: writes the contents to a temporary name in the same folder, flushes them to disk, then
 * renames. Creates missing folders. Follows symbolic links: replaces the target.
 *
 * Throws: FileError; the old file is then unchanged, and the temporary one removed.
 */
export async function writeAtomic(
  file: string,
  contents: Uint8Array | string,
  { below }: WriteOptions = {},
): Promise<void> {
  await refuseToReplaceOther('write', file);
  let draft: string | undefined;
  try {
    const target = await targetOf(file);
    const folder = path.dirname(target);
    await makeFolder(folder, below);
    await sweepOnce(folder);
    draft = draftOf(target);
    ownDrafts.add(path.basename(draft));
    const handle = await open(draft, 'wx');
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, target);
    await flushFolder(folder);
  } catch (cause) {
    if (draft !== undefined) await removeQuietly(draft);
    throw fileError('write', file, cause);
  } finally {
    if (draft !== undefined) ownDrafts.delete(path.basename(draft));
  }
}

/** The target of symbolic links. A dangling link is replaced like a file. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (cause) {
    if (isMissing(cause)) return file;
    throw cause;
  }
}

// ---- drafts: the temporary names of `writeAtomic` ----

/** Drafts that this process is writing. */
const ownDrafts = new Set<string>();

function draftOf(file: string): string {
  const name = `.${path.basename(file)}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  return path.join(path.dirname(file), name);
}

const sweptFolders = new Set<string>();

/** Drafts are swept once per process and folder: they only remain after a process was killed. */
async function sweepOnce(folder: string): Promise<void> {
  const at = path.resolve(folder);
  if (sweptFolders.has(at)) return;
  sweptFolders.add(at);
  await sweepDrafts(at);
}

/**
 * Removes the drafts of writers that are dead on this machine. Never fails: drafts do no harm, and what follows
 * reports a folder that cannot be used.
 */
export async function sweepDrafts(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const [, pid] = /^\..+\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(entry.name) ?? [];
    if (pid === undefined || !entry.isFile() || ownDrafts.has(entry.name)) continue;
    // A process of an earlier boot or container may have had the same id as this one.
    const isDead = Number(pid) === process.pid || !isAlive(Number(pid));
    if (isDead) await removeQuietly(path.join(folder, entry.name));
  }
}

/** False if this machine certainly has no such process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM means that the process is alive and belongs to another user.
    return codeOf(cause) !== 'ESRCH';
  }
}

/**
 * Creates a folder and its missing parents. Resolves with the first one created, or undefined. Replaces mkdir's
 * `recursive`, which never ends in a folder that cannot hold others, such as /proc. Creates folders inside `below`
 * only.
 *
 * Throws: the system's error.
 */
export async function makeFolder(folder: string, below?: string): Promise<string | undefined> {
  const at = path.resolve(folder);
  if (below !== undefined && at === path.resolve(below)) return undefined;
  try {
    return (await makeOne(at)) ? at : undefined;
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT' || path.dirname(at) === at) throw cause;
  }
  const first = await makeFolder(path.dirname(at), below);
  return (await makeOne(at)) ? (first ?? at) : first;
}

/** False if the folder existed. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (cause) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory()) return false;
    throw cause;
  }
}

/** Removes a file, ignoring errors: the caller already reports the real one. */
export async function removeQuietly(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

/** Makes a rename durable. Windows cannot open folders, and some file systems cannot flush them. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file itself is flushed and in place; only its durability through a power cut is less certain here.
  }
}

/**
 * A folder on disk. The first write creates it if needed.
 *
 * Names may point into subfolders (`logs/train.json`), never outside.
 * Throws: from its methods, FileError; UsageError for a name that points outside.
 */
export function openFolder(folder: string, options: WriteOptions = {}): Folder {
  checkArgument('openFolder', 'path', folder, () => nonEmptyText);
  checkCall('openFolder', options, () => ({ below: nonEmptyText }));
  const inside = (name: string): string => {
    const file = path.resolve(folder, name);
    const relative = path.relative(folder, file);
    if (
      relative === '' ||
      relative === '..' ||
      relative.startsWith(`..${path.sep}`) ||
      path.isAbsolute(relative)
    ) {
      throw leadsOut(folder, name);
    }
    return file;
  };
  return {
    path: folder,
    read: async (name) => readBytes(inside(name)),
    write: async (name, contents) => writeAtomic(inside(name), contents, options),
    append: async (name, contents) => appendTo(inside(name), contents, options),
    exists: async (name) => fileExists(inside(name)),
    remove: async (name) => removeFile(inside(name)),
    list: async () => listFiles(folder),
  };
}

/** Appends to a file and flushes it to disk. Throws: FileError; the file is then unchanged. */
async function appendTo(file: string, contents: Uint8Array | string, { below }: WriteOptions): Promise<void> {
  await refuseToReplaceOther('write', file);
  try {
    await makeFolder(path.dirname(file), below);
    const handle = await open(file, 'a');
    try {
      const { size } = await handle.stat();
      await handle.writeFile(contents).catch((cause: unknown) => takeBack(handle, size, cause));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError('write', file, cause);
  }
}

/** A full disk takes a part of what is written. Throws: `cause`. */
async function takeBack(handle: FileHandle, size: number, cause: unknown): Promise<never> {
  await handle.truncate(size).catch(() => undefined); // A pipe has no size; `cause` is the error to report.
  throw cause;
}

/**
 * Renames a file on the same file system, replacing an existing one.
 *
 * Throws: FileError; both files are then unchanged.
 */
export async function moveFile(from: string, to: string, { below }: WriteOptions = {}): Promise<void> {
  try {
    await makeFolder(path.dirname(to), below);
    await rename(from, to);
    await flushFolder(path.dirname(to));
  } catch (cause) {
    throw fileError('write', to, cause);
  }
}

/**
 * Checks, without writing, whether files can be written into a folder, which need not exist.
 *
 * Throws: FileError when not.
 */
export async function checkWritable(folder: string): Promise<void> {
  let at = path.resolve(folder);
  try {
    for (;;) {
      const found = await stat(at).catch((cause: unknown) => {
        if (codeOf(cause) !== 'ENOENT' || path.dirname(at) === at) throw cause;
      });
      if (found) {
        if (!found.isDirectory()) throw Object.assign(new Error('it is a file'), { code: 'EEXIST' });
        await access(at, constants.W_OK);
        return;
      }
      at = path.dirname(at);
    }
  } catch (cause) {
    throw fileError('write', folder, cause);
  }
}

/** Removes a file; no effect if it is missing. Throws: FileError when it cannot be removed. */
async function removeFile(file: string): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (cause) {
    throw fileError('remove', file, cause);
  }
}

/** Throws: FileError when that cannot be determined, such as without permission. */
export async function fileExists(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw fileError('look at', file, cause);
  }
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    return names.filter((name) => !/^\..*\.tmp$/.test(name)).sort();
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return [];
    throw fileError('list', folder, cause);
  }
}

export function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | null)?.code;
}

export function isMissing(cause: unknown): boolean {
  return codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR';
}
