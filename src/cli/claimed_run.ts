/**
 * Locks a run folder while a training writes to it, and never leaves it with a mixture of two runs.
 *
 * A training that replaces a run (`--overwrite`) writes to a subfolder, `.shadegrad-next`, until its first checkpoint is
 * complete. Then its files replace the old ones in steps, so that the next `train` can finish after a crash at any point:
 *
 *   .shadegrad-next     files before the first checkpoint; the old run is untouched, and the next `train` removes these
 *   .shadegrad-ready    a complete checkpoint; the old run's files are being removed
 *   .shadegrad-moving   the old run is gone; the new files are being moved up, run.json last
 */
import { rmSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ShadegradError, UsageError } from '../errors.js';
import type { Folder } from '../folder.js';
import { fileError, isMissing, moveFile, openFolder } from '../node/files.js';
import { type Lock, lockFolder } from '../node/lock.js';
import { shellWord } from './output.js';
import { isPending, movingName, readyName } from './pending_run.js';
import { existing, isOwnPage, readRun, runFiles } from './run_folder.js';

/** `new`: the folder must hold no files of a run. `replace`: they are replaced. `resume`: it must hold a run. */
export type ClaimMode = 'new' | 'replace' | 'resume';

export interface ClaimedRun {
  /** The folder to write to. Writes fail once it has been deleted. */
  readonly folder: Folder;
  /** For TensorBoard. */
  readonly logs: Folder;
  /** Whether an earlier run is still in the folder, untouched. */
  readonly isReplacing: boolean;
  /** Replaces the earlier run with this one, if there is one. Call it once the first checkpoint is complete. */
  commit(): Promise<void>;
  /** Renames a file of the run. */
  move(from: string, to: string): Promise<void>;
  /** Throws: FileError. */
  release(): Promise<void>;
  /** Synchronous `release`, for a process that is about to exit. */
  releaseNow(): void;
}

const nextName = '.shadegrad-next';

/**
 * Claims a folder for a training. Checks the folder before it writes: a refusal changes nothing.
 *
 * Throws: UsageError if `mode` does not fit the folder's contents; FileError if the folder cannot be read or written, or
 * another process is training in it; for `resume`, any error of `readRun`.
 */
export async function claimRun(at: string, mode: ClaimMode): Promise<ClaimedRun> {
  const folder = openFolder(at);
  await checkMode(folder, mode);
  const lock = await lockFolder(at);
  try {
    // Another training may have started and finished before the lock was taken.
    await checkMode(folder, mode);
    await rm(path.join(at, nextName), { recursive: true, force: true });
    if (mode !== 'new') await finishReplacing(at);
    const isReplacing = mode === 'replace' && (await existing(folder, runFiles)).length > 0;
    if (isReplacing) await mkdir(path.join(at, nextName));
    return new Claim(at, lock, isReplacing);
  } catch (cause) {
    await lock.release().catch(() => undefined); // Report `cause`.
    throw cause instanceof ShadegradError ? cause : fileError('write', at, cause);
  }
}

class Claim implements ClaimedRun {
  readonly folder: Folder;
  readonly logs: Folder;
  #isReleased = false;

  constructor(
    private readonly at: string,
    private readonly lock: Lock,
    public isReplacing: boolean,
  ) {
    this.folder = this.#guarded('');
    this.logs = this.#guarded('logs');
  }

  /** A subfolder of the run's current location, which `commit` changes. */
  #guarded(name: string): Folder {
    const current = (): Folder => openFolder(path.join(this.#root, name), { below: this.#root });
    return {
      path: path.join(this.at, name),
      read: (file) => current().read(file),
      write: (file, contents) => this.#writing(() => current().write(file, contents)),
      append: (file, contents) => this.#writing(() => current().append(file, contents)),
      exists: (file) => current().exists(file),
      remove: (file) => this.#writing(() => current().remove(file)),
      list: () => current().list(),
    };
  }

  get #root(): string {
    return this.isReplacing ? path.join(this.at, nextName) : this.at;
  }

  async #writing(write: () => Promise<void>): Promise<void> {
    // `releaseNow` was called: the process is about to exit, so this never settles.
    if (this.#isReleased) return new Promise(() => undefined);
    await this.lock.check();
    try {
      await write();
    } catch (cause) {
      // If the folder was deleted meanwhile, this throws the better error.
      await this.lock.check();
      throw cause;
    }
  }

