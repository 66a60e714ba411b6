/**
 * Saves the session between visits. If several tabs show the page, only the first one saves, as the others would overwrite
 * its work. After the first tab was closed, another one takes over when it begins a training or is reloaded. It does not
 * wait for the lock, since a tab that is being reloaded releases the lock for a moment.
 */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { FileError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { textOf } from '../error_text.js';
import { type Found, AlternatingSlots } from './alternating_slots.js';
import { hasCustom, keepCustom, keptCustom } from './custom_images.js';
import type { EventThrottle } from './event_throttle.js';
import { type SavedSession, sessionMetadata } from './saved_session.js';
import { takeLock } from './tab_lock.js';
import type { UndoHistory } from './undo.js';

export interface SessionStoreOptions {
  /** The folder for the session; undefined if the browser cannot store files. */
  readonly openFolder: () => Promise<Folder | undefined>;
  /** The lock that one tab holds. */
  readonly lockName: string;
}

/** Which tab saves: this one, another one that holds the lock, or none because the browser cannot store files. */
export type StoreAccess = 'own' | 'other' | 'none';

export class SessionStore {
  /** When the last save was written to disk, in ms since 1970; null if nothing is saved. */
  savedAt: number | null = null;
  /** The last saved or found session. After the device is lost, the model is restored from it. */
  last: { readonly session: SavedSession; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;
  #folder: Folder | undefined;
  #slots: AlternatingSlots | undefined;
  #release: (() => void) | undefined;
  #found: Found | undefined;
  #number = 0;
  #hasFailed = false;
  #listener: () => void = () => undefined;

  constructor(
    private readonly options: SessionStoreOptions,
    private readonly events: EventThrottle,
    private readonly undo: UndoHistory,
  ) {}

  /** `listener` is called after each save that was written to disk. */
  onSaved(listener: () => void): void {
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#slots !== undefined;
  }

  /** Takes the lock if it is free or released within `timeoutMs`. Never rejects: the page also works without saving. */
  async open(timeoutMs = 0): Promise<StoreAccess> {
    try {
      return await this.#open(timeoutMs);
    } catch (error) {
      this.events.note('warning', `Nothing can be saved in this browser: ${textOf(error)}`);
      return 'none';
    }
  }

  async #open(timeoutMs: number): Promise<StoreAccess> {
    if (this.#slots) return 'own';
    const folder = await this.options.openFolder();
    if (!folder) return 'none';
    const release = await takeLock(this.options.lockName, timeoutMs);
    // Another call of this tab may have taken the lock.
    if (!release) return this.isOpen ? 'own' : 'other';
    this.#release = release;
    await this.undo.open(folder);
    const slots = new AlternatingSlots(folder);
    // Read before the first save, which needs a higher number.
    this.#found = await slots.newest();
    this.#folder = folder;
    this.#slots = slots;
    return 'own';
  }

  /** Returns the session of an earlier visit, once, and makes it the last one. */
  takeFound(): Found | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found) this.last = found;
    return found;
  }

  /**
   * Saves the session in the file that `write` creates with this metadata. Resolves when the file's bytes are ready.
   * `written` resolves when they are on disk, and never rejects: the first failure is shown as a note.
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
      this.#listener();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (!this.#hasFailed) this.events.note('warning', `This session cannot be saved: ${error.message}`);
      this.#hasFailed = true;
    }
  }

  /** Deletes the session, also on disk. Throws: FileError. */
  async clear(): Promise<void> {
    this.last = undefined;
    await this.#slots?.clear();
    this.savedAt = null;
  }

  /** Saves the user's own images. Throws: FileError. */
  async keepCustom(images: LoadedDataset): Promise<void> {
    if (this.#folder) await keepCustom(this.#folder, images);
  }

  /**
   * The user's own images; undefined if none are saved. Needs no lock, as it only reads.
   *
   * Throws: FileError; ModelError or DataError for a damaged file.
   */
  async keptCustom(): Promise<LoadedDataset | undefined> {
    const folder = this.#folder ?? (await this.options.openFolder());
    return folder && keptCustom(folder);
  }

  /** Whether images of the user are saved. Throws: FileError. */
  async hasCustom(): Promise<boolean> {
    const folder = this.#folder ?? (await this.options.openFolder());
    return folder !== undefined && hasCustom(folder);
  }

  /** Releases the lock, so that another tab can save. */
  release(): void {
    this.#slots = undefined;
    this.#folder = undefined;
    this.#release?.();
  }
}
