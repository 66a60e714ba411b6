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
  exists(name: string): Promise<boolean>;
  /** The names of the files directly inside, sorted by code unit; [] when the folder does not exist yet. */
  list(): Promise<string[]>;
}
