/**
 * Files on disk: reading with clear errors, writing so that no reader ever sees half a file, and the lock that
 * keeps two trainings out of one run folder.
 */
import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, mkdir, open, readFile, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { checkFileSize } from '../data/file_tree.js';
import { FileError, type FileProblem } from '../errors.js';
import { type Folder, leadsOut } from '../folder.js';

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
 * take the file's name only then. Folders that are missing are made.
 *
 * Throws: FileError; the old file is unharmed then, and the temporary one removed.
 */
export async function writeAtomic(file: string, contents: Uint8Array | string): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(
    folder,
    `.${path.basename(file)}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`,
  );
  await refuseToReplaceOther('write', file);
  try {
    await makeFolder(folder);
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    await removeQuietly(temporary);
    throw fileError('write', file, cause);
  }
  await flushFolder(folder);
}

/**
 * Makes a folder, and those above it that are missing. Resolves with the first that was made, undefined for none.
 * In place of mkdir's `recursive`, which never ends in a folder that is there and can hold no other, as /proc.
 *
 * Throws: the system's error.
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  const at = path.resolve(folder);
  try {
    return (await makeOne(at)) ? at : undefined;
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT' || path.dirname(at) === at) throw cause;
  }
  const first = await makeFolder(path.dirname(at));
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
async function removeQuietly(file: string): Promise<void> {
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
export function openFolder(folder: string): Folder {
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
    write: async (name, contents) => writeAtomic(inside(name), contents),
    append: async (name, contents) => appendTo(inside(name), contents),
    exists: async (name) => fileExists(inside(name)),
    remove: async (name) => removeFile(inside(name)),
    list: async () => listFiles(folder),
  };
}

/** One write at the end of the file, flushed to the disk. Throws: FileError. */
async function appendTo(file: string, contents: Uint8Array | string): Promise<void> {
  await refuseToReplaceOther('write', file);
  try {
    await makeFolder(path.dirname(file));
    const handle = await open(file, 'a');
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError('write', file, cause);
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

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | null)?.code;
}

function isMissing(cause: unknown): boolean {
  return codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR';
}

/** A lock names a process in some hundred bytes; a longer file is something else. */
const mostLockBytes = 65_536;

/** The file in a run folder that says who writes there. */
export const lockName = 'run.lock';

/** Who holds a lock, as written in the file. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When that process began, in the system's own words: process ids are used again. '' when unknown. */
  readonly birth: string;
  /** Tells two locks of one process apart. */
  readonly id: string;
}

export interface Lock {
  /** Lets others write to the folder. Harmless when called twice. */
  release(): Promise<void>;
}

