/**
 * The page's training: holds its phase, dispatches events to `transition`, and runs the effects (training_phase.ts). Changes
 * such as a new training or another model run one at a time, while `fit` does not run; pause, resume and step act on a
 * running training.
 */
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import { DeviceError, UsageError } from '../../src/errors.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { readSafetensors } from '../../src/nn/safetensors.js';
import type { LearningRate } from '../../src/nn/schedules.js';
import { optimizerOf } from '../../src/recipe/optimizer_of.js';
import { textOf } from '../error_text.js';
import type { Settings, TrainingApi } from '../protocol.js';
import type { TrainerContext } from './context.js';
import type { CurrentModel } from './current_model.js';
import type { DataSets } from './data_sets.js';
import type { DeviceHolder } from './device_holder.js';
import type { EventThrottle } from './event_throttle.js';
import { goesNow } from './lost_device.js';
import { memoryPlanOf } from './memory_plan.js';
import type { ModelAndTraining, ModelFactory } from './model_factory.js';
import { type SavedSession, sessionMetadata } from './saved_session.js';
import { SerialQueue } from './serial_queue.js';
import type { SessionStore } from './session_store.js';
import { fitTraining } from './training_fit.js';
import {
  type Goal,
  type TrainingEffect,
  type TrainingEvent,
  type TrainingPhase,
  isAtRest,
  isSettled,
  isSteerable,
  isUnderWay,
  savedPhaseOf,
  transition,
} from './training_phase.js';
import { type NewTraining, TrainingRecord } from './training_record.js';
import { TrainingRun } from './training_run.js';
import { noFigures, statusOf } from './training_status.js';
import type { UndoHistory } from './undo.js';

export interface TrainerDeps {
  readonly events: EventThrottle;
  readonly device: DeviceHolder;
  readonly current: CurrentModel;
  readonly data: DataSets;
  readonly store: SessionStore;
  readonly undo: UndoHistory;
  readonly factory: ModelFactory;
  /** The page's settings, which apply before the first training. */
  readonly settings: Settings;
  /** Milliseconds of training between two saves. */
  readonly saveEveryMs: number;
}

/** Most members are described in TrainingApi and TrainerContext. */
export class Trainer implements TrainingApi, TrainerContext {
  /** The training, running or resumable; undefined when idle. */
  record: TrainingRecord | undefined;
  trainedBy: TrainingRecord | undefined;
  plans: readonly Plan[] = [];
  /** The page's settings, before the first training. */
  ownSettings: Settings;
  #phase: TrainingPhase = { name: 'idle' };
  #run: TrainingRun | undefined;
  /** Resolves when `fit` has returned and its last event has been handled. */
  #ended: Promise<void> = Promise.resolve();
  /** The record before the current one. */
  #previous: TrainingRecord | undefined;
  /** Changes that must not run while `fit` does. */
  readonly #changes = new SerialQueue();
  /** Number of calls of begin and stop: only the last waiting call takes effect. */
  #calls = 0;
  /** Tasks that run between steps. */
  readonly #tasks = new SerialQueue();
  #isInTask = false;
  /** Resolves when the last save is on disk. */
  #written: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly deps: TrainerDeps) {
    this.ownSettings = deps.settings;
    deps.store.onSaved(() => this.emitStatus());
    deps.device.onLost(async () => this.#deviceLost());
  }

  get settings(): Settings {
    return this.record?.settings ?? this.ownSettings;
  }

  // ---- the calls of the page ----

