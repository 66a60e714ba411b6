/** Decompresses gzip-compressed IDX files up to the length that their header implies, with a given decompressor. */
import { DataError } from '../errors.js';
import { promisedLength } from './idx.js';

/** Limit of file size: a typed array of this size works everywhere. */
const maxBytes = 2 ** 31;
/** Deflate packs at most 1,032 bytes into one (Deutsch 1996, RFC 1951: 258 bytes in 2 bits). */
export const maxRatio = 1032;
/** A header with 255 dimensions. */
const longestHeader = 4 + 4 * 255;

/** Decompresses gzip in pieces: zlib in Node, DecompressionStream in a browser. */
export type Gunzip = (packed: Uint8Array) => AsyncIterable<Uint8Array>;

function isGzip([a, b]: Uint8Array): boolean {
  return a === 0x1f && b === 0x8b;
}

/**
 * The bytes of an IDX file, decompressed if needed. `name` names the file in messages.
 *
 * Throws: DataError when they cannot be decompressed or have another length.
 */
export async function unpackIdx(bytes: Uint8Array, name: string, gunzip: Gunzip): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const most = Math.min(maxBytes, bytes.length * maxRatio);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let promised: number | undefined;
  try {
    for await (const chunk of gunzip(bytes)) {
      chunks.push(chunk);
      length += chunk.length;
      promised ??= promisedLength(joined(chunks, length));
      if (promised !== undefined && promised > most) {
        throw new DataError(
          `${name}: the header promises ${promised} bytes, but ${bytes.length} packed bytes hold at most ${most}. The file is damaged or not what it says.`,
        );
      }
      if (length > (promised ?? longestHeader)) break;
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name}: cannot be unpacked (${reason}). Fetch it again.`, { cause });
  }
  if (promised !== undefined && length > promised) {
    throw new DataError(
      `${name}: too long: the header promises ${promised} bytes, but more come out of the packed file. Is it really this data set?`,
    );
  }
  return joined(chunks, length);
}

/** The bytes of a file, decompressed if needed. Throws: DataError, as above, and for more than a typed array holds. */
export async function unpackWhole(bytes: Uint8Array, name: string, gunzip: Gunzip): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of gunzip(bytes)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw new DataError(`${name}: unpacks to more than ${maxBytes} bytes.`);
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name}: cannot be unpacked (${reason}). Fetch it again.`, { cause });
  }
  return joined(chunks, length);
}

/** Concatenates arrays; `length` is their total length. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
