/** A tree of files that data sets are read from: on disk, or dropped on the page. */
import { FileError } from '../errors.js';
import type { PictureReader } from './picture_reader.js';
import type { Gunzip } from './unpack.js';

/** Paths belong to the tree; only the tree splits and joins them. */
export interface FileTree {
  /** The names directly inside a folder, including hidden ones, in no order. Throws: FileError when it is not a folder. */
  list(folder: string): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }>;
  /** Whether a path is a folder or a file. Throws: FileError when it is neither. */
  isFolder(path: string): Promise<boolean>;
  /** Whether the file exists. */
  hasFile(path: string): Promise<boolean>;
  /** Reads the whole file. Throws: FileError, including for more than `most` bytes, default `mostFileBytes`. */
  read(file: string, most?: number): Promise<Uint8Array>;
  join(folder: string, name: string): string;
  /** The folder that contains a file. */
  folderOf(path: string): string;
  /** The name of a file in its folder. */
  nameOf(path: string): string;
  /** The full path of a file, for messages. */
  fullPath(path: string): string;
  readonly gunzip: Gunzip;
  readonly pictures: PictureReader;
}

/** Limit of file size: Node and every browser can hold an array of this size. */
const mostFileBytes = 2 ** 31 - 1;

/** Checks a file size before memory is allocated. Throws: FileError naming the limit. */
export function checkFileSize(file: string, size: number, most: number = mostFileBytes): void {
  if (size > most) {
    throw new FileError(
      `cannot read ${file}: it has ${size} bytes, and at most ${most} are read. Name a smaller file.`,
    );
  }
}
