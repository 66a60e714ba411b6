/** The user's own images: used as the data set `custom`, saved for the next visit, and undone to. */
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
      const before = customFile(await deps.data.get('custom'));
      this.#replace(customIn(bytes));
      return before;
    });
  }

  /** Makes `images` the data set `custom`, also after a reload; the previous ones can be undone to. */
  async use(images: LoadedDataset): Promise<void> {
    const { data, undo } = this.deps;
    // Damaged files cannot be undone to.
    const before = await data.get('custom').catch(() => undefined);
    if (before) await undo.keep('images', 'images', customFile(before));
    this.#replace(images);
  }

  #replace(images: LoadedDataset): void {
    const { data, events, store } = this.deps;
    data.useCustom(images);
    // Not awaited: they can be used in the meantime.
    void store.keepCustom(images).catch((error: unknown) => {
      events.note('warning', `Your images could not be saved for the next visit: ${textOf(error)}`);
    });
  }
}
