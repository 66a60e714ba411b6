import { UsageError } from './errors.js';
import { checkArgument } from './calls.js';
import { folder as folderRule } from './options.js';

/**
 * A folder as the training code sees it, so that checkpoints and histories can be written without knowing
 * whether a disk, a browser's private file system or a test's memory stands behind it.
 */
export interface Folder {
  /** What to call this folder in messages; on disk its path. */
  readonly path: string;
  /** The whole file. Throws FileError when it is missing or unreadable. */
  read(name: string): Promise<Uint8Array>;
  /** Replaces the whole file at once: a reader, or a crash, sees the old contents or the new, never a part. */
  write(name: string, contents: Uint8Array | string): Promise<void>;
  /** Adds to the end of a file, and makes it when it is missing. A crash may leave a part of the addition. */
  append(name: string, contents: Uint8Array | string): Promise<void>;
  exists(name: string): Promise<boolean>;
  /** Harmless when there is no such file. */
  remove(name: string): Promise<void>;
  /** The names of the files directly inside, sorted by code unit; [] when the folder does not exist yet. */
  list(): Promise<string[]>;
}

/** What to throw for a name that is not of a file inside a folder. */
export function leadsOut(folder: string, name: string): UsageError {
  return new UsageError(`folder ${folder}: the name '${name}' leads out of it; names are files inside it.`);
}

let openByPath: ((path: string) => Folder) | undefined;

/** How paths become folders on this platform; set by its entry. */
export function setFolderOpener(opener: (path: string) => Folder): void {
  openByPath = opener;
}

/** Throws: UsageError for a path where the platform has no file system, and for what is neither path nor Folder. */
export function folderAt(folder: Folder | string): Folder {
  if (typeof folder !== 'string') {
    checkArgument('folder', 'it', folder, () => folderRule);
    return folder;
  }
  if (!openByPath)
    throw new UsageError(`folder: '${folder}' is a path, but there is no file system here; pass a Folder.`);
  return openByPath(folder);
}
