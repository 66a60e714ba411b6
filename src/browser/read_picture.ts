/** Reads a picture in any format that the browser supports, for prediction and training. */
import { checkArgument } from '../calls.js';
import { bmpSize, decodeBmp } from '../data/bmp.js';
import { checkFileSize } from '../data/file_tree.js';
import type { Picture } from '../data/picture.js';
import { mostPictureBytes, notAPicture, pictureKind } from '../data/picture_kind.js';
import { type PictureReader, readPng } from '../data/picture_reader.js';
import { DataError } from '../errors.js';
import { rule } from '../options.js';

/** Larger pictures are scaled down while reading: predictions need fewer pixels, and canvases have limits. */
const maxSide = 4096;

/**
 * The picture as RGBA, for `digitImage` and `fitPicture`. PNG and BMP are decoded to their exact values, as in Node; other
 * formats by the browser, without colour management if possible, rotated according to EXIF.
 *
 * Throws: DataError when the browser does not support the format, or the file is damaged.
 */
export async function readPicture(
  blob: Blob,
  name = (blob as Partial<File> | undefined)?.name ?? 'picture',
): Promise<Picture> {
  checkArgument('readPicture', 'blob', blob, blobRule);
  checkFileSize(name, blob.size, mostPictureBytes);
  return browserPictures.decode(new Uint8Array(await blob.arrayBuffer()), name);
}

export const browserPictures: PictureReader = {
  sizeOf: async (bytes, name) => {
    const kind = pictureKind(bytes);
    if (kind === 'png') return readPng.sizeOf(bytes, name);
    if (kind === 'bmp') return bmpSize(bytes, name);
    return withBitmap(bytes, name, readableSize);
  },
  decode: async (bytes, name) => {
    const kind = pictureKind(bytes);
    if (kind === 'png') return readPng.decode(bytes, name);
    if (kind === 'bmp') return decodeBmp(bytes, name);
    return withBitmap(bytes, name, (bitmap) => {
      const { width, height } = readableSize(bitmap);
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      if (!context)
        throw new DataError(
          `${name}: the browser has too little memory for a picture of ${width}×${height}.`,
        );
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, width, height);
      return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
    });
  },
};

async function withBitmap<Result>(
  bytes: Uint8Array,
  name: string,
  work: (bitmap: ImageBitmap) => Result,
): Promise<Result> {
  let bitmap: ImageBitmap;
  try {
    const blob = new Blob([new Uint8Array(bytes)]);
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch (cause) {
    const kind = pictureKind(bytes);
    if (kind === undefined || kind === 'heic') throw notAPicture(bytes, name);
    throw new DataError(
      `${name}: the browser cannot read this picture (${cause instanceof Error ? cause.message : String(cause)}). Save it as PNG or JPEG.`,
      { cause },
    );
  }
  try {
    return work(bitmap);
  } finally {
    bitmap.close();
  }
}

function readableSize({ width, height }: ImageBitmap): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

const blobRule = () => rule('a Blob, such as a File', (value) => value instanceof Blob);