  async begin(settings: Settings): Promise<void> {
    const call = ++this.#calls;
    this.#endSoon();
    await this.#change(async () => {
      if (call !== this.#calls) return;
      await this.end();
      // If the tab that saved was closed, this one saves from now on.
      if (!this.deps.store.isOpen) await this.deps.store.open();
      const device = await this.#openDevice();
      await this.#beginNew({ settings, selection: new Map(device.kernelSelection) }, 'run');
    });
  }

  async pause(): Promise<void> {
    await this.#steer('pause');
  }

  async step(): Promise<void> {
    if (!isSteerable(this.#phase)) await this.#change(async () => this.#continue('hold'));
    await this.#steer('step');
  }

  async resume(): Promise<void> {
    if (isSteerable(this.#phase)) await this.#dispatch({ type: 'resume' });
    else await this.#change(async () => this.#continue('run'));
  }

  async stop(): Promise<void> {
    ++this.#calls;
    this.#endSoon();
    await this.#change(async () => {
      await this.end();
      // A stopped training cannot be resumed.
      if (isUnderWay(this.#phase) && this.record?.checkpoint)
        await this.deps.undo.keep('model', 'stop', await this.snapshot());
      await this.#dispatch({ type: 'stop' });
    });
  }

  /** See TrainingApi. The rate is saved, so that it also applies after a resume. */
  async setLearningRate(rate: number | null): Promise<void> {
    if (rate !== null && !(rate > 0 && Number.isFinite(rate)))
      throw new UsageError(`training: the learning rate is ${rate}, expected a number above 0.`);
    // The caller that began the training handles the rejection.
    await this.#run?.ready.promise.catch(() => undefined);
    const setRate = async (): Promise<void> => {
      const { record } = this;
      if (!record?.checkpoint && !this.active) return;
      // A training that is about to resume reads the checkpoint or the optimizer.
      if (record?.checkpoint) record.checkpoint = { ...record.checkpoint, learningRate: rate };
      if (this.#run && record)
        this.deps.current.model.optimizer.learningRate = rate ?? optimizerOf(record.settings).learningRate;
      await this.#save({ haveWeightsChanged: false });
      this.emitStatus();
      this.deps.events.flush();
    };
    await this.#unlessLost(async () => this.betweenSteps(setRate));
    // Training does not wait for the disk.
    await this.#written;
  }

  /** Runs a change in turn. */
  async #change(change: () => Promise<void>): Promise<void> {
    await this.inTurn(async () => this.#unlessLost(change));
  }

  /** Ignores the error of a lost device, which the status shows. */
  async #unlessLost(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof DeviceError && error.problem === 'lost')) throw error;
    }
  }

  /** Ends `fit` now, before the queued change does. */
  #endSoon(): void {
    void this.#dispatch({ type: 'end' });
  }

  /** Acts on a running training, or on one that an earlier change begins. */
  async #steer(type: 'pause' | 'step'): Promise<void> {
    if (isSteerable(this.#phase)) await this.#dispatch({ type });
    else await this.inTurn(async () => this.#dispatch({ type }));
    await this.#until(isSettled);
  }

  // ---- the calls of the session and other parts ----

  /** Runs a change after all earlier ones. */
  async inTurn<T>(change: () => Promise<T>): Promise<T> {
    return this.#changes.add(change);
  }

  /** Ends `fit`, and resolves when it has returned. Call it in a change. */
  async end(): Promise<void> {
    await this.#dispatch({ type: 'end' });
    await this.#ended;
  }

  /**
   * Ends the training and waits for tasks that use its model. Resolves with a snapshot of both. Call it in a change, followed
   * by `use`.
   */
  async giveUp(): Promise<Uint8Array> {
    await this.end();
    await this.#tasks.onIdle();
    return this.snapshot();
  }

  /** Replaces the model and its training. Call it in a change, after `end` or `giveUp`. */
  async use(
    { candidate, record, saved = null }: ModelAndTraining,
    type: 'replaced' | 'restored' = 'replaced',
  ): Promise<void> {
    this.deps.current.replace(candidate);
    this.record = record;
    this.trainedBy = record?.checkpoint ? record : undefined;
    this.plans = [];
    await this.#dispatch({ type, saved });
    this.emitAll();
    this.deps.events.flush();
  }

  /** Resumes a training that was running when it was saved. Without a device it stays paused. Errors are shown as notes. */
  async resumeSaved(): Promise<void> {
    if (this.#phase.name !== 'waiting') return;
    const { device, events } = this.deps;
    if (!device.current) return this.#dispatch({ type: 'pause' });
    if (!this.record?.checkpoint)
      events.note('info', 'No checkpoint had been saved yet, so the training starts again at step 0.');
    await this.resume().catch((error: unknown) => events.note('error', textOf(error), 'training'));
  }

  /** Ends everything without saving, as closing the page does. */
  async close(): Promise<void> {
    await this.#dispatch({ type: 'close' });
    await this.#ended;
  }

  async betweenSteps<T>(task: () => Promise<T>): Promise<T> {
    const flagged = async (): Promise<T> => {
      this.#isInTask = true;
      try {
        return await task();
      } finally {
        this.#isInTask = false;
      }
    };
    const queued = async (): Promise<T> => this.#tasks.add(flagged);
    return this.#run && this.active ? this.#run.gate.betweenSteps(queued) : queued();
  }

  async weightsChanged(): Promise<void> {
    this.deps.current.origin = 'trained';
    // Training does not wait for the disk.
    if (this.#isInTask) return this.#save({ haveWeightsChanged: true });
    await this.betweenSteps(async () => this.#save({ haveWeightsChanged: true }));
    await this.#written;
  }

  async written(): Promise<void> {
    await this.#written;
  }

  /** Saves a model that was opened. Call it in a change. */
  async save(): Promise<void> {
    await this.#save({ haveWeightsChanged: false });
    await this.#written;
  }

  /** Whether undo should be able to restore the model: false for an untouched built-in one. */
  get isWorthKeeping(): boolean {
    return this.deps.current.current?.origin !== 'shipped' || this.record?.checkpoint !== undefined;
  }

  /** See TrainerContext. It restores the same bits. If the device is lost, returns the last save. */
  async snapshot(): Promise<Uint8Array> {
    const { current, store } = this.deps;
    this.#updateCheckpoint();
    const { training, ...session } = this.#session;
    const checkpoint = this.record?.checkpoint;
    // A training that has not begun has only settings.
    const metadata = sessionMetadata({ ...session, training: checkpoint ? training : null }, 0);
    try {
      return await current.file({ metadata, ...(checkpoint ? { checkpoint } : {}) });
    } catch (error) {
      if (!(error instanceof DeviceError) || !store.last) throw error;
      return store.last.bytes;
    }
  }

  get active(): Training | undefined {
    return this.#run?.training;
  }

  /** Sends all events about the training, as needed by a page that has just loaded. */
  emitAll(): void {
    this.deps.events.emit('steps', { points: this.record?.curve.points ?? [], isFresh: true });
    this.deps.events.emit('epochs', [...(this.record?.epochs ?? [])]);
    this.emitStatus();
  }

  emitStatus(): void {
    const figures = this.#run?.figures ?? noFigures;
    const { record } = this;
    const { events, store } = this.deps;
    const parts = { phase: this.#phase, record, figures, rate: this.#rate, savedAt: store.savedAt };
    events.emit('status', statusOf(parts));
  }

  // ---- events and effects ----

  /** Throws: what an effect throws; the remaining effects are skipped. */
  async #dispatch(event: TrainingEvent): Promise<void> {
    const before = this.#phase;
    const { phase, effects } = transition(before, event);
    if (phase === before && effects.length === 0) return;
    this.#phase = phase;
    for (const listener of this.#listeners) listener();
    // The page sees that a training has ended when the effects, such as a save, are done.
    if (!isAtRest(phase)) this.emitStatus();
    for (const effect of effects) await this.#perform(effect);
    this.emitStatus();
    if (this.#phase.name !== before.name) this.deps.events.flush();
  }

  async #perform(effect: TrainingEffect): Promise<void> {
    switch (effect.type) {
      case 'abort':
        return this.#run?.end();
      case 'hold':
      case 'allowStep':
      case 'proceed':
        return this.#run?.gate[effect.type]();
      case 'useNew':
        this.#previous = this.record;
        this.record = new TrainingRecord(effect.training);
        return this.emitAll();
      case 'usePrevious':
        this.record = this.#previous;
        return this.emitAll();
      case 'dropUndo':
        return this.deps.undo.drop('model');
      case 'fit':
        return this.#fit();
      case 'save':
        await this.#save(effect);
        if (isAtRest(this.#phase)) await this.#written;
        return;
      case 'restore':
        return this.#restoreOrNote();
      case 'note':
        return this.deps.events.note('error', effect.text, 'training');
    }
  }

  async #until(condition: (phase: TrainingPhase) => boolean): Promise<void> {
    if (condition(this.#phase)) return;
    await new Promise<void>((resolve) => {
      const listener = (): void => {
        if (!condition(this.#phase)) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  // ---- one training ----

  async #beginNew(training: NewTraining, goal: Goal): Promise<void> {
    const isUndoable = this.isWorthKeeping;
    if (isUndoable) await this.deps.undo.keep('model', 'train', await this.snapshot());
    await this.#start({ type: 'begin', training, goal, isUndoable });
  }

  /** Call it in a change. */
  async #continue(goal: Goal): Promise<void> {
    // An earlier change has begun a training.
    if (isSteerable(this.#phase)) return goal === 'run' ? this.#dispatch({ type: 'resume' }) : undefined;
    await this.#openDevice();
    const { record } = this;
    if (record && !record.checkpoint && isUnderWay(this.#phase)) await this.#beginNew(record, goal);
    else await this.#start({ type: 'continue', goal });
  }

  async #start(event: TrainingEvent): Promise<void> {
    try {
      await this.#dispatch(event);
    } catch (error) {
      // An effect before `fit`, such as the first save, has failed.
      if (!this.#run && !isAtRest(this.#phase))
        await this.#dispatch({ type: 'failed', text: textOf(error), isLost: false });
      throw error;
    }
  }

  /** Resolves when the first step can begin, or when `end` came before it. */
  async #fit(): Promise<void> {
    const { record } = this;
    const device = this.deps.device.current;
    // `end` came while the session was being saved.
    if (this.#phase.name !== 'starting' || !record || !device)
      return this.#dispatch({ type: 'ended', outcome: 'interrupted' });
    const run = new TrainingRun({
      record,
      device,
      isHolding: savedPhaseOf(this.#phase) === 'paused',
      saveEveryMs: this.deps.saveEveryMs,
      save: async () => this.#save({ haveWeightsChanged: true }),
      onHeld: async () => {
        await this.#written;
        await this.#dispatch({ type: 'held' });
      },
      onStage: (stage) => {
        if (stage !== 'loading') void this.#dispatch({ type: stage });
      },
      onFigures: () => this.emitStatus(),
      events: this.deps.events,
    });
    this.#run = run;
    this.#ended = this.#untilEnd(run);
    await run.ready.promise;
  }

  /** Never rejects. */
  async #untilEnd(run: TrainingRun): Promise<void> {
    let failure: unknown;
    let event: TrainingEvent;
    try {
      const outcome = await fitTraining(run, {
        current: this.deps.current,
        data: this.deps.data,
        events: this.deps.events,
        onTasksDone: async () => this.#tasks.onIdle(),
        onBegan: (training) => this.#began(run, training),
      });
      event = { type: 'ended', outcome };
    } catch (error) {
      failure = error;
      event = await this.#eventOf(run, error);
    }
    this.#run = undefined;
    await run.gate.finish();
    try {
      await this.#dispatch(event);
    } catch (error) {
      if (await goesNow(run.device)) await this.#dispatch({ type: 'deviceLost' });
      else
        this.deps.events.note('error', `The end of the training cannot be saved: ${textOf(error)}`, 'saving');
      this.emitStatus();
      this.deps.events.flush();
    }
    if (failure !== undefined && !run.training && event.type === 'failed') run.ready.reject(failure);
    else run.ready.resolve();
  }

  #began({ record }: TrainingRun, training: Training): void {
    this.trainedBy = record;
    this.plans = training.plans;
    this.deps.events.emit('memory', memoryPlanOf(this.deps.current.model, training));
    if (training.accumulation !== undefined) this.deps.events.note('info', training.accumulation);
    // Not awaited: it has no effects.
    void this.#dispatch({ type: 'began' });
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

  // ---- the device and the last save ----

  /** Returns the device. If there is none, opens one and restores the last save on it. Throws: DeviceError. */
  async #openDevice(): Promise<Device> {
    const { device } = this.deps;
    if (device.current) return device.current;
    const opened = await device.open();
    await this.#restore('replaced');
    return opened;
  }

  async #deviceLost(): Promise<void> {
    await this.#dispatch({ type: 'deviceLost' });
    await this.inTurn(async () => {
      await this.#ended;
      await this.#restoreOrNote();
    });
  }

  async #restoreOrNote(): Promise<void> {
    try {
      await this.#restore('restored');
    } catch (error) {
      this.deps.events.note('error', `The last checkpoint could not be restored: ${textOf(error)}`);
    }
  }

  /** Restores the last save on the current device; before the first save, the built-in model. */
  async #restore(type: 'replaced' | 'restored'): Promise<void> {
    const { factory, store } = this.deps;
    if (!store.last) return this.use({ candidate: await factory.builtIn(this.settings) }, type);
    const { session, bytes } = store.last;
    await this.use(factory.ofSession(session, readSafetensors(bytes, 'the saved session')), type);
  }

  // ---- what is saved and shown ----

  /** Call it while no step is in flight. Resolves before the save is on disk. */
  async #save({ haveWeightsChanged }: { readonly haveWeightsChanged: boolean }): Promise<void> {
    const { current, store } = this.deps;
    if (!current.current || this.#phase.name === 'closed') return;
    this.#updateCheckpoint();
    const checkpoint = this.record?.checkpoint;
    const { written } = await store.save(this.#session, async (metadata) =>
      current.file({ metadata, ...(checkpoint ? { checkpoint } : {}) }),
    );
    this.#written = written;
    if (haveWeightsChanged) current.changed();
  }

  #updateCheckpoint(): void {
    if (this.record && this.active) this.record.checkpoint = this.active.checkpoint();
  }

  get #session(): SavedSession {
    const { origin = 'shipped', classNames = [] } = this.deps.current.current ?? {};
    const phase = savedPhaseOf(this.#phase);
    const training = (phase && this.record?.save(phase)) ?? null;
    return { savedAt: Date.now(), origin, classNames, training };
  }

  get #rate(): LearningRate | undefined {
    if (this.active) return this.active.model.optimizer.learningRate;
    if (!this.record) return undefined;
    return this.record.checkpoint?.learningRate ?? optimizerOf(this.record.settings).learningRate;
  }
}
