/**
 * Downloads one file from the first of several mirrors that has it, complete and verified, or not at all.
 * Interrupted downloads are resumed with an HTTP range request.
 */
import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { FileError } from '../errors.js';
import { fileError, makeFolder, readBytes } from './files.js';

export interface Download {
  /** URLs of the same file, tried in order. */
  readonly urls: readonly string[];
  /** Destination. Named `….part` until it is complete and verified. */
  readonly file: string;
  /** Maximum length of the expected file. */
  readonly maxBytes: number;
  /**
   * Throws when the bytes are wrong; the next mirror is tried then. It also verifies resumed files, since mirrors
   * may have compressed them differently.
   */
  readonly check: (bytes: Uint8Array) => void;
  /** Timeout without data that ends an attempt. */
  readonly stallMs?: number;
  /** `done` includes bytes of earlier attempts. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/**
 * Downloads, checks, then renames into place.
 *
 * Returns: the bytes.
 * Throws: FileError with the answer of each mirror (`network`), or why the file cannot be written.
 */
export async function download(job: Download): Promise<Uint8Array> {
  try {
    await makeFolder(path.dirname(job.file));
  } catch (cause) {
    throw fileError('write', job.file, cause);
  }
  const part = `${job.file}.${process.pid}-${randomUUID().slice(0, 8)}.part`;
  const failures: string[] = [];
  parts.add(part);
  try {
    await takeOver(part, job.file);
    for (const url of job.urls) {
      try {
        return await fetchWhole(url, part, job);
      } catch (cause) {
        if (cause instanceof FileError) throw cause;
        if (isFileSystemError(cause)) throw fileError('write', job.file, cause);
        failures.push(`${new URL(url).host}: ${reasonOf(cause)}`);
      }
    }
  } finally {
    parts.delete(part);
  }
  throw new FileError(`cannot download ${path.basename(job.file)} (${failures.join('; ')}).`, {
    problem: 'network',
  });
}

// ---- the .part file ----

/** The partial files that this process is writing: `<file>.<process>-<unique>.part`. */
const parts = new Set<string>();

/**
 * Adopts the partial file of a process that has ended: renames the longest to `part` and removes the others.
 *
 * A live process on another machine that shares the cache looks ended; verification of the whole file detects the mix.
 */
async function takeOver(part: string, file: string): Promise<void> {
  const [longest, ...rest] = (await abandonedParts(file)).sort((a, b) => b.size - a.size);
  for (const { at } of rest) await rm(at, { force: true });
  // Another process may be faster; then there is nothing to resume.
  if (longest !== undefined) await rename(longest.at, part).catch(() => undefined);
}

async function abandonedParts(file: string): Promise<{ readonly at: string; readonly size: number }[]> {
  const folder = path.dirname(file);
  const start = `${path.basename(file)}.`;
  const abandoned = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !name.endsWith('.part')) continue;
    const at = path.join(folder, name);
    const owner = Number(/^(\d+)-/.exec(name.slice(start.length))?.[1] ?? 0);
    if (parts.has(at) || (owner !== process.pid && isAlive(owner))) continue;
    abandoned.push({ at, size: await sizeOf(at) });
  }
  return abandoned;
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM means that the process is alive and belongs to another user.
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** 0 if the file does not exist. */
async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

// ---- from one mirror ----

/** Resumes a partial file; if the result is wrong, downloads it again. Removes wrong bytes. */
async function fetchWhole(url: string, part: string, job: Download): Promise<Uint8Array> {
  for (;;) {
    const begin = await sizeOf(part);
    try {
      const isContinued = await fetchInto(url, part, begin, job);
      if (isContinued === 'impossible') {
        await rm(part, { force: true });
        continue;
      }
      const bytes = await readBytes(part);
      try {
        job.check(bytes);
      } catch (cause) {
        await rm(part, { force: true });
        if (isContinued) continue;
        throw cause;
      }
      await rename(part, job.file);
      return bytes;
    } catch (cause) {
      if (isFileSystemError(cause) || (await sizeOf(part)) === 0) await rm(part, { force: true });
      throw cause;
    }
  }
}

/**
 * Streams the response to the end of the file, which is complete on return.
 *
 * Returns: whether it resumed the file; `impossible` if the mirror has no bytes beyond it.
 */
async function fetchInto(
  url: string,
  part: string,
  begin: number,
  { maxBytes, stallMs = 30_000, onProgress }: Download,
): Promise<boolean | 'impossible'> {
  const stall = new AbortController();
  const giveUp = () => stall.abort(new Error(`no bytes for ${stallMs / 1000} s`));
  let timer = setTimeout(giveUp, stallMs);
  try {
    // 'identity': the .gz is the file itself, so no proxy may decompress it or change its length.
    const headers = { 'accept-encoding': 'identity', ...(begin > 0 ? { range: `bytes=${begin}-` } : {}) };
    const response = await fetch(url, { signal: stall.signal, headers });
    if (begin > 0 && response.status === 416) return 'impossible';
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    if (response.body === null) throw new Error('an empty answer');
    const isContinued = begin > 0 && response.status === 206;
    if (isContinued && !startsAt(response, begin)) return 'impossible';
    let done = isContinued ? begin : 0;
    const header = response.headers.get('content-length');
    const total = header === null ? undefined : done + Number(header);
    if (total !== undefined && total > maxBytes)
      throw new Error(`${total} bytes, at most ${maxBytes} were expected`);

    const handle = await open(part, isContinued ? 'a' : 'w');
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, stallMs);
        done += chunk.length;
        if (done > maxBytes) {
          await handle.truncate(0);
          throw new Error(`more than the ${maxBytes} bytes expected`);
        }
        await handle.writeFile(chunk);
        onProgress?.(done, total);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (total !== undefined && done !== total) throw new Error(`it ended after ${done} of ${total} bytes`);
    return isContinued;
  } finally {
    clearTimeout(timer);
    stall.abort(); // an answer that is not wanted would go on arriving
  }
}

/** Whether a partial response starts at the requested offset: `Content-Range: bytes 100-199/200`. */
function startsAt(response: Response, begin: number): boolean {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]) === begin;
}

/** File system errors carry the name of the failed call; network errors have other names. */
function isFileSystemError(cause: unknown): boolean {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  return (
    code !== undefined &&
    ['open', 'write', 'mkdir', 'fsync', 'ftruncate', 'rename', 'rm', 'unlink', 'close'].includes(
      syscall ?? '',
    )
  );
}

/** fetch puts the reason (no such host, connection refused) into the cause of `fetch failed`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) return inner.errors[0].message;
  if (inner instanceof Error) return inner.message || String((inner as NodeJS.ErrnoException).code);
  return cause.message;
}
