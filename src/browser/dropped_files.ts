/**
 * Data sets from files that were dropped on the page or chosen in a dialog: IDX, CSV, or pictures in folders by
 * class, with the same rules as for a path in Node.
 *
 * Files are named by their path (`train/3/a.png`): a File keeps its name when it is sent to a worker, but not always
 * its `webkitRelativePath`.
 */
import { checkArgument, checkCall } from '../calls.js';
import { type FilesOptions, filesRules, loadFiles } from '../data/dataset_files.js';
import { decompress } from '../data/decompress.js';
import { type FileTree, checkFileSize } from '../data/file_tree.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { FileError } from '../errors.js';
import { list, rule } from '../options.js';
import { browserPictures } from './read_picture.js';

/** Name of a data set of several files without a common folder. */
const together = 'files';

/** All dropped files, including those in folders. Call inside the event handler, before any await. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // The items are only valid during the event: read their entries synchronously.
  const found = [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files = await Promise.all(
    found.map(async (each) => (each === null ? [] : each instanceof File ? [each] : filesIn(each))),
  );
  return files.flat();
}

/** The files of an `<input type="file">`, with `webkitdirectory` or without. */
export function chosenFiles(list: Iterable<File>): File[] {
  return [...list].map((file) => named(file, file.webkitRelativePath || file.name));
}

function named(file: File, path: string): File {
  return file.name === path
    ? file
    : new File([file], path, { type: file.type, lastModified: file.lastModified });
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  const path = entry.fullPath.replace(/^\//, '');
  try {
    if (isFileEntry(entry)) {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
      return [named(file, path)];
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const found: File[][] = [];
    // A call returns some entries (100 in Chromium), and none at the end.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) return found.flat();
      found.push((await Promise.all(some.map(filesIn))).flat());
    }
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
}

function isFileEntry(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/**
 * Loads the data set in the files; see `loadFiles` for accepted files. Several files without a folder are treated as
 * the contents of one.
 *
 * Throws: FileError, DataError, like `loadFiles`.
 */
export async function datasetFromFiles(
  files: readonly File[],
  options: FilesOptions = {},
): Promise<LoadedDataset> {
  checkArgument('datasets.fromFiles', 'files', files, filesRule);
  checkCall('datasets.fromFiles', options, filesRules);
  if (files.length === 0)
    throw new FileError('files: there are none, expected a data set.', { problem: 'missing' });
  const byPath = new Map(files.map((file) => [file.webkitRelativePath || file.name, file]));
  const paths = [...byPath.keys()];
  const [first] = paths as [string];
  const top = first.includes('/') ? first.slice(0, first.indexOf('/')) : undefined;
  const haveOneTop = top !== undefined && paths.every((path) => path.startsWith(`${top}/`));
  if (haveOneTop) return loadFiles(treeOf(byPath), top, options);
  if (paths.length === 1) return loadFiles(treeOf(byPath), first, options);
  const inFolder = new Map(paths.map((path) => [`${together}/${path}`, byPath.get(path)!]));
  return loadFiles(treeOf(inFolder), together, options);
}

const filesRule = () =>
  list(
    'a list of Files, as from datasets.chosenFiles(input.files)',
    rule('a File', (value) => value instanceof File),
  );

/** A `FileTree` over files by path. */
function treeOf(files: ReadonlyMap<string, File>): FileTree {
  /** Folder → names directly inside. */
  const inside = new Map<string, { readonly files: string[]; readonly folders: Set<string> }>();
  const folderAt = (folder: string): { readonly files: string[]; readonly folders: Set<string> } => {
    const known = inside.get(folder);
    if (known) return known;
    const made = { files: [], folders: new Set<string>() };
    inside.set(folder, made);
    if (folder !== '') folderAt(folderOf(folder)).folders.add(nameOf(folder));
    return made;
  };
  for (const path of files.keys()) folderAt(folderOf(path)).files.push(nameOf(path));

  const missing = (path: string): FileError =>
    new FileError(`cannot read ${path}: it is not among the files.`, { problem: 'missing' });
  return {
    list: async (folder) => {
      const found = inside.get(folder);
      if (!found) throw missing(folder);
      return Promise.resolve({ files: found.files, folders: [...found.folders] });
    },
    isFolder: async (path) => {
      if (!inside.has(path) && !files.has(path)) throw missing(path);
      return Promise.resolve(inside.has(path));
    },
    hasFile: async (path) => Promise.resolve(files.has(path)),
    read: async (path, most) => {
      const file = files.get(path);
      if (!file) throw missing(path);
      checkFileSize(path, file.size, most);
      try {
        return new Uint8Array(await file.arrayBuffer());
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new FileError(`cannot read ${path}: ${reason}. Was it changed or removed since?`, { cause });
      }
    },
    join: (folder, name) => (folder === '' ? name : `${folder}/${name}`),
    folderOf,
    nameOf,
    fullPath: (path) => path,
    gunzip: (packed) => decompress(packed, 'gzip'),
    pictures: browserPictures,
  };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
