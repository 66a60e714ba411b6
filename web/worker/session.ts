/** One visit: creates the worker's parts in dependency order, and starts them. */
import { DeviceError, FileError, ShadegradError } from '../../src/errors.js';
import { textOf } from '../error_text.js';
import type { StartOptions, WorkerEvent } from '../protocol.js';
import { type SessionOptions, browserParts } from './browser_parts.js';
import type { Context } from './context.js';
import { CurrentModel } from './current_model.js';
import { DataSets } from './data_sets.js';
import { DeviceHolder } from './device_holder.js';
import { EventThrottle } from './event_throttle.js';
import { ModelFactory } from './model_factory.js';
import { Models } from './models_api.js';
import { SessionStore, type StoreAccess } from './session_store.js';
import { Trainer } from './trainer.js';
import { UndoHistory } from './undo.js';
import { UserImages } from './user_images.js';

export class Session implements Context {
  readonly events: EventThrottle;
  readonly undo: UndoHistory;
  readonly device: DeviceHolder;
  readonly current: CurrentModel;
  readonly store: SessionStore;
  readonly data: DataSets;
  readonly factory: ModelFactory;
  readonly trainer: Trainer;
  readonly models: Models;
  readonly images: UserImages;
  readonly #lockTimeoutMs: number;

  constructor(
    { base, settings, isReload }: StartOptions,
    listener: (event: WorkerEvent) => void,
    options: SessionOptions = {},
  ) {
    const { openDevice, source, fetchBuiltIn, saveEveryMs, lockTimeoutMs, ...storage } = {
      ...browserParts(base),
      ...options,
    };
    const events = (this.events = new EventThrottle(listener));
    const undo = (this.undo = new UndoHistory((offers) => events.emit('undo', offers)));
    const device = (this.device = new DeviceHolder(openDevice, events));
    const current = (this.current = new CurrentModel((info) => events.emit('model', info)));
    const store = (this.store = new SessionStore(storage, events, undo));
    const data = (this.data = new DataSets(
      { ...source, custom: async () => store.keptCustom() },
      (problems) => events.emit('sets', problems),
    ));
    const factory = (this.factory = new ModelFactory(fetchBuiltIn, device, events));
    const trainer = (this.trainer = new Trainer({
      events,
      device,
      current,
      data,
      store,
      undo,
      factory,
      settings,
      saveEveryMs,
    }));
    this.models = new Models({ current, factory, store, trainer, undo });
    this.images = new UserImages({ data, events, store, undo });
    // After a reload, the previous page of this tab may still hold the lock.
    this.#lockTimeoutMs = isReload ? 5 * lockTimeoutMs : lockTimeoutMs;
  }

  /** See WorkerApi.start. Resolves when a model can predict; a saved training resumes after that. */
  async open(): Promise<void> {
    const { data, device, factory, store, trainer } = this;
    // Most visits predict with it first.
    factory.prefetch(trainer.settings);
    const [access] = await Promise.all([store.open(), device.tryOpen()]);
    if (!(await this.#useFound())) await trainer.use({ candidate: await factory.builtIn(trainer.settings) });
    // Not awaited: the page can be used in the meantime. Errors are shown as notes.
    void data.check(store.hasCustom());
    void this.#resume(access);
  }

  /** Ends everything immediately, as closing the tab does; for tests. */
  async close(): Promise<void> {
    this.events.close();
    await this.trainer.close();
    this.device.close();
    this.store.release();
  }

  /** Restores the session of an earlier visit; false if there is none, or if this version cannot read it. */
  async #useFound(): Promise<boolean> {
    const { events, factory, store, trainer } = this;
    const found = store.takeFound();
    if (!found) return false;
    try {
      const restored = await factory.ofSession(found.session, found.stored);
      store.savedAt = found.session.savedAt;
      await trainer.use(restored);
      return true;
    } catch (error) {
      // A damaged session, or one of another version, is not used after a lost device either.
      if (!isUnfetched(error) && !(error instanceof DeviceError)) store.last = undefined;
      const why =
        error instanceof ShadegradError
          ? error.message
          : 'it is damaged, or from another version of this page.';
      events.note('warning', `Your last session could not be restored: ${why}`);
      return false;
    }
  }

  /** Waits until the tab's previous page releases the lock, then resumes the saved training. */
  async #resume(access: StoreAccess): Promise<void> {
    const { events, store, trainer } = this;
    if (access === 'none') {
      events.note(
        'info',
        'This browser cannot store files (is this a private window?). A reload loses the training.',
      );
    }
    if (access === 'other') {
      if ((await store.open(this.#lockTimeoutMs)) === 'own') {
        await trainer.inTurn(async () => {
          // A training begun in the meantime takes precedence.
          if (trainer.state.record === undefined) await this.#useFound();
        });
      } else {
        events.note(
          'info',
          'This page is open in another tab, and only that tab saves. Training here works but is lost on reload; to resume the saved training, close the other tab and reload.',
        );
      }
    }
    await trainer.resumeSaved().catch((error: unknown) => events.note('error', textOf(error), 'training'));
  }
}

function isUnfetched(error: unknown): boolean {
  return error instanceof FileError && error.problem === 'network';
}
