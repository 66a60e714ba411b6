/** A lock that prevents two trainings from writing to one run folder. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, rmdirSync } from 'node:fs';
import { link, readFile, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { FileError } from '../errors.js';
import { codeOf, fileError, isAlive, makeFolder, readBytes, removeQuietly, sweepDrafts } from './files.js';

/** A lock file has about a hundred bytes; a longer file is not a lock. */
const mostLockBytes = 65_536;

/** The file in a run folder that names its writer. */
export const lockName = 'run.lock';

/** The holder of a lock, as stored in the file. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process as given by the system, because process ids are reused. '' if unknown. */
  readonly birth: string;
  /** Distinguishes two locks of one process. */
  readonly id: string;
}

export interface Lock {
  /**
   * Call before each write: writing to a deleted folder would recreate it with only that file.
   *
   * Throws: FileError when this process no longer holds the lock.
   */
  check(): Promise<void>;
  /** Releases the lock. Idempotent. Throws: FileError. */
  release(): Promise<void>;
  /** `release` for a process that exits immediately. Ignores errors: the next process takes over the stale lock. */
  releaseNow(): void;
}

/**
 * Makes this process the only writer of a folder, which is created if missing. Takes over a lock whose process has
 * died on this machine.
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
    // One attempt for a free folder, a second after removing a stale lock, more only in a race.
    for (let round = 0; round < 20; round++) {
      if (await createLock(file, mine)) {
        await sweepDrafts(folder);
        await sweepLockDrafts(folder);
        return {
          check: () => checkLock(file, mine),
          release: () => releaseLock(file, mine, made),
          releaseNow: () => releaseLockNow(file, mine, made),
        };
      }
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

/** Creates the lock file with its contents atomically, so that no process reads it empty. False if it exists. */
async function createLock(file: string, mine: Holder): Promise<boolean> {
  const temporary = `${file}.${mine.id}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(mine), { flag: 'wx' });
    await link(temporary, file);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    // File systems without hard links (FAT, some network shares): two steps with a small gap between them.
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
  try {
    return holderIn(new TextDecoder().decode(await readBytes(file, mostLockBytes))) ?? 'unreadable';
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    if (cause.problem === 'missing' || cause.problem === 'not-a-folder') return 'gone';
    // Without a system error, readBytes refused the path: a device, a folder, or a file that is too long.
    if (cause.problem === 'not-a-file' || cause.cause === undefined) return 'unreadable';
    throw cause;
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host, birth, id } = JSON.parse(text) as Partial<Holder>;
    const isHolder =
      Number.isSafeInteger(pid) &&
      (pid as number) > 0 &&
      typeof host === 'string' &&
      typeof birth === 'string' &&
      /^[\w-]+$/.test(id ?? '');
    return isHolder ? { pid: pid as number, host, birth, id: id as string } : undefined;
  } catch {
    return undefined; // Not JSON, or null.
  }
}

/** Whether the holder is certainly dead: on this machine, with no such process, or a younger one with the same id. */
async function isStale(holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  const birth = await birthOf(holder.pid);
  return birth !== '' && holder.birth !== '' && birth !== holder.birth;
}

/**
 * Start time of a process: the boot id and the clock ticks since boot. Linux only, '' elsewhere.
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
 * Removes the lock of a dead process, unless another process has. Only the holder of a claim on that lock may remove
 * it, so that a slow process cannot remove a fresh lock instead of the stale one that it read before.
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

/** A claim lasts milliseconds; one older than ten seconds belongs to a process that died. */
async function waitForClaim(claim: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  await removeOldClaim(claim);
}

async function removeOldClaim(claim: string): Promise<void> {
  const found = await stat(claim).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs > 10_000) await removeQuietly(claim);
}

/** Removes files left by processes that were killed while creating or taking over a lock. Never fails, like `sweepDrafts`. */
async function sweepLockDrafts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${lockName}.`) || !name.endsWith('.tmp')) continue;
    const draft = path.join(folder, name);
    const holder = await readLock(draft).catch(() => 'unreadable' as const);
    if (typeof holder === 'string') await removeOldClaim(draft);
    else if (await isStale(holder)) await removeQuietly(draft);
  }
}

async function checkLock(file: string, mine: Holder): Promise<void> {
  const folder = path.dirname(file);
  const found = await readLock(file);
  if (typeof found === 'object' && found.id === mine.id) return;
  const isGone = found === 'gone';
  throw new FileError(
    isGone
      ? `cannot write to ${folder}: it was deleted, or its ${lockName} was, while this training ran; what it held is lost. Train again, and leave the folder in place until training has ended.`
      : `cannot write to ${folder}: another process has taken it over while this training ran. Name another run folder, one for each training.`,
    { problem: isGone ? 'missing' : 'locked' },
  );
}

async function releaseLock(file: string, mine: Holder, made: string | undefined): Promise<void> {
  try {
    const found = await readLock(file);
    if (typeof found === 'object' && found.id === mine.id) await rm(file, { force: true });
    for (const folder of foldersMade(file, made)) if (!(await isRemoved(folder))) return;
  } catch (cause) {
    throw cause instanceof FileError ? cause : fileError('unlock', file, cause);
  }
}

function releaseLockNow(file: string, mine: Holder, made: string | undefined): void {
  try {
    if (holderIn(readFileSync(file, 'utf8'))?.id === mine.id) rmSync(file, { force: true });
    for (const folder of foldersMade(file, made)) rmdirSync(folder);
  } catch {
    // A non-empty folder stays, and the lock of a dead process lapses.
  }
}

/** Removes the empty folders that locking created, from the innermost to the first. */
function foldersMade(file: string, first: string | undefined): string[] {
  if (first === undefined) return [];
  const top = path.resolve(first);
  const folders = [path.dirname(path.resolve(file))];
  while (folders.at(-1) !== top) folders.push(path.dirname(folders.at(-1)!));
  return folders;
}

async function isRemoved(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
