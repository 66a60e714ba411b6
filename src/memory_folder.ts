/** A folder in memory, for tests and for browsers without file storage. */
import { FileError } from './errors.js';
import { checkArgument } from './calls.js';
import type { Folder } from './folder.js';
import { text as textRule } from './options.js';

export interface MemoryFolder extends Folder {
  readonly files: Map<string, Uint8Array>;
  text(name: string): string;
}

/** Creates an empty folder; `path` names it in messages. */
export function memoryFolder(path = 'memory'): MemoryFolder {
  checkArgument('memoryFolder', 'path', path, () => textRule);
  const files = new Map<string, Uint8Array>();
  const bytes = (contents: Uint8Array | string): Uint8Array =>
    typeof contents === 'string' ? new TextEncoder().encode(contents) : contents.slice();
  return {
    path,
    files,
    text: (name) => new TextDecoder().decode(files.get(name)),
    read: (name) => {
      const found = files.get(name);
      if (found) return Promise.resolve(found);
      return Promise.reject(
        new FileError(`cannot read ${path}/${name}: there is no such file.`, { problem: 'missing' }),
      );
    },
    write: (name, contents) => Promise.resolve(void files.set(name, bytes(contents))),
    append: (name, contents) => {
      const [old, added] = [files.get(name) ?? new Uint8Array(), bytes(contents)];
      const whole = new Uint8Array(old.length + added.length);
      whole.set(old);
      whole.set(added, old.length);
      files.set(name, whole);
      return Promise.resolve();
    },
    exists: (name) => Promise.resolve(files.has(name)),
    remove: (name) => Promise.resolve(void files.delete(name)),
    list: () => Promise.resolve([...files.keys()].filter((name) => !name.includes('/')).sort()),
  };
}
