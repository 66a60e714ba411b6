/**
 * Folders in the origin-private file system (OPFS), for pages and workers.
 *
 * Writes use `createWritable`, whose contents replace the file only when the stream is closed, as the standard
 * requires: Chromium uses a swap file, Firefox and Safari rename a temporary file. A new file would first appear
 * empty, so it is written under a temporary name and renamed with `move`, which is not standardised but available in
 * all three. `move` does not replace existing files everywhere, hence both ways.
 * Every browser with WebGPU has `createWritable`, Safari since 26.
 *
 * Source: whatwg, File System, "FileSystemWritableFileStream".
 */
import { FileError, type FileProblem } from '../errors.js';
import { type Folder, leadsOut } from '../folder.js';

/** Whether OPFS is available; some browsers disable it in private windows. Use a memoryFolder then. */
export async function isOpfsUsable(): Promise<boolean> {
  if (!('FileSystemFileHandle' in globalThis) || !('createWritable' in FileSystemFileHandle.prototype))
    return false;
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false; // Refused for some reason: no file storage.
  }
}

/**
 * A folder of the page's origin. The first write creates it if needed.
 *
 * Names may point into subfolders (`logs/train.json`), never outside.
 * Throws: from its methods, FileError; UsageError for a name that points outside.
 */
export function openOpfsFolder(path: string): Folder {
  const base = segmentsOf(path);
  const inside = (name: string): Place => {
    const own = base && segmentsOf(name);
    const last = own?.at(-1);
    if (!base || !own || last === undefined) throw leadsOut(path, name);
    return { folders: [...base, ...own.slice(0, -1)], name: last, path: [...base, ...own].join('/') };
  };
  return {
    path,
    read: async (name) => {
      const place = inside(name);
      return explained('read', place.path, async () => {
        const file = await (await fileAt(place)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      });
    },
    write: async (name, contents) => put(inside(name), contents, 'in place'),
    append: async (name, contents) => put(inside(name), contents, 'behind'),
    exists: async (name) => {
      const place = inside(name);
      return explained('look at', place.path, async () =>
        fileAt(place).then(
          () => true,
          (cause: unknown) => orElse(cause, ['NotFoundError', 'TypeMismatchError'], false),
        ),
      );
    },
    remove: async (name) => {
      const place = inside(name);
      await inTurn(place.path, async () =>
        explained('remove', place.path, async () => {
          try {
            await (await folderAt(place.folders)).removeEntry(place.name);
          } catch (cause) {
            orElse(cause, ['NotFoundError'], undefined);
          }
        }),
      );
    },
    list: async () => {
      if (!base) throw leadsOut(path, '');
      return explained('list', path, async () => namesIn(base));
    },
  };
}

/** Removes a folder with its contents; no effect if there is none. Throws: FileError. */
export async function removeOpfsFolder(path: string): Promise<void> {
  const segments = segmentsOf(path);
  const name = segments?.at(-1);
  if (!segments || name === undefined) throw leadsOut('OPFS', path);
  await explained('remove', path, async () => {
    try {
      await (await folderAt(segments.slice(0, -1))).removeEntry(name, { recursive: true });
    } catch (cause) {
      orElse(cause, ['NotFoundError'], undefined);
    }
  });
}

/** The folders from the root to a file, and its name. */
interface Place {
  readonly folders: readonly string[];
  readonly name: string;
  readonly path: string;
}

/** The parts of a path with `.` and `..` resolved; undefined if it points above its start. */
function segmentsOf(path: string): string[] | undefined {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (segments.pop() === undefined) return undefined;
    } else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}

async function folderAt(
  folders: readonly string[],
  options?: FileSystemGetDirectoryOptions,
): Promise<FileSystemDirectoryHandle> {
  let handle = await navigator.storage.getDirectory();
  for (const name of folders) handle = await handle.getDirectoryHandle(name, options);
  return handle;
}

async function fileAt({ folders, name }: Place): Promise<FileSystemFileHandle> {
  return (await folderAt(folders)).getFileHandle(name);
}

/** Replaces or appends to the contents of a file. */
async function put(place: Place, contents: Uint8Array | string, where: 'in place' | 'behind'): Promise<void> {
  await inTurn(place.path, async () =>
    explained('write', place.path, async () => {
      const folder = await folderAt(place.folders, { create: true });
      await removeLeftDrafts(folder, place);
      const there = await folder
        .getFileHandle(place.name)
        .catch((cause: unknown) => orElse(cause, ['NotFoundError'], undefined));
      await (there
        ? fill(there, contents, where)
        : withDraft(place, async () => makeFile(folder, place.name, contents)));
    }),
  );
}

