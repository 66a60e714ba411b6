/**
 * Decodes PNG without a canvas, which would change values: it premultiplies alpha, some browsers apply colour
 * management, and some add noise against fingerprinting.
 *
 * Source: W3C, Portable Network Graphics (Third Edition), sections 5 (chunks), 7 (samples), 8 (interlacing), 9 (filters).
 */
import { DataError } from '../errors.js';
import { decompress } from './decompress.js';
import type { Picture } from './picture.js';
import { checkPixels, notAPicture } from './picture_kind.js';
import { joined, maxRatio } from './unpack.js';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/**
 * The signature, then IHDR with the size: eight bytes, length, name, width, height. No second IHDR may follow,
 * because it could declare another size.
 *
 * Throws: DataError naming `name` unless the bytes start as a PNG of an accepted size.
 */
function checkPngStart(bytes: Uint8Array, name: string): void {
  if (!isPng(bytes)) throw notAPicture(bytes, name);
  if (bytes.length < 33) throw damagedPng(name, `it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [header, ...others] = chunkTypes(bytes, view);
  if (header !== 'IHDR' || others.includes('IHDR'))
    throw damagedPng(name, 'its first chunk, and no other, must be its header');
  checkPixels(name, { width: view.getUint32(16), height: view.getUint32(20) });
}

/** The declared size, read before decompression. Throws: DataError, as `decodePng`. */
export function pngSize(
  bytes: Uint8Array,
  name: string,
): { readonly width: number; readonly height: number } {
  checkPngStart(bytes, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** The names of the chunks, up to the end of the bytes. */
function chunkTypes(bytes: Uint8Array, view: DataView): string[] {
  const types: string[] = [];
  for (let at = signature.length; at + 8 <= bytes.length; at += 12 + view.getUint32(at))
    types.push(String.fromCharCode(...bytes.subarray(at + 4, at + 8)));
  return types;
}

function damagedPng(name: string, reason: string, options?: ErrorOptions): DataError {
  return new DataError(`${name}: a damaged PNG (${reason}). Save it again.`, options);
}

/**
 * Any PNG (grey, palette, RGB, with or without alpha, 1 to 16 bits, interlaced too) as 8-bit RGBA. 16-bit samples
 * are rounded to 8 bits; colour profiles and gamma are ignored.
 *
 * Throws: DataError naming `name` when the bytes are not an intact PNG.
 */
export async function decodePng(bytes: Uint8Array, name: string): Promise<Picture> {
  checkPngStart(bytes, name);
  try {
    const { header, palette, transparency, packed } = readChunks(bytes);
    const images = subImages(header);
    const raw = await unpack(packed, images);
    const data = new Uint8Array(4 * header.width * header.height);
    let at = 0;
    for (const image of images) {
      const rows = raw.subarray(at, at + image.height * (1 + image.rowBytes));
      unfilter(rows, image, header.pixelBytes);
      place(rows, image, header, colours(header, palette, transparency), data);
      at += rows.length;
    }
    return { data, width: header.width, height: header.height, channels: 4 };
  } catch (cause) {
    throw damagedPng(name, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

// ---- chunks ----

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly colourType: ColourType;
  readonly isInterlaced: boolean;
  /** Samples of a pixel. */
  readonly samples: number;
  /** Distance of the filters' left neighbour: bytes per pixel, at least 1. */
  readonly pixelBytes: number;
}

type ColourType = keyof typeof colourTypes;

/** Samples per pixel and allowed bit depths, by colour type. */
const colourTypes = {
  0: { name: 'grey', samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { name: 'RGB', samples: 3, depths: [8, 16] },
  3: { name: 'palette', samples: 1, depths: [1, 2, 4, 8] },
  4: { name: 'grey and alpha', samples: 2, depths: [8, 16] },
  6: { name: 'RGBA', samples: 4, depths: [8, 16] },
} as const;

interface Chunks {
  readonly header: Header;
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
  /** All IDAT chunks, concatenated. */
  readonly packed: Uint8Array;
}

function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  const data: Uint8Array[] = [];
  let at = signature.length;
  while (!found.has('IEND')) {
    if (at + 12 > bytes.length) throw new Error('it is cut off');
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw new Error(`it is cut off in its chunk ${printable(type)}`);
    if (crc(bytes.subarray(at + 4, end)) !== view.getUint32(end))
      throw new Error(`the checksum of its chunk ${printable(type)} is wrong`);
    const contents = bytes.subarray(at + 8, end);
    if (type === 'IDAT') data.push(contents);
    else if (isCritical(type) && (found.has(type) || !knownChunks.has(type)))
      throw new Error(`${found.has(type) ? 'it has a second' : 'no PNG has the'} chunk ${printable(type)}`);
    else found.set(type, contents);
    at = end + 4;
  }
  if (at < bytes.length) throw new Error(`${bytes.length - at} bytes follow its end`);
  if (data.length === 0) throw new Error('it holds no pixels');
  const header = found.get('IHDR');
  if (header?.length !== 13) throw new Error('it has no header');
  return {
    header: readHeader(header),
    palette: found.get('PLTE'),
    transparency: found.get('tRNS'),
    packed: joined(
      data,
      data.reduce((sum, { length }) => sum + length, 0),
    ),
  };
}

/** Chunks needed to decode the pixels; all others start with a lower-case letter or are unknown. */
const knownChunks: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);

/** The fifth bit of the name's first letter: a decoder may skip only chunks that have it set. Source: section 5.4. */
function isCritical(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) === 0;
}

/** A chunk name for messages; a damaged name may contain any bytes. */
function printable(type: string): string {
  return /^[A-Za-z]{4}$/.test(type) ? type : 'with a damaged name';
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [depth = 0, colourType = 0, compression, filter, interlace] = bytes.subarray(8);
  if (!isColourType(colourType)) throw new Error(`there is no colour type ${colourType}`);
  const { name, samples, depths } = colourTypes[colourType];
  if (!(depths as readonly number[]).includes(depth)) throw new Error(`${name} has no ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlace === undefined || interlace > 1)
    throw new Error('its header asks for what no PNG has');
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth,
    colourType,
    isInterlaced: interlace === 1,
    samples,
    pixelBytes: Math.max(1, (samples * depth) / 8),
  };
}