  async move(from: string, to: string): Promise<void> {
    await this.#writing(() =>
      moveFile(path.join(this.#root, from), path.join(this.#root, to), { below: this.#root }),
    );
  }

  async commit(): Promise<void> {
    if (!this.isReplacing) return;
    await this.#writing(() => moveFile(this.#root, path.join(this.at, readyName), { below: this.at }));
    this.isReplacing = false;
    await finishReplacing(this.at);
  }

  async release(): Promise<void> {
    if (this.isReplacing) await rm(this.#root, { recursive: true, force: true }).catch(() => undefined); // The next `train` removes it.
    await this.lock.release();
  }

  releaseNow(): void {
    this.#isReleased = true;
    try {
      if (this.isReplacing) rmSync(this.#root, { recursive: true, force: true });
    } catch {
      // The next `train` removes it.
    }
    this.lock.releaseNow();
  }
}

async function checkMode(folder: Folder, mode: ClaimMode): Promise<void> {
  if (mode === 'new') await refuseTaken(folder);
  else if (mode === 'replace') await refuseForeign(folder);
  else if (!(await isPending(folder))) await readRun(folder);
}

/** Throws: UsageError. */
async function refuseTaken(folder: Folder): Promise<void> {
  const { path: at } = folder;
  const names = await existing(folder, runFiles);
  const isHalfReplaced = await isPending(folder);
  if (names.length === 0 && !isHalfReplaced) return;
  const run = isHalfReplaced ? undefined : await readRun(folder).catch(() => undefined); // A damaged run cannot be resumed.
  if (run?.result) {
    throw new UsageError(
      `train: ${at} holds a finished run. Name another folder, or replace the run with --overwrite.`,
    );
  }
  const resume = `Resume it with --resume ${shellWord(at)}, name another folder, or replace it with --overwrite.`;
  if (run || isHalfReplaced) throw new UsageError(`train: ${at} holds an unfinished run. ${resume}`);
  if (names.includes('run.json')) {
    throw new UsageError(
      `train: ${at} holds a run that cannot be read. Name another folder, or replace it with --overwrite.`,
    );
  }
  const isOwn = await isOwnPage(folder, 'report.html');
  throw new UsageError(
    `train: ${at} holds ${names.join(', ')}, which training would overwrite. Name another folder, or ${isOwn ? 'replace these files with --overwrite' : 'move these files away'}.`,
  );
}

/** Throws: UsageError for a run.json that another program wrote, or, without a run or a report, any file of these names. */
async function refuseForeign(folder: Folder): Promise<void> {
  const { path: at } = folder;
  if (await folder.exists('run.json')) {
    const text = new TextDecoder().decode(await folder.read('run.json'));
    if (/"format"\s*:\s*"shadegrad run/.test(text)) return;
    throw new UsageError(
      `train: ${at}/run.json is not a run of shadegrad, so --overwrite does not replace it. Name another folder, or move that file away.`,
    );
  }
  if ((await isPending(folder)) || (await isOwnPage(folder, 'report.html'))) return;
  const names = await existing(folder, runFiles);
  if (names.length === 0) return;
  throw new UsageError(
    `train: ${at} holds ${names.join(', ')}, but no run of shadegrad, so --overwrite replaces nothing there. Name another folder, or move ${names.length === 1 ? 'that file' : 'these files'} away.`,
  );
}

/** Throws: FileError. The next call continues where this one was interrupted. */
async function finishReplacing(at: string): Promise<void> {
  const [ready, moving] = [path.join(at, readyName), path.join(at, movingName)];
  try {
    if (await isFolder(ready)) {
      await removeRun(at);
      await moveFile(ready, moving);
    }
    if (!(await isFolder(moving))) return;
    const names = await filesBelow(moving);
    const last = (name: string): number => (name === 'run.json' ? 1 : 0);
    for (const name of names.sort((a, b) => last(a) - last(b)))
      await moveFile(path.join(moving, name), path.join(at, name), { below: at });
    await rm(moving, { recursive: true });
  } catch (cause) {
    throw cause instanceof ShadegradError ? cause : fileError('write', at, cause);
  }
}

/** Removes the files that `train` writes, and nothing else. */
async function removeRun(at: string): Promise<void> {
  const folder = openFolder(at);
  for (const name of runFiles) await folder.remove(name);
  const logs = path.join(at, 'logs');
  for (const name of (await isFolder(logs)) ? await readdir(logs) : [])
    if (/^\d{8}-\d{6}$/.test(name)) await rm(path.join(logs, name), { recursive: true });
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      if (isMissing(cause)) return false;
      throw cause;
    },
  );
}

/** Paths relative to the folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}
