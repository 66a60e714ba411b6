/**
 * Fetches one file from the first of several mirrors that has it, whole and checked, or not at all.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { FileError } from '../errors.js';
import { fileError } from './files.js';

export interface Download {
  /** Addresses of the same file, tried in order. */
  readonly urls: readonly string[];
  /** Where it goes. Until it is whole and checked it is called `….part`. */
  readonly file: string;
  /** More bytes than this are not the file that was asked for. */
  readonly maxBytes: number;
  /** Throws when the bytes are not the right ones; the next mirror is tried then. */
  readonly check: (bytes: Uint8Array) => void;
  /** Silence for this long ends an attempt. */
  readonly stallMs?: number;
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/**
 * Downloads, checks, then renames into place.
 *
 * Returns: the bytes.
 * Throws: FileError naming what each mirror answered (`network`), or why the file cannot be written.
 */
export async function download(job: Download): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const url of job.urls) {
    // The unique middle keeps two processes that fetch the same file apart.
    const part = `${job.file}.${randomUUID().slice(0, 8)}.part`;
    try {
      await mkdir(path.dirname(job.file), { recursive: true });
      const bytes = await fetchInto(url, part, job);
      job.check(bytes);
      await rename(part, job.file);
      return bytes;
    } catch (cause) {
      await rm(part, { force: true }).catch(() => undefined); // the error at hand is the one to report
      if (isFileSystemError(cause)) throw fileError('write', job.file, cause);
      failures.push(`${new URL(url).host}: ${reasonOf(cause)}`);
    }
  }
  throw new FileError(`cannot download ${path.basename(job.file)} (${failures.join('; ')}).`, {
    problem: 'network',
  });
}

/** Streams the answer to the file and to memory; both are whole when this returns. */
async function fetchInto(url: string, part: string, job: Download): Promise<Uint8Array> {
  const { maxBytes, stallMs = 30_000, onProgress } = job;
  const stall = new AbortController();
  const giveUp = () => stall.abort(new Error(`no bytes for ${stallMs / 1000} s`));
  let timer = setTimeout(giveUp, stallMs);
  try {
    // 'identity': the .gz is the file itself, so nothing on the way may unpack it or change its length.
    const response = await fetch(url, { signal: stall.signal, headers: { 'accept-encoding': 'identity' } });
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    if (response.body === null) throw new Error('an empty answer');
    const header = response.headers.get('content-length');
    const total = header === null ? undefined : Number(header);
    if (total !== undefined && total > maxBytes)
      throw new Error(`${total} bytes, at most ${maxBytes} were expected`);

    const chunks: Uint8Array[] = [];
    let done = 0;
    const handle = await open(part, 'wx');
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, stallMs);
        done += chunk.length;
        if (done > maxBytes) throw new Error(`more than the ${maxBytes} bytes expected`);
        chunks.push(chunk);
        await handle.writeFile(chunk);
        onProgress?.(done, total);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (total !== undefined && done !== total) throw new Error(`it ended after ${done} of ${total} bytes`);
    return join(chunks, done);
  } finally {
    clearTimeout(timer);
  }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Errors of the disk carry the name of the call that failed; those of the network have their own calls. */
function isFileSystemError(cause: unknown): boolean {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  return code !== undefined && ['open', 'write', 'mkdir', 'fsync', 'rename', 'close'].includes(syscall ?? '');
}

/** fetch hides the reason (no such host, connection refused) one level below its `fetch failed`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) return inner.errors[0].message;
  if (inner instanceof Error) return inner.message || String((inner as NodeJS.ErrnoException).code);
  return cause.message;
}
