/** Saves the model with its training, for the next visit and for undo. */
import { DeviceError } from '../../src/errors.js';
import type { CurrentModel } from './current_model.js';
import { type SavedSession, sessionMetadata } from './saved_session.js';
import type { SessionStore } from './session_store.js';
import { savedPhaseOf } from './training_phase.js';
import type { TrainingState } from './training_state.js';

export interface TrainingSavesDeps {
  readonly state: TrainingState;
  readonly current: CurrentModel;
  readonly store: SessionStore;
}

export class TrainingSaves {
  #written: Promise<void> = Promise.resolve();

  constructor(private readonly deps: TrainingSavesDeps) {}

  /** Call it while no step is in flight. Resolves before the save is on disk. */
  async save({ haveWeightsChanged }: { readonly haveWeightsChanged: boolean }): Promise<void> {
    const { current, state, store } = this.deps;
    if (!current.current || state.phase.name === 'closed') return;
    this.#updateCheckpoint();
    const checkpoint = state.record?.checkpoint;
    const { written } = await store.save(this.#session, async (metadata) =>
      current.file({ metadata, ...(checkpoint ? { checkpoint } : {}) }),
    );
    this.#written = written;
    if (haveWeightsChanged) current.changed();
  }

  /** Resolves when the last save is on disk, or has failed with a note. */
  async written(): Promise<void> {
    await this.#written;
  }

  /** Model and training as one file, which restores the same bits. If the device is lost, returns the last save. */
  async snapshot(): Promise<Uint8Array> {
    const { current, state, store } = this.deps;
    this.#updateCheckpoint();
    const { training, ...session } = this.#session;
    const checkpoint = state.record?.checkpoint;
    // A training that has not begun has only settings.
    const metadata = sessionMetadata({ ...session, training: checkpoint ? training : null }, 0);
    try {
      return await current.file({ metadata, ...(checkpoint ? { checkpoint } : {}) });
    } catch (error) {
      if (!(error instanceof DeviceError) || !store.last) throw error;
      return store.last.bytes;
    }
  }

  #updateCheckpoint(): void {
    const { active, record } = this.deps.state;
    if (record && active) record.checkpoint = active.checkpoint();
  }

  get #session(): SavedSession {
    const { current, state } = this.deps;
    const { origin = 'shipped', classNames = [] } = current.current ?? {};
    const phase = savedPhaseOf(state.phase);
    const training = (phase && state.record?.save(phase)) ?? null;
    return { savedAt: Date.now(), origin, classNames, training };
  }
}