/**
 * Claims a folder for this process as its only writer; makes the folder when it is missing. A lock whose process
 * has died on this machine is taken over.
 *
 * Throws: FileError (`locked`) when another process, or this one, holds it.
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const file = path.join(folder, lockName);
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    birth: await birthOf(process.pid),
    id: randomUUID(),
  };
  try {
    const made = await makeFolder(folder);
    // One round for a free folder, a second after a stale lock was removed, more only in a race for it.
    for (let round = 0; round < 20; round++) {
      if (await createLock(file, mine)) return { release: () => releaseLock(file, mine, made) };
      const found = await readLock(file);
      if (found === 'gone') continue;
      if (found === 'unreadable') throw lockedBy('a process that left no readable name', folder, file);
      if (!(await isStale(found))) {
        const where = found.host === mine.host ? '' : ` on ${found.host}`;
        const who = found.pid === mine.pid && where === '' ? 'this process' : `process ${found.pid}${where}`;
        throw lockedBy(who, folder, file);
      }
      await removeStale(file, found);
    }
  } catch (cause) {
    throw cause instanceof FileError ? cause : fileError('lock', folder, cause);
  }
  throw lockedBy('several processes at once', folder, file);
}

function lockedBy(who: string, folder: string, file: string): FileError {
  return new FileError(
    `cannot write to ${folder}: ${who} is training there. Wait for it, or name another run folder; ` +
      `if nothing runs any more, delete ${file}.`,
    { problem: 'locked' },
  );
}

/** Makes the lock file with its contents in one act, so that nobody reads it empty. False when there is one. */
async function createLock(file: string, mine: Holder): Promise<boolean> {
  const temporary = `${file}.${mine.id}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(mine), { flag: 'wx' });
    await link(temporary, file);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    // File systems without hard links (FAT, some network shares): two acts, and a small gap between them.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(codeOf(cause) ?? '')) throw cause;
    return await createWithoutLink(file, mine);
  } finally {
    await removeQuietly(temporary);
  }
}

async function createWithoutLink(file: string, mine: Holder): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(mine), { flag: 'wx' });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

async function readLock(file: string): Promise<Holder | 'gone' | 'unreadable'> {
  let text: string;
  try {
    text = new TextDecoder().decode(await readBytes(file, mostLockBytes));
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    if (cause.problem === 'missing' || cause.problem === 'not-a-folder') return 'gone';
    // Without the system's own error it was readBytes that refused: a device, a folder, or far too long.
    if (cause.problem === 'not-a-file' || cause.cause === undefined) return 'unreadable';
    throw cause;
  }
  try {
    const { pid, host, birth, id } = JSON.parse(text) as Partial<Holder>;
    if (
      Number.isInteger(pid) &&
      typeof host === 'string' &&
      typeof birth === 'string' &&
      /^[\w-]+$/.test(id ?? '')
    ) {
      return { pid: pid as number, host, birth, id: id as string };
    }
    return 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** True when the holder is certainly dead: on this machine, with no such process, or a younger one of that id. */
async function isStale(holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (cause) {
    // EPERM means that it lives and belongs to somebody else.
    return codeOf(cause) === 'ESRCH';
  }
  const birth = await birthOf(holder.pid);
  return birth !== '' && holder.birth !== '' && birth !== holder.birth;
}

/**
 * When a process began: the boot's id and the clock ticks since then. Known on Linux only, '' elsewhere.
 *
 * Source: proc(5), /proc/pid/stat, field 22; the second field is in parentheses and may contain anything.
 */
async function birthOf(pid: number): Promise<string> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const fields = await readFile(`/proc/${pid}/stat`, 'utf8');
    const started = fields.slice(fields.lastIndexOf(')') + 2).split(' ')[19];
    return started === undefined ? '' : `${boot} ${started}`;
  } catch {
    return ''; // Not Linux, or /proc is hidden: the process id alone decides.
  }
}

/**
 * Removes the lock of a dead process, if nobody else has. Only who holds the claim on that very lock may remove
 * it, so that a slow process cannot take a fresh lock for the stale one it read before.
 */
async function removeStale(file: string, stale: Holder): Promise<void> {
  const claim = `${file}.${stale.id}.tmp`;
  try {
    await writeFile(claim, '', { flag: 'wx' });
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause;
    await waitForClaim(claim);
    return;
  }
  try {
    const found = await readLock(file);
    if (typeof found === 'object' && found.id === stale.id) await rm(file, { force: true });
  } finally {
    await removeQuietly(claim);
  }
}

/** A claim lasts milliseconds. One of ten seconds belongs to a process that died holding it. */
async function waitForClaim(claim: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const found = await stat(claim).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs > 10_000) await removeQuietly(claim);
}

async function releaseLock(file: string, mine: Holder, made: string | undefined): Promise<void> {
  try {
    const found = await readLock(file);
    if (typeof found === 'object' && found.id === mine.id) await rm(file, { force: true });
    if (made !== undefined) await removeEmpty(path.dirname(file), made);
  } catch (cause) {
    throw fileError('unlock', file, cause);
  }
}

/** Takes back the folders that locking had made, from the inmost up to the first, while nothing lies in them. */
async function removeEmpty(folder: string, first: string): Promise<void> {
  const top = path.resolve(first);
  let at = path.resolve(folder);
  while (await removeIfEmpty(at)) {
    if (at === top) return;
    at = path.dirname(at);
  }
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
