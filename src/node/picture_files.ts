/**
 * Decodes pictures in Node by their contents: PNG and BMP by our own readers, the others by sharp, a package that the user
 * installs beside shadegrad.
 */
import type sharpModule from 'sharp';
import type { Picture } from '../data/picture.js';
import { bmpSize, decodeBmp } from '../data/bmp.js';
import { type PictureReader, type PictureSize, readPng } from '../data/picture_reader.js';
import {
  type PictureKind,
  checkPixels,
  kindNames,
  maxPixels,
  notAPicture,
  pictureKind,
} from '../data/picture_kind.js';
import { DataError, FileError } from '../errors.js';

const readBySharp: readonly (PictureKind | undefined)[] = ['jpeg', 'webp', 'gif', 'avif', 'tiff'];

export const pictureFiles: PictureReader = {
  sizeOf: async (bytes, name) => {
    const kind = pictureKind(bytes);
    if (kind === 'png') return readPng.sizeOf(bytes, name);
    if (kind === 'bmp') return bmpSize(bytes, name);
    return withSharp(bytes, name, async (image) => {
      const { autoOrient } = await image.metadata();
      return autoOrient;
    });
  },
  decode: async (bytes, name) => {
    const kind = pictureKind(bytes);
    if (kind === 'png') return readPng.decode(bytes, name);
    if (kind === 'bmp') return decodeBmp(bytes, name);
    return withSharp(bytes, name, async (image, size): Promise<Picture> => {
      checkPixels(name, size);
      // Rotated as EXIF says; 8 bits, in sRGB.
      const { data, info } = await image
        .autoOrient()
        .toColourspace('srgb')
        .ensureAlpha()
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      const { buffer, byteOffset, byteLength } = data;
      return {
        data: new Uint8Array(buffer, byteOffset, byteLength),
        width: info.width,
        height: info.height,
        channels: 4,
      };
    });
  },
};

/** Throws: FileError if sharp is not installed; DataError naming `name` for a damaged file, or one that is no picture. */
async function withSharp<Result>(
  bytes: Uint8Array,
  name: string,
  work: (image: Sharp, size: PictureSize) => Promise<Result>,
): Promise<Result> {
  const kind = pictureKind(bytes);
  if (kind === undefined || !readBySharp.includes(kind)) throw notAPicture(bytes, name);
  const format = kindNames[kind];
  const sharp = await loadSharp(name, format);
  try {
    // Only the first frame of an animation, or page.
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels });
    const { autoOrient } = await image.metadata();
    return await work(image, autoOrient);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new DataError(`${name}: a damaged ${format} (${reason}). Save it again.`, { cause });
  }
}

type SharpModule = typeof sharpModule;
type Sharp = ReturnType<SharpModule>;

let loaded: Promise<{ readonly default: SharpModule }> | undefined;

async function loadSharp(name: string, format: string): Promise<SharpModule> {
  try {
    loaded ??= import('sharp');
    return (await loaded).default;
  } catch (cause) {
    loaded = undefined;
    throw new FileError(
      `${name}: is a ${format}; only PNG and BMP are read without the package sharp. Install it: npm i sharp`,
      { problem: 'missing', cause },
    );
  }
}