/** Creates a file, atomically if the browser can rename. */
async function makeFile(
  folder: FileSystemDirectoryHandle,
  name: string,
  contents: Uint8Array | string,
): Promise<void> {
  const temporary = `.${name}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  const handle: FileSystemFileHandle & { move?(name: string): Promise<void> } = await folder.getFileHandle(
    temporary,
    { create: true },
  );
  try {
    await fill(handle, contents, 'in place');
    if (handle.move) return await handle.move(name);
    await fill(await folder.getFileHandle(name, { create: true }), contents, 'in place');
    await folder.removeEntry(temporary);
  } catch (cause) {
    await folder.removeEntry(temporary).catch(() => undefined); // The caller receives the original error.
    throw cause;
  }
}

/** Tabs that create a file share a lock of this name; a tab that holds it exclusively knows that no draft is being written. */
function lockOf({ path }: Place): string {
  return `draft of ${path}`;
}

async function withDraft(place: Place, act: () => Promise<void>): Promise<void> {
  if (!('locks' in navigator)) return act();
  await navigator.locks.request(lockOf(place), { mode: 'shared' }, act);
}

/** Files whose leftover drafts were already swept in this visit. */
const swept = new Set<string>();

/** Removes drafts that a crash left, once per visit and file, unless a tab is writing one. */
async function removeLeftDrafts(folder: FileSystemDirectoryHandle, place: Place): Promise<void> {
  if (swept.has(place.path) || !('locks' in navigator)) return;
  await navigator.locks.request(lockOf(place), { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    swept.add(place.path);
    const names: string[] = [];
    for await (const name of folder.keys()) if (isDraftOf(name, place.name)) names.push(name);
    // Files that cannot be removed are left for the next visit.
    for (const name of names) await folder.removeEntry(name).catch(() => undefined);
  });
}

/** Matches the names that `makeFile` gives. */
function isDraftOf(name: string, of: string): boolean {
  const start = `.${of}.`;
  return name.startsWith(start) && /^[0-9a-f]{8}\.tmp$/.test(name.slice(start.length));
}

/** Atomic: the file is unchanged until the stream is closed. */
async function fill(
  handle: FileSystemFileHandle,
  contents: Uint8Array | string,
  where: 'in place' | 'behind',
): Promise<void> {
  const stream = await handle.createWritable({ keepExistingData: where === 'behind' });
  try {
    if (where === 'behind') await stream.seek((await handle.getFile()).size);
    // Not shared memory, which cannot be written.
    await stream.write(contents as Uint8Array<ArrayBuffer> | string);
    await stream.close();
  } catch (cause) {
    await stream.abort().catch(() => undefined); // The stream may already be broken.
    throw cause;
  }
}

/** Drafts of files being written, by Chromium or by `makeFile`, which a crash may leave. */
const draft = /\.crswap$|^\..*\.tmp$/;

async function namesIn(folders: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const [name, { kind }] of (await folderAt(folders)).entries())
      if (kind === 'file' && !draft.test(name)) names.push(name);
  } catch (cause) {
    return orElse(cause, ['NotFoundError'], []);
  }
  return names.sort();
}

/** The last operation per file: concurrent ones would overwrite each other or find the file locked. */
const acts = new Map<string, Promise<void>>();

async function inTurn(path: string, act: () => Promise<void>): Promise<void> {
  const before = acts.get(path) ?? Promise.resolve();
  const mine = before.then(act, act); // the caller of the previous operation handles its error
  acts.set(path, mine);
  try {
    await mine;
  } finally {
    if (acts.get(path) === mine) acts.delete(path);
  }
}

/** Returns `value` for one of these browser errors, otherwise rethrows. */
function orElse<Value>(cause: unknown, names: readonly string[], value: Value): Value {
  if (cause instanceof DOMException && names.includes(cause.name)) return value;
  throw cause;
}

/** Converts a browser error into one sentence: which file, what is wrong, what to do. */
async function explained<Result>(doing: string, path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    const [problem, sentence] = await explain(cause);
    throw new FileError(`cannot ${doing} ${path}: ${sentence}`, { cause, problem });
  }
}

async function explain(cause: unknown): Promise<[FileProblem, string]> {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  switch (name) {
    case 'NotFoundError':
      return ['missing', 'there is no such file or folder.'];
    case 'TypeMismatchError':
      return ['not-a-file', 'a file is where a folder was expected, or a folder where a file was.'];
    case 'QuotaExceededError':
      return ['disk-full', `${await fullness()} The previous contents are intact.`];
    case 'NoModificationAllowedError':
      return ['locked', 'it is being written elsewhere, perhaps by another tab. Close that tab.'];
    case 'NotAllowedError':
    case 'SecurityError':
      return [
        'forbidden',
        'the browser does not store files for this page. Leave the private window, or allow site data.',
      ];
    default:
      return ['other', `${cause instanceof Error ? cause.message : String(cause)}.`];
  }
}

/** The storage quota of the page, if the browser reports it. */
async function fullness(): Promise<string> {
  const remedy = 'Free some space on the disk, or delete the data of this page.';
  try {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    const [used, all] = [usage, quota].map((bytes) => (bytes / 2 ** 20).toFixed(1));
    return `the browser's storage quota for this page is used up (${used} of ${all} MiB). ${remedy}`;
  } catch {
    return `the browser's storage quota for this page is used up. ${remedy}`; // The quota is unknown.
  }
}
