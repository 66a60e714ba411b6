/** The user's own images: sets them as the data set `custom`, saves them for the next visit, and can undo this. */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { textOf } from '../error_text.js';
import { customFile, customIn } from './custom_images.js';
import type { DataSets } from './data_sets.js';
import type { EventThrottle } from './event_throttle.js';
import type { SessionStore } from './session_store.js';
import type { UndoHistory } from './undo.js';

export interface UserImagesDeps {
  readonly data: DataSets;
  readonly events: EventThrottle;
  readonly store: SessionStore;
  readonly undo: UndoHistory;
}

export class UserImages {
  constructor(private readonly deps: UserImagesDeps) {
    deps.undo.own('images', async (bytes) => {
      const images = customIn(bytes);
      const before = await this.#kept();
      this.#replace(images);
      return before;
    });
  }

  /** Sets `images` as the data set `custom`, also after a reload. Undo restores the previous images. */
  async use(images: LoadedDataset): Promise<void> {
    const { undo } = this.deps;
    const before = await this.#kept();
    if (before) await undo.keep('images', 'images', before);
    this.#replace(images);
  }

  /** The present images as one file; undefined without any, or if they are damaged. */
  async #kept(): Promise<Uint8Array | undefined> {
    const images = await this.deps.data.get('custom').catch(() => undefined);
    return images && customFile(images);
  }

  #replace(images: LoadedDataset): void {
    const { data, events, store } = this.deps;
    data.useCustom(images);
    // Not awaited: the images can be used before they are saved.
    void store.keepCustom(images).catch((error: unknown) => {
      events.note('warning', `Your images could not be saved for the next visit: ${textOf(error)}`);
    });
  }
}
