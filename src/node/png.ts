/** Encodes PNG with pngjs. src/data/png.ts decodes, in Node and in browsers. */
import { PNG } from 'pngjs';
import type { Picture } from '../data/picture.js';
import { DataError } from '../errors.js';

/** Colour types of pngjs. */
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** Encodes an 8-bit PNG with the channels of the picture. Throws: DataError when size and bytes do not match. */
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
  // Equal input and output types make pngjs copy the bytes.
  const bytes = PNG.sync.write(png, { colorType, inputColorType: colorType, inputHasAlpha });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
