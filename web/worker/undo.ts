/**
 * Undo and redo, which work across reloads too. Each scope has its own history. An entry is a snapshot as bytes, which the
 * scope's owner can restore. Each entry is a file beside the session; an index, written after the files, lists the valid
 * ones.
 */
import { DataError, FileError, ModelError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { type Form, count, oneOf, optional, readJson, text } from '../../src/json_reader.js';
import { memoryFolder } from '../../src/memory_folder.js';
import type { UndoApi, UndoName, UndoOffers, UndoScope } from '../protocol.js';
import { SerialQueue } from './serial_queue.js';

/**
 * Restores the snapshot of an entry, and resolves with a snapshot of the state that it replaced; undefined if that state
 * cannot be restored.
 *
 * Throws: ModelError or DataError for a damaged entry, which is then removed; others leave it.
 */
export type Exchange = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array | undefined>;

interface Entry {
  readonly what: UndoName;
  readonly file: string;
}

interface History {
  /** `undo` restores the last entry. */
  readonly past: readonly Entry[];
  readonly future: readonly Entry[];
}

type Histories = Readonly<Record<UndoScope, History>>;

const entryForm: Form<Entry> = {
  what: oneOf(['train', 'stop', 'reset', 'open', 'correction', 'images', 'forget']),
  file: text,
};
const historyForm: Form<History> = { past: [entryForm], future: [entryForm] };
const indexForm: Form<Partial<Histories> & { readonly number: number }> = {
  number: count,
  model: optional(historyForm),
  images: optional(historyForm),
  tuning: optional(historyForm),
};

const indexFile = 'undo.json';
const prefix = 'undo-';
/** Entries per scope and direction. A large network with its optimizer slots has 7 MB. */
const mostKept = 5;

const nothing: History = { past: [], future: [] };

export class UndoHistory implements UndoApi {
  /** Entries that could not be written to disk. They last until the page is closed. */
  readonly #memory = memoryFolder('undo');
  readonly #owners = new Map<UndoScope, Exchange>();
  readonly #moves = new SerialQueue();
  #disk: Folder | undefined;
  #histories: Histories = { model: nothing, images: nothing, tuning: nothing };
  #number = 0;

  constructor(private readonly tell: (offers: UndoOffers) => void) {}

  own(scope: UndoScope, exchange: Exchange): void {
    this.#owners.set(scope, exchange);
  }

  /** Stores entries in `folder` from now on. Reads those of an earlier visit, unless this visit already has entries. */
  async open(folder: Folder): Promise<void> {
    this.#disk = folder;
    if (this.#number === 0) {
      try {
        const { number, ...histories } = readJson(
          // Earlier versions called a correction a lesson.
          new TextDecoder().decode(await folder.read(indexFile)).replaceAll('"lesson"', '"correction"'),
          indexForm,
          (what, cause) => new DataError(`${indexFile}: ${what}.`, { cause }),
        );
        this.#number = number;
        this.#histories = { ...this.#histories, ...histories };
      } catch (error) {
        if (!(error instanceof FileError || error instanceof DataError)) throw error;
        // The index is missing or damaged: there is nothing to undo.
      }
    }
    this.tell(this.#offers);
  }

  /** Adds the snapshot `bytes`, taken before the action `what`. Discards the entries that could be redone. */
  async keep(scope: UndoScope, what: UndoName, bytes: Uint8Array): Promise<void> {
    const { past, future } = this.#histories[scope];
    const entry = await this.#write(what, bytes);
    await this.#set(scope, { past: [...past, entry], future: [] }, future);
  }

  /** Removes the last entry that `keep` added: its action has failed. */
  async drop(scope: UndoScope): Promise<void> {
    const { past, future } = this.#histories[scope];
    await this.#set(scope, { past: past.slice(0, -1), future }, past.slice(-1));
  }

  async undo(scope: UndoScope): Promise<void> {
    await this.#moves.add(async () => this.#move(scope, 'past', 'future'));
  }

  async redo(scope: UndoScope): Promise<void> {
    await this.#moves.add(async () => this.#move(scope, 'future', 'past'));
  }

  async #move(scope: UndoScope, from: keyof History, to: keyof History): Promise<void> {
    const entry = this.#histories[scope][from].at(-1);
    const exchange = this.#owners.get(scope);
    if (!entry || !exchange) return;
    const without = (): History => ({
      ...this.#histories[scope],
      [from]: this.#histories[scope][from].filter((one) => one !== entry),
    });
    try {
      const before = await exchange(await this.#read(entry.file));
      const present = before ? [await this.#write(entry.what, before)] : [];
      const rest = without();
      await this.#set(scope, { ...rest, [to]: [...rest[to], ...present] }, [entry]);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // A file that cannot be read now cannot be read later.
      await this.#set(scope, without(), [entry]);
      throw new DataError(`The undo entry was removed, because it could not be restored: ${error.message}`, {
        cause: error,
      });
    }
  }

  get #offers(): UndoOffers {
    const offer = ({ past, future }: History) => ({
      undo: past.at(-1)?.what ?? null,
      redo: future.at(-1)?.what ?? null,
    });
    const { model, images, tuning } = this.#histories;
    return { model: offer(model), images: offer(images), tuning: offer(tuning) };
  }

  async #set(scope: UndoScope, { past, future }: History, gone: readonly Entry[]): Promise<void> {
    const kept = { past: past.slice(-mostKept), future: future.slice(-mostKept) };
    this.#histories = { ...this.#histories, [scope]: kept };
    this.tell(this.#offers);
    await this.#writeIndex();
    for (const { file } of [...gone, ...past.slice(0, -mostKept), ...future.slice(0, -mostKept)])
      await this.#remove(file);
  }

  // ---- files ----

  async #write(what: UndoName, bytes: Uint8Array): Promise<Entry> {
    const file = `${prefix}${++this.#number}`;
    try {
      await (this.#disk ?? this.#memory).write(file, bytes);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await this.#memory.write(file, bytes);
    }
    return { what, file };
  }

  async #read(file: string): Promise<Uint8Array<ArrayBuffer>> {
    const folder = this.#memory.files.has(file) ? this.#memory : (this.#disk ?? this.#memory);
    return new Uint8Array(await folder.read(file));
  }

  async #remove(file: string): Promise<void> {
    await this.#memory.remove(file);
    await this.#disk?.remove(file).catch(() => undefined); // A leftover file only wastes disk space.
  }

  /** Omits entries that are only in memory, as a reload loses them. */
  async #writeIndex(): Promise<void> {
    const lasting = (entries: readonly Entry[]): readonly Entry[] =>
      entries.filter(({ file }) => !this.#memory.files.has(file));
    const histories = Object.entries(this.#histories).map(([scope, { past, future }]) => [
      scope,
      { past: lasting(past), future: lasting(future) },
    ]);
    const index = JSON.stringify({ number: this.#number, ...Object.fromEntries(histories) });
    // If the disk is full, saving the session shows a note.
    await this.#disk?.write(indexFile, index).catch(() => undefined);
  }
}

function isDamage(error: unknown): error is FileError | DataError | ModelError {
  return error instanceof FileError || error instanceof DataError || error instanceof ModelError;
}
