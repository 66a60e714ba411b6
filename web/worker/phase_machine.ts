/**
 * Holds the phase of the page's training: dispatches events to `transition` and performs the effects in their order
 * (training_phase.ts). The effect `fit` runs a training, whose events come here too.
 */
import { DeviceError } from '../../src/errors.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { textOf } from '../error_text.js';
import type { CurrentModel } from './current_model.js';
import type { DataSets } from './data_sets.js';
import type { DeviceHolder } from './device_holder.js';
import type { EventThrottle } from './event_throttle.js';
import { goesNow } from './lost_device.js';
import type { ModelAndTraining, ModelFactory } from './model_factory.js';
import { onDemand } from './on_demand_script.js';
import type { SerialQueue } from './serial_queue.js';
import type { SessionStore } from './session_store.js';
import {
  type TrainingEffect,
  type TrainingEvent,
  type TrainingPhase,
  isInactive,
  savedPhaseOf,
  transition,
} from './training_phase.js';
import { TrainingRecord } from './training_record.js';
import { TrainingRun } from './training_run.js';
import type { TrainingSaves } from './training_saves.js';
import type { TrainingState } from './training_state.js';
import { noFigures, statusOf } from './training_status.js';
import type { UndoHistory } from './undo.js';

export interface PhaseMachineDeps {
  readonly state: TrainingState;
  readonly saves: TrainingSaves;
  /** Tasks that run between steps. */
  readonly tasks: SerialQueue;
  readonly events: EventThrottle;
  readonly device: DeviceHolder;
  readonly current: CurrentModel;
  readonly data: DataSets;
  readonly store: SessionStore;
  readonly undo: UndoHistory;
  readonly factory: ModelFactory;
  /** Milliseconds of training between two saves. */
  readonly saveEveryMs: number;
}

export class PhaseMachine {
  /** Resolves when `fit` has returned and its last event has been handled. */
  #ended: Promise<void> = Promise.resolve();
  /** The record before the current one. */
  #previous: TrainingRecord | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly deps: PhaseMachineDeps) {}

