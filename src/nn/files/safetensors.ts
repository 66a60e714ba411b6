/**
 * safetensors, the format of weights: u64 length of the header, the header as JSON (name → dtype, shape, byte offsets), then the
 * bytes of all tensors without gaps. Everything is little-endian.
 *
 * The reader trusts nothing: a damaged or hostile file causes a ModelError that says what is wrong.
 * Source: github.com/huggingface/safetensors, README, "Format".
 */
import { ModelError, ShapeError, UsageError, assert } from '../../errors.js';
import { parseJson } from '../../json_reader.js';

/** Every supported dtype, and its array type. f16 and bf16 are raw 16-bit words. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type StoredDType = keyof typeof arrays;

/** One tensor as stored: a discriminated union, so that `dtype === 'F32'` implies that `data` is a Float32Array. */
export type StoredTensor = {
  [D in StoredDType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: InstanceType<(typeof arrays)[D]>;
  };
}[StoredDType];

export interface StoredTensors {
  /** In the order of the file's header. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Limit of the official reader. */
const maxHeaderBytes = 100_000_000;
const metadataKey = '__metadata__';

assert(new Uint8Array(Uint16Array.of(1).buffer)[0] === 1, 'every platform with WebGPU is little-endian');

/**
 * Writes tensors; the same tensors and metadata give the same bytes, in whatever order they are passed.
 *
 * Wide dtypes come first, then names in order, so that each tensor is aligned to its element size.
 * Throws: ShapeError if a shape does not match its data, UsageError for the reserved name `__metadata__`.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = [...tensors].sort(
    ([nameA, a], [nameB, b]) => widthOf(b) - widthOf(a) || compare(nameA, nameB),
  );
  const header: [string, unknown][] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => compare(a, b));
  if (notes.length > 0) header.push([metadataKey, fromEntries(notes)]);
  let length = 0;
  const names = new Set<string>();
  for (const [name, { dtype, shape, data }] of entries) {
    checkTensor(name, shape, data.length);
    if (names.has(name)) throw new UsageError(`safetensors: two tensors are called '${name}'.`);
    names.add(name);
    header.push([name, { dtype, shape, data_offsets: [length, length + data.byteLength] }]);
    length += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(fromEntries(header)));
  const headerLength = Math.ceil(text.length / 8) * 8;
  if (headerLength > maxHeaderBytes) {
    throw new UsageError(
      `safetensors: a header of ${headerLength} bytes; at most ${maxHeaderBytes} are allowed.`,
    );
  }

  const bytes = new Uint8Array(8 + headerLength + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(text, 8);
  let at = 8 + headerLength;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function checkTensor(name: string, shape: readonly number[], length: number): void {
  if (name === metadataKey)
    throw new UsageError(`safetensors: '${metadataKey}' is reserved, rename the tensor.`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || elements(shape) !== length) {
    throw new ShapeError(`safetensors: '${name}' has the shape [${shape.join(',')}] but ${length} values.`);
  }
}

/** An object in which `__proto__` is an ordinary key. */
function fromEntries(entries: Iterable<[string, unknown]>): object {
  return Object.fromEntries(entries);
}

/** By code unit: the same on every machine, unlike localeCompare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function widthOf({ dtype }: { dtype: StoredDType }): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Reads a whole file. `name` names it in messages.
 *
 * Memory: every tensor gets its own array.
 * Throws: ModelError for anything that the format forbids: wrong lengths, gaps, overlaps, duplicate names, unknown dtypes,
 * sizes that do not match shapes.
 */
export function readSafetensors(bytes: Uint8Array, name: string): StoredTensors {
  const fail = (what: string): never => {
    throw new ModelError(`${name}: not a valid .safetensors file: ${what}${what.endsWith('?') ? '' : '.'}`);
  };
  if (bytes.length < 8) fail(`${bytes.length} bytes are too few`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > maxHeaderBytes) fail('it does not begin with the length of a header');
  if (headerLength < 2) fail('its header is empty');
  if (headerLength > bytes.length - 8) {
    fail(`its header has ${headerLength} bytes, but only ${bytes.length - 8} follow. Is it cut off?`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fail);
  const body = bytes.subarray(8 + headerLength);
  let metadata: Record<string, string> = {};
  const places: Place[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === metadataKey) metadata = readMetadata(value, fail);
    else places.push(readPlace(key, value, fail));
  }
  checkPlaces(places, body.length, fail);
  return { tensors: new Map(places.map((place) => [place.name, tensorAt(place, body)])), metadata };
}

type Fail = (what: string) => never;

/** A header entry that has passed all checks that do not involve other entries. */
interface Place {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail("its header does not begin with '{'");
  // A byte order mark is not white space here: the first byte was checked above.
  const header = parseJson(bytes, (what) => fail(what.replace(/^it /, 'its header ')));
  // It begins with '{', so it is an object.
  return header as Record<string, unknown>;
}

function readMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((note) => typeof note === 'string')) {
    return fail(`'${metadataKey}' must map strings to strings`);
  }
  return value as Record<string, string>;
}

function readPlace(name: string, value: unknown, fail: Fail): Place {
  const fault = (what: string): never => fail(`tensor '${name}' ${what}`);
  if (!isObject(value)) return fault('is not described by an object');
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const [stranger] = Object.keys(rest);
  if (stranger !== undefined) fault(`has the unknown field '${stranger}'`);
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype)) {
    return fault(`has the dtype ${JSON.stringify(dtype)}; known are ${Object.keys(arrays).join(', ')}`);
  }
  if (!isSizes(shape)) return fault(`has the shape ${JSON.stringify(shape)}, expected a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    return fault(`has the offsets ${JSON.stringify(offsets)}, expected a start and an end`);
  }
  const [begin, end] = offsets as [number, number];
  // A product past 2^53 is inexact but still unequal to any real length.
  const expected = elements(shape) * arrays[dtype as StoredDType].BYTES_PER_ELEMENT;
  if (end - begin !== expected) {
    fault(`${dtype} [${shape.join(',')}] needs ${expected} bytes, but has ${end - begin}`);
  }
  return { name, dtype: dtype as StoredDType, shape, begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

/** The tensors must cover the data from the first byte to the last without gaps or overlaps. */
function checkPlaces(places: readonly Place[], bodyLength: number, fail: Fail): void {
  let covered = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin > covered) fail(`bytes ${covered} to ${begin} of the data belong to no tensor`);
    if (begin < covered) fail(`tensor '${name}' overlaps the one before it at byte ${begin} of the data`);
    covered = end;
  }
  if (covered !== bodyLength) {
    const hint = covered > bodyLength ? '. Is it cut off?' : '';
    fail(`its tensors take ${covered} bytes of data, but it holds ${bodyLength}${hint}`);
  }
}

function tensorAt({ dtype, shape, begin, end }: Place, body: Uint8Array): StoredTensor {
  // A copy, also because other writers do not always align the data.
  const { buffer } = new Uint8Array(body.subarray(begin, end));
  return { dtype, shape, data: new arrays[dtype](buffer) } as StoredTensor;
}
