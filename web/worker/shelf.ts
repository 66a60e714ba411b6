/**
 * The saved session on disk: two files that take turns, so that the one before stays whole whatever happens while the
 * other is written. The later whole one counts.
 */
import { ShadegradError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { type StoredTensors, readSafetensors } from '../../src/nn/safetensors.js';
import { type SavedSession, sessionIn } from './saved_session.js';

const names = ['session-a.safetensors', 'session-b.safetensors'] as const;

export interface Found {
  readonly session: SavedSession;
  readonly stored: StoredTensors;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class Shelf {
  #nextNumber = 1;
  /** Which of the names the next file gets: that of the older one. */
  #turn: 0 | 1 = 0;
  #last: Promise<void> = Promise.resolve();
  #waiting: { bytes: Uint8Array; readonly written: Promise<void> } | undefined;

  constructor(private readonly folder: Folder) {}

  /** What was saved last; undefined when there is nothing, or nothing that can be read. */
  async newest(): Promise<Found | undefined> {
    const found = await Promise.all([this.#read(0), this.#read(1)]);
    const [last] = found.flatMap((each) => each ?? []).sort((a, b) => b.number - a.number);
    if (!last) return undefined;
    this.#nextNumber = last.number + 1;
    this.#turn = last.place === 0 ? 1 : 0;
    return last;
  }

  async #read(
    place: 0 | 1,
  ): Promise<(Found & { readonly number: number; readonly place: 0 | 1 }) | undefined> {
    try {
      const bytes = new Uint8Array(await this.folder.read(names[place]));
      const stored = readSafetensors(bytes, names[place]);
      const saved = sessionIn(stored);
      return saved && { ...saved, stored, bytes, place };
    } catch (error) {
      // Missing or damaged: then the other one counts.
      if (error instanceof ShadegradError) return undefined;
      throw error;
    }
  }

  /** The number for the next file. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /**
   * Writes a file. While one is being written, of those that come the last is written next and the others never.
   *
   * Throws: FileError.
   */
  async put(bytes: Uint8Array): Promise<void> {
    if (this.#waiting) {
      this.#waiting.bytes = bytes;
      return this.#waiting.written;
    }
    const write = async (): Promise<void> => {
      this.#waiting = undefined;
      await this.folder.write(names[this.#turn], mine.bytes);
      this.#turn = this.#turn === 0 ? 1 : 0;
    };
    // The caller of the one before handles its rejection.
    const mine = { bytes, written: this.#last.then(write, write) };
    this.#waiting = mine;
    this.#last = mine.written;
    return mine.written;
  }

  /** Forgets what is saved. Throws: FileError. */
  async clear(): Promise<void> {
    await this.#last.catch(() => undefined); // said where it was written
    for (const name of names) await this.folder.remove(name);
  }
}
