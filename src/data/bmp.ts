/**
 * Decodes BMP, which sharp does not read: 1, 4 or 8 bits with a palette, 16, 24 or 32 bits, rows from the bottom or the top.
 *
 * Source: Microsoft, Windows GDI, Bitmap Structures (BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV5HEADER).
 */
import { DataError } from '../errors.js';
import type { Picture } from './picture.js';
import { checkPixels } from './picture_kind.js';

interface Header {
  readonly width: number;
  readonly height: number;
  readonly isFromTop: boolean;
  readonly bits: number;
  /** Red, green, blue and alpha, for 16 and 32 bits. */
  readonly masks: readonly number[];
  /** Red, green and blue by index, for 8 bits and fewer. */
  readonly palette: readonly (readonly number[])[];
  /** Where the rows begin. */
  readonly begin: number;
}

const [uncompressed, bitFields, alphaBitFields] = [0, 3, 6];

/** Throws: DataError naming `name` when the header is damaged, or the picture too large or compressed. */
export function bmpSize(
  bytes: Uint8Array,
  name: string,
): { readonly width: number; readonly height: number } {
  return readHeader(bytes, name);
}

/** RGBA. Throws: DataError naming `name` when the bytes are not an intact BMP. */
export function decodeBmp(bytes: Uint8Array, name: string): Picture {
  const { width, height, isFromTop, bits, masks, palette, begin } = readHeader(bytes, name);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (begin + rowBytes * height > bytes.length) throw damaged(name, 'it is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Uint8Array(4 * width * height);
  const channels = masks.map(channelReader);
  // Many writers leave the alpha of 32 bits at 0.
  let isOpaque = true;
  for (let y = 0; y < height; y++) {
    const row = begin + rowBytes * (isFromTop ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const to = 4 * (y * width + x);
      if (bits <= 8) {
        const bit = x * bits;
        const index = (bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
        const colour = palette[index];
        if (!colour) throw damaged(name, `its palette has no colour ${index}`);
        data.set(colour, to);
      } else if (bits === 24) {
        for (let c = 0; c < 3; c++) data[to + c] = bytes[row + 3 * x + 2 - c]!;
      } else {
        const value = bits === 16 ? view.getUint16(row + 2 * x, true) : view.getUint32(row + 4 * x, true);
        channels.forEach((read, c) => (data[to + c] = read(value)));
        if (masks[3] && data[to + 3]! > 0) isOpaque = false;
      }
    }
  }
  if (isOpaque) for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { data, width, height, channels: 4 };
}

function readHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length < 30 ? 0 : view.getUint32(14, true);
  if (size === 0 || 14 + size > bytes.length) throw damaged(name, `it ends after ${bytes.length} bytes`);
  const isOld = size === 12;
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isOld ? view.getInt16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? uncompressed : view.getUint32(30, true);
  checkPixels(name, { width, height });
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw damaged(name, `its pixels have ${bits} bits`);
  const hasMasks = compression === bitFields || compression === alphaBitFields;
  if (compression !== uncompressed && !(hasMasks && bits >= 16))
    throw new DataError(`${name}: is a compressed BMP, which is not read. Save it as PNG.`);
  const masksAt = 54;
  const maskAt = (i: number): number =>
    masksAt + 4 * i + 4 <= bytes.length ? view.getUint32(masksAt + 4 * i, true) : 0;
  const hasAlphaMask = size >= 56 || compression === alphaBitFields;
  const masks = hasMasks
    ? [maskAt(0), maskAt(1), maskAt(2), hasAlphaMask ? maskAt(3) : 0]
    : bits === 16
      ? [0x7c00, 0x03e0, 0x001f, 0]
      : [0xff0000, 0xff00, 0xff, 0];
  const given = isOld || bits > 8 ? 0 : view.getUint32(46, true);
  const colours = bits > 8 ? 0 : given > 0 && given <= 2 ** bits ? given : 2 ** bits;
  const entry = isOld ? 3 : 4;
  const paletteAt = 14 + size + (hasMasks && size === 40 ? 12 : 0);
  const palette = Array.from({ length: colours }, (_, i) => {
    const at = paletteAt + entry * i;
    if (at + 3 > bytes.length) throw damaged(name, 'its palette is cut off');
    return [bytes[at + 2]!, bytes[at + 1]!, bytes[at]!];
  });
  return {
    width,
    height,
    isFromTop: signedHeight < 0,
    bits,
    masks,
    palette,
    begin: view.getUint32(10, true),
  };
}

/** Scales the bits of a mask to 0 … 255. */
function channelReader(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  let shift = 0;
  while (((mask >>> shift) & 1) === 0) shift++;
  const most = mask >>> shift;
  return (value) => Math.round(((((value & mask) >>> 0) >>> shift) * 255) / most);
}

function damaged(name: string, reason: string): DataError {
  return new DataError(`${name}: a damaged BMP (${reason}). Save it again.`);
}
