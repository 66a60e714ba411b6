/** Files in folders as data sets are read from them, wherever they lie: on a disk, or dropped on a page. */
import { FileError } from '../errors.js';
import type { Picture } from './picture.js';
import type { Gunzip } from './unpack.js';

/** Paths are the tree's own; only the tree takes them apart and puts them together. */
export interface FileTree {
  /** What lies directly inside, hidden ones too, in no order. Throws: FileError when it is no folder. */
  list(folder: string): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }>;
  /** Whether it is a folder, or a file. Throws: FileError when it is neither. */
  isFolder(path: string): Promise<boolean>;
  /** Whether there is such a file. */
  hasFile(path: string): Promise<boolean>;
  /** The whole file. Throws: FileError, also when it has more than `most` bytes, by default `mostFileBytes`. */
  read(file: string, most?: number): Promise<Uint8Array>;
  join(folder: string, name: string): string;
  /** The folder in which it lies. */
  folderOf(path: string): string;
  /** What it is called there. */
  nameOf(path: string): string;
  /** With all folders from the top on. */
  fullPath(path: string): string;
  readonly gunzip: Gunzip;
  /** RGBA. Throws: DataError naming `name` when the bytes are not a whole, undamaged PNG. */
  decodePng(bytes: Uint8Array, name: string): Promise<Picture>;
}

/** Larger files are not read: Node and every browser can hold an array of this size. */
export const mostFileBytes = 2 ** 31 - 1;

/** Before memory is taken for it. Throws: FileError naming the limit. */
export function checkFileSize(file: string, size: number, most: number = mostFileBytes): void {
  if (size > most) {
    throw new FileError(
      `cannot read ${file}: it has ${size} bytes, and at most ${most} are read. Name a smaller file.`,
    );
  }
}
