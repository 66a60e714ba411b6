/** Reads a picture in any format that the browser supports, for prediction. */
import { checkFileSize } from '../data/file_tree.js';
import type { Picture } from '../data/picture.js';
import { decodePng, isPng, mostPngBytes } from '../data/png.js';
import { DataError } from '../errors.js';
import { rule } from '../options.js';
import { checkArgument } from '../calls.js';

/** Larger pictures are scaled down while reading: predictions need fewer pixels, and canvases have limits. */
const maxSide = 4096;

/**
 * The picture as RGBA, for `digitImage` and `fitPicture`. PNG is decoded to its exact values, as in Node; other
 * formats by the browser, without colour management if possible, rotated according to EXIF.
 *
 * Throws: DataError when the browser does not support the format, or the file is damaged.
 */
export async function readPicture(
  blob: Blob,
  name = (blob as Partial<File> | undefined)?.name ?? 'picture',
): Promise<Picture> {
  checkArgument('readPicture', 'blob', blob, blobRule);
  const start = new Uint8Array(await blob.slice(0, 8).arrayBuffer());
  if (isPng(start)) {
    checkFileSize(name, blob.size, mostPngBytes);
    return decodePng(new Uint8Array(await blob.arrayBuffer()), name);
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch (cause) {
    throw new DataError(
      `${name}: the browser cannot read this picture (${cause instanceof Error ? cause.message : String(cause)}). Save it as PNG or JPEG.`,
      { cause },
    );
  }
  try {
    const scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height));
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context)
      throw new DataError(`${name}: the browser has too little memory for a picture of ${width}×${height}.`);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
  } finally {
    bitmap.close();
  }
}

const blobRule = () => rule('a Blob, such as a File', (value) => value instanceof Blob);
