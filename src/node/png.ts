/** Pixels to PNG, through pngjs. The other way is src/data/png.ts, for Node and browsers alike. */
import { PNG } from 'pngjs';
import type { Picture } from '../data/picture.js';
import { DataError } from '../errors.js';

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
