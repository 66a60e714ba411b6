/**
 * PNG to pixels and back, through pngjs, with one error for everything that is not a good PNG.
 */
import { PNG } from 'pngjs';
import type { Picture } from '../data/picture.js';
import { DataError } from '../errors.js';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** A small file can promise a picture that fills the memory; photographs have up to about 100 million pixels. */
const maxPixels = 1e8;

/**
 * Any PNG (grey, palette, RGB, with or without alpha, 1 to 16 bits, interlaced too) as 8-bit RGBA.
 *
 * Throws: DataError naming `name` when the bytes are not a whole, undamaged PNG.
 */
export function decodePng(bytes: Uint8Array, name: string): Picture {
  checkStart(bytes, name);
  try {
    // pngjs wants a Buffer; this one shares the bytes.
    const { data, width, height } = PNG.sync.read(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
    const expected = width * height * 4;
    if (data.length !== expected) throw new Error(`${data.length} of ${expected} bytes of pixels`);
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels: 4 };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name}: a damaged PNG (${reason}). Save it again.`, { cause });
  }
}

/** The signature, then IHDR with the size: eight bytes, length, name, width, height. */
function checkStart(bytes: Uint8Array, name: string): void {
  if (signature.some((byte, i) => bytes[i] !== byte)) {
    throw new DataError(`${name}: not a PNG: ${describeStart(bytes)}. Save the picture as PNG.`);
  }
  if (bytes.length < 33) {
    throw new DataError(`${name}: a damaged PNG (it ends after ${bytes.length} bytes). Save it again.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width === 0 || height === 0 || width * height > maxPixels) {
    throw new DataError(
      `${name}: a PNG of ${width}×${height} pixels; from 1 to ${maxPixels / 1e6} million are read. Make it smaller.`,
    );
  }
}

function describeStart(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  if (bytes.length === 0) return 'it is empty';
  if (text.startsWith('\xff\xd8\xff')) return 'it is a JPEG';
  if (text.startsWith('GIF8')) return 'it is a GIF';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'it is a WebP';
  if (text.startsWith('BM')) return 'it is a BMP';
  if (text.startsWith('<')) return 'it is text such as SVG or HTML';
  return 'its first bytes are those of some other kind of file';
}

/** pngjs's numbers for what the pixels are. */
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** An 8-bit PNG with the picture's own channels. Throws: DataError when size and bytes do not fit. */
export function encodePng({ data, width, height, channels }: Picture): Uint8Array {
  if (width < 1 || height < 1 || data.length !== width * height * channels) {
    throw new DataError(
      `PNG: a picture of ${width}×${height} with ${channels} channels needs ${width * height * channels} bytes, but there are ${data.length}.`,
    );
  }
  const colorType = colourTypes[channels];
  const png = new PNG({ width, height });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const inputHasAlpha = channels === 2 || channels === 4;
  // Input and output of one type: pngjs takes the bytes as they are.
  const bytes = PNG.sync.write(png, { colorType, inputColorType: colorType, inputHasAlpha });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