function isColourType(value: number): value is ColourType {
  return Object.hasOwn(colourTypes, value);
}

/** CRC-32 of every byte value, polynomial 0xEDB88320. Source: section 5.5 and annex D. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

function crc(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ crcTable[(remainder ^ byte) & 0xff]!;
  return (remainder ^ 0xffffffff) >>> 0;
}

// ---- rows ----

/** A sub-image stored on its own: the whole picture, or one of the seven of Adam7. */
interface SubImage {
  readonly width: number;
  readonly height: number;
  /** Without the filter-type byte. */
  readonly rowBytes: number;
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
}

/** Adam7: left, top, and the steps across and down. Source: section 8.1. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function subImages({ width, height, isInterlaced, samples, depth }: Header): SubImage[] {
  const grids = isInterlaced ? adam7 : ([[0, 0, 1, 1]] as const);
  return grids
    .map(([left, top, stepX, stepY]) => {
      const own = Math.ceil((width - left) / stepX);
      const rowBytes = Math.ceil((own * samples * depth) / 8);
      return { width: own, height: Math.ceil((height - top) / stepY), rowBytes, left, top, stepX, stepY };
    })
    .filter((image) => image.width > 0 && image.height > 0);
}

/** Decompresses all rows of all sub-images, never more than their size implies. */
async function unpack(packed: Uint8Array, images: readonly SubImage[]): Promise<Uint8Array> {
  const expected = images.reduce((sum, { height, rowBytes }) => sum + height * (1 + rowBytes), 0);
  // Before any allocation: a hundred bytes may declare a picture of 800 MB.
  if (expected > packed.length * maxRatio)
    throw new Error(
      `its size takes ${expected} bytes of pixels, but ${packed.length} packed bytes cannot hold them`,
    );
  const raw = new Uint8Array(expected);
  let length = 0;
  for await (const chunk of decompress(packed, 'deflate')) {
    if (length + chunk.length > expected) throw new Error('it holds more pixels than its size says');
    raw.set(chunk, length);
    length += chunk.length;
  }
  if (length < expected) throw new Error(`${length} of ${expected} bytes of pixels`);
  return raw;
}

