/** The file system as a `FileTree`. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import type { FileTree } from '../data/file_tree.js';
import { fileError, fileExists, readBytes } from './files.js';
import { pictureFiles } from './picture_files.js';

export const diskTree: FileTree = {
  list: async (folder) => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
      throw fileError('list', folder, cause);
    });
    const isFolder = await Promise.all(entries.map(async (entry) => leadsToFolder(folder, entry)));
    const names = (wanted: boolean): string[] =>
      entries.filter((_, i) => isFolder[i] === wanted).map(({ name }) => name);
    return { files: names(false), folders: names(true) };
  },
  isFolder: async (at) => {
    const found = await stat(at).catch((cause: unknown) => {
      throw fileError('read', at, cause);
    });
    return found.isDirectory();
  },
  hasFile: fileExists,
  read: readBytes,
  join: (folder, name) => path.join(folder, name),
  folderOf: (at) => path.dirname(at),
  nameOf: (at) => path.basename(at),
  fullPath: (at) => path.resolve(at),
  gunzip,
  pictures: pictureFiles,
};

async function leadsToFolder(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path.join(folder, entry.name)).then(
    (found) => found.isDirectory(),
    () => false, // A link to nothing.
  );
}

/** Also accepts files of several gzip members, which DecompressionStream rejects. */
function gunzip(packed: Uint8Array): AsyncIterable<Uint8Array> {
  const stream = createGunzip();
  stream.end(packed);
  return stream;
}
