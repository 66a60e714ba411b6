/**
 * What outlives the visit. Of several tabs, only the first one saves its session: a second one that wrote too would
 * overwrite its work. The others work without saving; they take over when a training is begun, or the page reloaded, after
 * the first tab was closed. They do not wait for the lock: a tab that is being reloaded releases it for a moment.
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

/** Which tab saves: this one, another one that has the lock, or none, as the browser cannot store files. */
export type StoreAccess = 'own' | 'other' | 'none';

export class SessionStore {
  /** When the last save reached the disk, ms since 1970; null when nothing is saved. */
  savedAt: number | null = null;
  /** The last session, saved or found, in memory too: a lost device is restored from it. */
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

  /** `listener` is called after each save that reached the disk. */
  onSaved(listener: () => void): void {
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#slots !== undefined;
  }

  /** Takes the lock if it is free, or released within `timeoutMs`. Never rejects: without files the page works as well. */
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
    // Read first: later saves must be newer.
    this.#found = await slots.newest();
    this.#folder = folder;
    this.#slots = slots;
    return 'own';
  }

  /** The session of an earlier visit, once; it is then the last one. */
  takeFound(): Found | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found) this.last = found;
    return found;
  }

  /**
   * Saves the session in the file that `write` makes for this metadata. Resolves when the file is made; `written` resolves
   * when it is on disk, and never rejects: a failure is shown once.
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

  /** Deletes the session, on disk too. Throws: FileError. */
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
   * Undefined when none are saved. It needs no lock, as it only reads.
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

  /** Another tab may save its session from now on. */
  release(): void {
    this.#slots = undefined;
    this.#folder = undefined;
    this.#release?.();
  }
}
