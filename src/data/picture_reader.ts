/** Decoding pictures, which Node and browsers do differently. */
import type { Picture } from './picture.js';
import { decodePng, pngSize } from './png.js';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface PictureReader {
  /** The size that `decode` gives, from the header. Throws: DataError naming `name`, and FileError, as `decode`. */
  sizeOf(bytes: Uint8Array, name: string): Promise<PictureSize>;
  /**
   * RGBA, rotated as EXIF says; the first frame of an animation.
   *
   * Throws: DataError naming `name` when the bytes are not an intact picture of a kind that is read; FileError when a package
   * is missing that reads it.
   */
  decode(bytes: Uint8Array, name: string): Promise<Picture>;
}

/** PNG, which is decoded to its exact values everywhere. */
export const readPng: PictureReader = {
  sizeOf: (bytes, name) => Promise.resolve(pngSize(bytes, name)),
  decode: decodePng,
};
