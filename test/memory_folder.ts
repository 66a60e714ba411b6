/** A folder in memory. */
import type { Folder } from '../src/folder.js';

export interface MemoryFolder extends Folder {
  readonly files: Map<string, Uint8Array>;
  text(name: string): string;
}

export function memoryFolder(): MemoryFolder {
  const files = new Map<string, Uint8Array>();
  const bytes = (contents: Uint8Array | string): Uint8Array =>
    typeof contents === 'string' ? new TextEncoder().encode(contents) : contents;
  return {
    path: 'memory',
    files,
    text: (name) => new TextDecoder().decode(files.get(name)),
    read: (name) => {
      const found = files.get(name);
      return found ? Promise.resolve(found) : Promise.reject(new Error(`no ${name}`));
    },
    write: (name, contents) => Promise.resolve(void files.set(name, bytes(contents))),
    append: (name, contents) => {
      files.set(name, Uint8Array.from([...(files.get(name) ?? []), ...bytes(contents)]));
      return Promise.resolve();
    },
    exists: (name) => Promise.resolve(files.has(name)),
    remove: (name) => Promise.resolve(void files.delete(name)),
    list: () => Promise.resolve([...files.keys()].sort()),
  };
}
