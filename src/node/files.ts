/**
 * Files on disk: reading with clear errors, and writing so that no reader ever sees half a file.
 *
 * Tests make any call of the file system fail by patching `node:fs/promises` (test/failing_files.mjs): nothing here
 * keeps a reference to its functions.
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
 * Turns what the system says about a file into one sentence: which file, what is the matter, what to do.
 * `doing` is a verb as in `read` or `write`.
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
      return ['forbidden', 'it lies on a read-only file system. Name another place.'];
    case 'ENOSPC':
    case 'EDQUOT':
      return [
        'disk-full',
        'the disk (or your quota) is full. Free some space; what was there before is unharmed.',
      ];
    case 'ENOTDIR':
      return ['not-a-folder', 'a part of this path is a file, where a folder was expected. Check the path.'];
    case 'EEXIST':
      return ['not-a-folder', 'a file with the name of that folder is in the way. Check the path.'];
    case 'EISDIR':
      return ['not-a-file', 'it is a folder, where a file was expected. Name a file inside it.'];
    case 'ELOOP':
      return ['other', 'its symbolic links lead round in a circle. Check the links.'];
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
 * The whole file, as long as it was when it was opened: a device, or a file of /proc, may never end.
 *
 * Throws: FileError for what is not a file, for more than `most` bytes, or what the system says.
 */
export async function readBytes(file: string, most?: number): Promise<Uint8Array> {
  try {
    // Before it is opened: a pipe would wait there for its writer.
    refuseOtherThanFile('read', file, await stat(file));
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      checkFileSize(file, size, most);
      // Not a Buffer: its slice() is a view, where everyone expects a copy.
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
  /** Only folders inside this one are made; it must be there itself. Default: any that are missing. */
  readonly below?: string | undefined;
}

/**
 * Devices never end, pipes wait, and a rename would put a file in their place.
 *
 * Throws: FileError (`not-a-file`).
 */
function refuseOtherThanFile(doing: string, file: string, found: Stats): void {
  if (found.isFile()) return;
  if (found.isDirectory()) throw fileError(doing, file, { code: 'EISDIR' });
  const kind = found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new FileError(`cannot ${doing} ${file}: it is ${kind}, where a file was expected. Name a file.`, {
    problem: 'not-a-file',
  });
}

/** Nothing there is as good as a file: it will be one. Throws: FileError (`not-a-file`). */
async function refuseToReplaceOther(doing: string, file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) refuseOtherThanFile(doing, file, found);
}

/**
 * Replaces a file at once: the contents go to a temporary name in the same folder, are flushed to the disk, and
 * take the file's name only then. Folders that are missing are made. A symbolic link stays one: the file that it leads
 * to is replaced.
 *
 * Throws: FileError; the old file is unharmed then, and the temporary one removed.
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

/** Behind symbolic links. One that leads nowhere is replaced as a file would be. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (cause) {
    if (isMissing(cause)) return file;
    throw cause;
  }
}

// ---- drafts: the temporary names of `writeAtomic` ----

/** Those that this process is writing. */
const ownDrafts = new Set<string>();

function draftOf(file: string): string {
  const name = `.${path.basename(file)}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  return path.join(path.dirname(file), name);
}

const sweptFolders = new Set<string>();

/** Drafts are looked for once per process and folder: they stay only where a process was killed. */
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
    // A process of an earlier boot or container may have had our own id.
    const isDead = Number(pid) === process.pid || !isAlive(Number(pid));
    if (isDead) await removeQuietly(path.join(folder, entry.name));
  }
}

/** False when there is certainly no such process on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM means that it lives and belongs to another user.
    return codeOf(cause) !== 'ESRCH';
  }
}

/**
 * Makes a folder, and those above it that are missing. Resolves with the first that was made, undefined for none.
 * In place of mkdir's `recursive`, which never ends in a folder that is there and can hold no other, as /proc.
 * `below` is neither made nor left.
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

/** False when the folder was there. */
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

/** Removes what may not be there, or cannot be reached: the caller is already reporting the real error. */
export async function removeQuietly(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

/** Makes a rename survive a power cut. Windows cannot open folders, some file systems cannot flush them. */
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
 * A folder on disk. It need not exist yet: the first write makes it.
 *
 * Names may lead into folders below (`logs/train.json`), never out of it.
 * Throws: FileError from its methods, UsageError for a name that leads out.
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

/** One write at the end of the file, flushed to the disk. Throws: FileError; nothing of it is in the file then. */
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
  await handle.truncate(size).catch(() => undefined); // A pipe has no size; `cause` is what people should hear.
  throw cause;
}

/**
 * Gives a file another name on the same file system, in place of a file that may be there.
 *
 * Throws: FileError; both are as they were then.
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
 * Whether files could be written into a folder, which need not exist, found out without writing.
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

/** Harmless when the file is missing. Throws: FileError when it is there and stays. */
async function removeFile(file: string): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (cause) {
    throw fileError('remove', file, cause);
  }
}

/** Throws: FileError when it cannot be told, as for a folder without permission. */
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
