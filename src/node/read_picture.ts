/** Reads a picture in Node, for `imagesFor`, `digitImage` and `fitPicture`. */
import { checkArgument } from '../calls.js';
import type { Picture } from '../data/picture.js';
import { nonEmptyText } from '../options.js';
import { mostPictureBytes } from '../data/picture_kind.js';
import { diskTree } from './disk_tree.js';

/**
 * The picture in a file as RGBA, rotated as its EXIF data say: PNG and BMP; JPEG, WebP, GIF (its first frame), AVIF and TIFF if
 * the package sharp is installed.
 *
 * Throws: FileError if the file or sharp is missing; DataError for a damaged file, or one that is no picture.
 */
export async function readPicture(file: string): Promise<Picture> {
  checkArgument('readPicture', 'file', file, () => nonEmptyText);
  return diskTree.pictures.decode(await diskTree.read(file, mostPictureBytes), file);
}