/**
 * Reverses the filters in place, row by row: each byte was stored as its difference from a prediction.
 *
 *   0 none, 1 the pixel to the left (a), 2 the one above (b), 3 ⌊(a + b)/2⌋, 4 Paeth's choice of a, b and above left (c)
 */
function unfilter(rows: Uint8Array, { height, rowBytes }: SubImage, pixelBytes: number): void {
  let above: Uint8Array = new Uint8Array(rowBytes);
  for (let y = 0; y < height; y++) {
    const begin = y * (1 + rowBytes);
    const filter = rows[begin]!;
    const row = rows.subarray(begin + 1, begin + 1 + rowBytes);
    if (filter > 4) throw new Error(`row ${y} has the unknown filter ${filter}`);
    for (let i = 0; i < (filter === 0 ? 0 : rowBytes); i++) {
      const a = i < pixelBytes ? 0 : row[i - pixelBytes]!;
      const b = above[i]!;
      const c = i < pixelBytes ? 0 : above[i - pixelBytes]!;
      row[i]! += filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c);
    }
    above = row;
  }
}

/** The one of a, b and c nearest to a + b − c; the first of equals. */
function paeth(a: number, b: number, c: number): number {
  const [da, db, dc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return da <= db && da <= dc ? a : db <= dc ? b : c;
}

// ---- pixels ----

/** Writes the colour of a pixel, given by its samples, to `data` at `to`. */
type Paint = (samples: Uint16Array, data: Uint8Array, to: number) => void;

function place(rows: Uint8Array, image: SubImage, header: Header, paint: Paint, data: Uint8Array): void {
  const { samples, depth, width } = header;
  const own = new Uint16Array(samples);
  for (let y = 0; y < image.height; y++) {
    const begin = y * (1 + image.rowBytes) + 1;
    for (let x = 0; x < image.width; x++) {
      for (let s = 0; s < samples; s++) own[s] = sampleAt(rows, begin, x * samples + s, depth);
      paint(own, data, 4 * ((image.top + y * image.stepY) * width + image.left + x * image.stepX));
    }
  }
}

/** A sample of a row: 16 bits big-endian, 8 bits, or fewer from the high bits of a byte. */
function sampleAt(rows: Uint8Array, begin: number, index: number, depth: number): number {
  if (depth === 16) return rows[begin + 2 * index]! * 256 + rows[begin + 2 * index + 1]!;
  if (depth === 8) return rows[begin + index]!;
  const bit = index * depth;
  return (rows[begin + (bit >> 3)]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Converts samples to colours. `transparency` (tRNS) makes one colour transparent, or sets the alpha of palette entries. */
function colours(
  { colourType, depth }: Header,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
): Paint {
  if (colourType === 3) {
    if (palette === undefined) throw new Error('it has no palette');
    return ([index = 0], data, to) => {
      if (3 * index + 2 >= palette.length) throw new Error(`its palette has no colour ${index}`);
      for (let c = 0; c < 3; c++) data[to + c] = palette[3 * index + c]!;
      data[to + 3] = transparency?.[index] ?? 255;
    };
  }
  const largest = 2 ** depth - 1;
  const to8 = (sample: number): number => Math.round((sample * 255) / largest);
  const isGrey = colourType === 0 || colourType === 4;
  const colourSamples = isGrey ? 1 : 3;
  const clear = colourType === 0 || colourType === 2 ? clearColour(transparency, colourSamples) : undefined;
  return (samples, data, to) => {
    for (let c = 0; c < 3; c++) data[to + c] = to8(samples[isGrey ? 0 : c]!);
    const isClear = clear?.every((sample, i) => sample === samples[i]) ?? false;
    data[to + 3] = samples.length > colourSamples ? to8(samples[colourSamples]!) : isClear ? 0 : 255;
  };
}

/** The colour that tRNS makes transparent: 16 bits for each sample, whatever the depth. */
function clearColour(transparency: Uint8Array | undefined, samples: number): number[] | undefined {
  if (transparency === undefined) return undefined;
  if (transparency.length !== 2 * samples) throw new Error('its transparent colour is incomplete');
  return Array.from({ length: samples }, (_, i) => transparency[2 * i]! * 256 + transparency[2 * i + 1]!);
}
