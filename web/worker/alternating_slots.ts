/**
 * The saved session on disk: two files, written alternately, so that a failed or interrupted write leaves the previous save
 * intact. The newest intact file is used.
 */
import { ShadegradError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { type StoredTensors, readSafetensors } from '../../src/nn/files/safetensors.js';
import { type SavedSession, sessionIn } from './saved_session.js';

const names = ['session-a.safetensors', 'session-b.safetensors'] as const;

export interface Found {
  readonly session: SavedSession;
  readonly stored: StoredTensors;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class AlternatingSlots {
  #nextNumber = 1;
  /** The slot to write next: that of the older file. */
  #next: 0 | 1 = 0;
  #last: Promise<void> = Promise.resolve();
  #pending: { bytes: Uint8Array; readonly written: Promise<void> } | undefined;

  constructor(private readonly folder: Folder) {}

  /** The newest save; undefined if no file can be read. */
  async newest(): Promise<Found | undefined> {
    const found = await Promise.all([this.#read(0), this.#read(1)]);
    const [last] = found.flatMap((each) => each ?? []).sort((a, b) => b.number - a.number);
    if (!last) return undefined;
    this.#nextNumber = last.number + 1;
    this.#next = last.slot === 0 ? 1 : 0;
    return last;
  }

  async #read(slot: 0 | 1): Promise<(Found & { readonly number: number; readonly slot: 0 | 1 }) | undefined> {
    try {
      const bytes = new Uint8Array(await this.folder.read(names[slot]));
      const stored = readSafetensors(bytes, names[slot]);
      const saved = sessionIn(stored);
      return saved && { ...saved, stored, bytes, slot };
    } catch (error) {
      // Missing or damaged: the other file is used.
      if (error instanceof ShadegradError) return undefined;
      throw error;
    }
  }

  /** The number for the next file. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /**
   * Writes a file. If several calls are made during a write, only the last file is written after it.
   *
   * Throws: FileError.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#pending) {
      this.#pending.bytes = bytes;
      return this.#pending.written;
    }
    const write = async (): Promise<void> => {
      this.#pending = undefined;
      await this.folder.write(names[this.#next], mine.bytes);
      this.#next = this.#next === 0 ? 1 : 0;
    };
    // The caller of the previous write handles its rejection.
    const mine = { bytes, written: this.#last.then(write, write) };
    this.#pending = mine;
    this.#last = mine.written;
    return mine.written;
  }

  /** Deletes both files. Throws: FileError. */
  async clear(): Promise<void> {
    await this.#last.catch(() => undefined); // The caller of that write handles it.
    for (const name of names) await this.folder.remove(name);
  }
}
