/**
 * Reads the NumPy archives (.npz) that Keras's `mnist.npz` needs: zip files of u8 .npy arrays.
 *
 * Sources: PKWARE's APPNOTE 6.3 (zip); numpy.lib.format (npy).
 */
import { inflateRawSync } from 'node:zlib';
import { DataError } from '../errors.js';

/** Limit of the header of an array: NumPy writes 128 bytes. */
const mostHeaderBytes = 65_536;

/** An array of bytes in C order. */
export interface NpyBytes {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * The wanted u8 arrays of a .npz that it contains, by name without `.npy`; others are not decompressed.
 *
 * `wanted` gives the maximum number of values of each; longer arrays are not decompressed.
 * Throws: DataError naming `name` when the archive is damaged, or a wanted array is not u8 or too long.
 */
export function readNpz(
  bytes: Uint8Array,
  name: string,
  wanted: Readonly<Record<string, number>>,
): Map<string, NpyBytes> {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found = new Map<string, NpyBytes>();
    for (const entry of listEntries(view, bytes)) {
      const array = entry.name.replace(/\.npy$/, '');
      if (!Object.hasOwn(wanted, array)) continue;
      if (found.has(array)) throw new Error(`it holds ${entry.name} twice`);
      found.set(array, readNpy(unpack(entry, view, bytes, wanted[array]! + mostHeaderBytes)));
    }
    return found;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name} cannot be read as .npz (${reason})`, { cause });
  }
}

interface Entry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly packedLength: number;
  readonly length: number;
  /** Offset of the local header. */
  readonly at: number;
}

/** Reads the central directory, which the record at the end of the file points to. */
function listEntries(view: DataView, bytes: Uint8Array): Entry[] {
  // The record has 22 bytes and a comment of up to 65,535.
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error('no zip directory');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error('a damaged zip directory');
    const nameLength = view.getUint16(at + 28, true);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      packedLength: view.getUint32(at + 20, true),
      length: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The bytes of an entry. The local header may have other extra fields than the directory, so both lengths are read. */
function unpack(
  { name, method, packedLength, length, at }: Entry,
  view: DataView,
  bytes: Uint8Array,
  most: number,
): Uint8Array {
  if (view.getUint32(at, true) !== 0x04034b50) throw new Error(`a damaged entry ${name}`);
  const begin = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  const packed = bytes.subarray(begin, begin + packedLength);
  if (length > most) throw new Error(`${name} unpacks to ${length} bytes, at most ${most} are read`);
  if (method === 0) return packed;
  if (method !== 8) throw new Error(`${name} is packed by method ${method}`);
  return inflateRawSync(packed, { maxOutputLength: length + 1 });
}

/** Magic, version, header length, a Python dictionary as text, data. */
function readNpy(bytes: Uint8Array): NpyBytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== 0x934e554d) throw new Error('not an .npy array');
  const begin = bytes[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(10, begin));
  const shape = /'shape': \(([\d, ]*)\)/.exec(header)?.[1];
  if (
    shape === undefined ||
    !header.includes("'descr': '|u1'") ||
    !header.includes("'fortran_order': False")
  ) {
    throw new Error(`an array that is not of bytes in C order: ${header.trim()}`);
  }
  const sizes = shape
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  const data = bytes.subarray(begin);
  const expected = sizes.reduce((product, size) => product * size, 1);
  if (data.length !== expected)
    throw new Error(`an array of [${sizes.join(',')}] with ${data.length} bytes, expected ${expected}`);
  return { shape: sizes, data };
}