  /** Throws: what an effect throws; the remaining effects are skipped. */
  async dispatch(event: TrainingEvent): Promise<void> {
    const { events, state } = this.deps;
    const before = state.phase;
    const { phase, effects } = transition(before, event);
    if (phase === before && effects.length === 0) return;
    state.phase = phase;
    for (const listener of this.#listeners) listener();
    // The page sees that a training has ended when the effects, such as a save, are done.
    if (!isInactive(phase)) this.emitStatus();
    for (const effect of effects) await this.#perform(effect);
    this.emitStatus();
    if (state.phase.name !== before.name) events.flush();
  }

  /** Resolves when the phase meets the condition. */
  async until(condition: (phase: TrainingPhase) => boolean): Promise<void> {
    const { state } = this.deps;
    if (condition(state.phase)) return;
    await new Promise<void>((resolve) => {
      const listener = (): void => {
        if (!condition(state.phase)) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  /** Resolves when `fit` has returned and its last event has been handled. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  /** Sends all events about the training, as needed by a page that has just loaded. */
  emitAll(): void {
    const { record } = this.deps.state;
    this.deps.events.emit('steps', { points: record?.curve.points ?? [], isFresh: true });
    this.deps.events.emit('epochs', [...(record?.epochs ?? [])]);
    this.emitStatus();
  }

  emitStatus(): void {
    const { events, state, store } = this.deps;
    const { phase, record, rate, run } = state;
    const figures = run?.figures ?? noFigures;
    events.emit('status', statusOf({ phase, record, figures, rate, savedAt: store.savedAt }));
  }

  async #perform(effect: TrainingEffect): Promise<void> {
    const { events, saves, state, undo } = this.deps;
    switch (effect.type) {
      case 'abort':
        return state.run?.end();
      case 'hold':
      case 'allowStep':
      case 'proceed':
        return state.run?.gate[effect.type]();
      case 'useNew':
        this.#previous = state.record;
        state.record = new TrainingRecord(effect.training);
        return this.emitAll();
      case 'usePrevious':
        state.record = this.#previous;
        return this.emitAll();
      case 'dropUndo':
        return undo.drop('model');
      case 'fit':
        return this.#fit();
      case 'save':
        await saves.save(effect);
        if (isInactive(state.phase)) await saves.written();
        return;
      case 'restore':
        return this.restoreOrNote();
      case 'note':
        return events.note('error', effect.text, 'training');
    }
  }

  // ---- fit ----

  /** Resolves when the first step can begin, or when `end` came before it. */
  async #fit(): Promise<void> {
    const { events, saves, saveEveryMs, state } = this.deps;
    const { phase, record } = state;
    const device = this.deps.device.current;
    // `end` came while the session was being saved.
    if (phase.name !== 'starting' || !record || !device)
      return this.dispatch({ type: 'ended', outcome: 'interrupted' });
    const run = new TrainingRun({
      record,
      device,
      isHolding: savedPhaseOf(phase) === 'paused',
      saveEveryMs,
      save: async () => saves.save({ haveWeightsChanged: true }),
      onHeld: async () => {
        await saves.written();
        await this.dispatch({ type: 'held' });
      },
      onStage: (stage) => {
        if (stage !== 'loading') void this.dispatch({ type: stage });
      },
      onFigures: () => this.emitStatus(),
      events,
    });
    state.run = run;
    this.#ended = this.#untilEnd(run);
    await run.ready.promise;
  }

  /** Never rejects. */
  async #untilEnd(run: TrainingRun): Promise<void> {
    const { current, data, events, state, tasks } = this.deps;
    let failure: unknown;
    let event: TrainingEvent;
    try {
      const { fitTraining } = await onDemand();
      const outcome = await fitTraining(run, {
        current,
        data,
        events,
        onTasksDone: async () => tasks.onIdle(),
        onBegan: (training) => this.#began(run, training),
      });
      event = { type: 'ended', outcome };
    } catch (error) {
      failure = error;
      event = await this.#eventOf(run, error);
    }
    state.run = undefined;
    await run.gate.finish();
    try {
      await this.dispatch(event);
    } catch (error) {
      if (await goesNow(run.device)) await this.dispatch({ type: 'deviceLost' });
      else events.note('error', `The end of the training cannot be saved: ${textOf(error)}`, 'saving');
      this.emitStatus();
      events.flush();
    }
    if (failure !== undefined && !run.training && event.type === 'failed') run.ready.reject(failure);
    else run.ready.resolve();
  }

  #began({ record }: TrainingRun, training: Training): void {
    const { events, state } = this.deps;
    state.trainedBy = record;
    state.plans = training.plans;
    if (training.accumulation !== undefined) events.note('info', training.accumulation);
    // Not awaited: it has no effects.
    void this.dispatch({ type: 'began' });
  }

  async #eventOf({ device, training, abort }: TrainingRun, error: unknown): Promise<TrainingEvent> {
    // Aborted before the first step.
    if (abort.signal.aborted && !training) return { type: 'ended', outcome: 'interrupted' };
    const text = `Training failed: ${textOf(error)}`;
    // Before the first step, most failures are caused by the images, not by the device.
    let isLost = (training !== undefined || error instanceof DeviceError) && (await goesNow(device));
    if (!isLost && training && device.calls.hasRefused) {
      this.deps.device.refuse(device, textOf(error));
      isLost = true;
    }
    return { type: 'failed', text, isLost };
  }

  // ---- another model with its training ----

  /** Replaces the model and its training. Call it while `fit` does not run. */
  async use(
    { candidate, record, saved = null }: ModelAndTraining,
    type: 'replaced' | 'restored',
  ): Promise<void> {
    const { current, events, state } = this.deps;
    current.replace(candidate);
    state.record = record;
    state.trainedBy = record?.checkpoint ? record : undefined;
    state.plans = [];
    await this.dispatch({ type, saved });
    this.emitAll();
    events.flush();
  }

  /** Restores the last save on the current device; before the first save, the built-in model. */
  async restore(type: 'replaced' | 'restored'): Promise<void> {
    const { factory, state, store } = this.deps;
    if (!store.last) return this.use({ candidate: await factory.builtIn(state.settings) }, type);
    const { session, bytes } = store.last;
    await this.use(await factory.ofSession(session, readSafetensors(bytes, 'the saved session')), type);
  }

  async restoreOrNote(): Promise<void> {
    try {
      await this.restore('restored');
    } catch (error) {
      this.deps.events.note('error', `The last checkpoint could not be restored: ${textOf(error)}`);
    }
  }
}
