import { UsageError } from './errors.js';
import { checkArgument } from './calls.js';
import { either, folder as folderRule, rule } from './options.js';

/**
 * A folder as the training code sees it: checkpoints and histories can be written without knowing whether it is on disk,
 * in a browser's private file system, or in a test's memory.
 */
export interface Folder {
  /** The folder's name in messages; on disk its path. */
  readonly path: string;
  /** The whole file. Throws: FileError when it is missing or unreadable. */
  read(name: string): Promise<Uint8Array>;
  /** Replaces the whole file atomically: after a crash it has the old contents or the new, never a mix. */
  write(name: string, contents: Uint8Array | string): Promise<void>;
  /** Appends to a file, which is created if missing. A crash may leave a part of the addition. */
  append(name: string, contents: Uint8Array | string): Promise<void>;
  exists(name: string): Promise<boolean>;
  /** No effect if there is no such file. */
  remove(name: string): Promise<void>;
  /** The names of the files directly inside, sorted by code unit; [] if the folder does not exist yet. */
  list(): Promise<string[]>;
}

/** The error for a name that is not a file inside the folder. */
export function leadsOut(folder: string, name: string): UsageError {
  return new UsageError(`folder ${folder}: the name '${name}' leads out of it; names are files inside it.`);
}

const pathRule = rule("a path, such as 'my-model',", (value) => typeof value === 'string');

let openByPath: ((path: string) => Folder) | undefined;

/** How this platform opens a path as a folder; set by its entry. */
export function setFolderOpener(opener: (path: string) => Folder): void {
  openByPath = opener;
}

/** Throws: UsageError for a path on a platform without a file system, and for a value that is neither path nor Folder. */
export function folderAt(who: string, folder: Folder | string): Folder {
  if (typeof folder !== 'string') {
    checkArgument(who, 'folder', folder, () => (openByPath ? either(pathRule, folderRule) : folderRule));
    return folder;
  }
  if (!openByPath)
    throw new UsageError(`${who}: '${folder}' is a path, but there is no file system here; pass a Folder.`);
  return openByPath(folder);
}
