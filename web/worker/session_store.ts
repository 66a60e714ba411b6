/**
 * What outlives the visit. Of several tabs one alone keeps its session, the one that came first: a second one that wrote
 * too would undo its work. The others work on their own; a training begun after the first tab was closed, and a
 * reload, take over. They do not wait for the lock: a tab that is being reloaded gives it up for a moment.
 */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { FileError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { hasCustom, keepCustom, keptCustom } from './custom_images.js';
import { type SavedSession, sessionMetadata } from './saved_session.js';
import { type Found, AlternatingSlots } from './alternating_slots.js';
import { takeLock } from './tab_lock.js';

/** Where a session is kept. */
export interface SessionStoreOptions {
  /** The folder for the session; undefined where the browser keeps no files. */
  readonly openFolder: () => Promise<Folder | undefined>;
  /** The lock that one tab holds. */
  readonly lockName: string;
  /** Gets the folder once this tab alone writes to it. */
  readonly onFolder: (folder: Folder) => Promise<void>;
  /** Hears what people should know. */
  readonly warn: (text: string) => void;
  /** Hears of each save that is safe. */
  readonly onSaved: () => void;
}

/** `kept`: by this tab. `elsewhere`: another tab has the lock. `nowhere`: the browser keeps no files. */
export type StoreAccess = 'kept' | 'elsewhere' | 'nowhere';

export class SessionStore {
  /** When the last save was safe, ms since 1970; null when nothing is kept. */
  savedAt: number | null = null;
  /** The session as it was saved or found last, whether it is kept or not: what a lost device is restored from. */
  last: { readonly session: SavedSession; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;
  #folder: Folder | undefined;
  #slots: AlternatingSlots | undefined;
  #release: (() => void) | undefined;
  #found: Found | undefined;
  #number = 0;
  #hasFailed = false;

  constructor(private readonly options: SessionStoreOptions) {}

  get isOpen(): boolean {
    return this.#slots !== undefined;
  }

  /** Takes the lock if nobody has it, or gives it up within `patienceMs`. */
  async open(patienceMs: number): Promise<StoreAccess> {
    if (this.#slots) return 'kept';
    const folder = await this.options.openFolder();
    if (!folder) return 'nowhere';
    const release = await takeLock(this.options.lockName, patienceMs);
    // The lock may also have been taken by another call of this tab's.
    if (!release) return this.isOpen ? 'kept' : 'elsewhere';
    this.#release = release;
    await this.options.onFolder(folder);
    const slots = new AlternatingSlots(folder);
    // Looked at first: what is written from now on must be newer.
    this.#found = await slots.newest();
    this.#folder = folder;
    this.#slots = slots;
    return 'kept';
  }

  /** What an earlier visit left; asked for once, it is the last session. */
  takeFound(): Found | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found) this.last = found;
    return found;
  }

  /**
   * Takes down the session with the file that `write` yields for this metadata. Resolves when that is done, with when
   * it is safe on disk, which never rejects: a failure is said once.
   */
  async save(
    session: SavedSession,
    write: (metadata: Readonly<Record<string, string>>) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<{ readonly written: Promise<void> }> {
    const number = this.#slots?.takeNumber() ?? ++this.#number;
    const bytes = await write(sessionMetadata(session, number));
    this.last = { session, bytes };
    return { written: this.#put(session, bytes) };
  }

  async #put(session: SavedSession, bytes: Uint8Array): Promise<void> {
    if (!this.#slots) return;
    try {
      await this.#slots.write(bytes);
      this.savedAt = session.savedAt;
      this.#hasFailed = false;
      this.options.onSaved();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (!this.#hasFailed) this.options.warn(`This session cannot be saved: ${error.message}`);
      this.#hasFailed = true;
    }
  }

  /** Forgets the session, on disk too. Throws: FileError. */
  async clear(): Promise<void> {
    this.last = undefined;
    await this.#slots?.clear();
    this.savedAt = null;
  }

  /** Keeps the user's own images. Throws: FileError. */
  async keepCustom(images: LoadedDataset): Promise<void> {
    if (this.#folder) await keepCustom(this.#folder, images);
  }

  /**
   * Undefined when none are kept. Whoever has the lock: reading undoes nobody's work.
   *
   * Throws: FileError; ModelError or DataError for a damaged file.
   */
  async keptCustom(): Promise<LoadedDataset | undefined> {
    const folder = this.#folder ?? (await this.options.openFolder());
    return folder && keptCustom(folder);
  }

  /** Whether images of the user's own are kept. Throws: FileError. */
  async hasCustom(): Promise<boolean> {
    const folder = this.#folder ?? (await this.options.openFolder());
    return folder !== undefined && hasCustom(folder);
  }

  /** Another tab may keep its session from now on. */
  release(): void {
    this.#slots = undefined;
    this.#folder = undefined;
    this.#release?.();
  }
}
