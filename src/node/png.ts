/**
 * PNG to pixels and back, through pngjs, with one error for everything that is not a good PNG.
 */
import { PNG } from 'pngjs';
import type { Picture } from '../data/picture.js';
import { checkPngStart, damagedPng } from '../data/png.js';
import { DataError } from '../errors.js';

/**
 * Any PNG (grey, palette, RGB, with or without alpha, 1 to 16 bits, interlaced too) as 8-bit RGBA.
 *
 * Throws: DataError naming `name` when the bytes are not a whole, undamaged PNG.
 */
export function decodePng(bytes: Uint8Array, name: string): Picture {
  checkPngStart(bytes, name);
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
    throw damagedPng(name, reason, { cause });
  }
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
