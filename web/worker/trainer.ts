/**
 * The calls of the page and of the worker's other parts that act on the training. Changes such as a new training or another
 * model run one at a time, while `fit` does not run; pause, resume and step act on a running training.
 */
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import { DeviceError, UsageError } from '../../src/errors.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { learningRateOf } from '../../src/recipe/learning_rate_of.js';
import { textOf } from '../error_text.js';
import type { Settings, TrainingApi } from '../protocol.js';
import type { TrainerContext } from './context.js';
import type { ModelAndTraining } from './model_factory.js';
import { PhaseMachine, type PhaseMachineDeps } from './phase_machine.js';
import { SerialQueue } from './serial_queue.js';
import {
  type Goal,
  type TrainingEvent,
  isInactive,
  isSettled,
  isSteerable,
  isUnfinished,
} from './training_phase.js';
import type { NewTraining, TrainingRecord } from './training_record.js';
import { TrainingSaves } from './training_saves.js';
import { TrainingState } from './training_state.js';

export interface TrainerDeps extends Omit<PhaseMachineDeps, 'state' | 'saves' | 'tasks'> {
  /** The page's settings, which apply before the first training. */
  readonly settings: Settings;
}

/** Most members are described in TrainingApi and TrainerContext. */
export class Trainer implements TrainingApi, TrainerContext {
  readonly state: TrainingState;
  readonly #saves: TrainingSaves;
  readonly #machine: PhaseMachine;
  /** Changes that must not run while `fit` does. */
  readonly #changes = new SerialQueue();
  /** Number of calls of begin and stop: only the last waiting call takes effect. */
  #calls = 0;
  /** Tasks that run between steps. */
  readonly #tasks = new SerialQueue();
  #isInTask = false;

  constructor(private readonly deps: TrainerDeps) {
    this.state = new TrainingState(deps.settings);
    this.#saves = new TrainingSaves({ ...deps, state: this.state });
    this.#machine = new PhaseMachine({ ...deps, state: this.state, saves: this.#saves, tasks: this.#tasks });
    deps.store.onSaved(() => this.#machine.emitStatus());
    deps.device.onLost(async () => this.#deviceLost());
  }

  get settings(): Settings {
    return this.state.settings;
  }

  get trainedBy(): TrainingRecord | undefined {
    return this.state.trainedBy;
  }

  get active(): Training | undefined {
    return this.state.active;
  }

  get plans(): readonly Plan[] {
    return this.state.plans;
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
    if (!isSteerable(this.state.phase)) await this.#change(async () => this.#continue('hold'));
    await this.#steer('step');
  }

  async resume(): Promise<void> {
    if (isSteerable(this.state.phase)) await this.#machine.dispatch({ type: 'resume' });
    else await this.#change(async () => this.#continue('run'));
  }

  async stop(): Promise<void> {
    ++this.#calls;
    this.#endSoon();
    await this.#change(async () => {
      await this.end();
      // A stopped training cannot be resumed.
      if (isUnfinished(this.state.phase) && this.state.record?.checkpoint)
        await this.deps.undo.keep('model', 'stop', await this.snapshot());
      await this.#machine.dispatch({ type: 'stop' });
    });
  }

  /** See TrainingApi. The rate is saved, so that it also applies after a resume. */
  async setLearningRate(rate: number | null): Promise<void> {
    if (rate !== null && !(rate > 0 && Number.isFinite(rate)))
      throw new UsageError(`training: the learning rate is ${rate}, expected a number above 0.`);
    // The caller that began the training handles the rejection.
    await this.state.run?.ready.promise.catch(() => undefined);
    const setRate = async (): Promise<void> => {
      const { active, record, run } = this.state;
      if (!record?.checkpoint && !active) return;
      // A training that is about to resume reads the checkpoint or the optimizer.
      if (record?.checkpoint) record.checkpoint = { ...record.checkpoint, learningRate: rate };
      if (run && record)
        this.deps.current.model.optimizer.learningRate = rate ?? learningRateOf(record.settings);
      await this.#saves.save({ haveWeightsChanged: false });
      this.#machine.emitStatus();
      this.deps.events.flush();
    };
    await this.#unlessLost(async () => this.betweenSteps(setRate));
    // Training does not wait for the disk.
    await this.written();
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
    void this.#machine.dispatch({ type: 'end' });
  }

  /** Acts on a running training, or on one that an earlier change begins. */
  async #steer(type: 'pause' | 'step'): Promise<void> {
    if (isSteerable(this.state.phase)) await this.#machine.dispatch({ type });
    else await this.inTurn(async () => this.#machine.dispatch({ type }));
    await this.#machine.until(isSettled);
  }

  // ---- starting a training; call these in a change ----

  async #beginNew(training: NewTraining, goal: Goal): Promise<void> {
    const isUndoable = this.isWorthKeeping;
    if (isUndoable) await this.deps.undo.keep('model', 'train', await this.snapshot());
    await this.#start({ type: 'begin', training, goal, isUndoable });
  }

  async #continue(goal: Goal): Promise<void> {
    // An earlier change has begun a training.
    if (isSteerable(this.state.phase))
      return goal === 'run' ? this.#machine.dispatch({ type: 'resume' }) : undefined;
    await this.#openDevice();
    const { phase, record } = this.state;
    if (record && !record.checkpoint && isUnfinished(phase)) await this.#beginNew(record, goal);
    else await this.#start({ type: 'continue', goal });
  }

  async #start(event: TrainingEvent): Promise<void> {
    try {
      await this.#machine.dispatch(event);
    } catch (error) {
      // An effect before `fit`, such as the first save, has failed.
      if (!this.state.run && !isInactive(this.state.phase))
        await this.#machine.dispatch({ type: 'failed', text: textOf(error), isLost: false });
      throw error;
    }
  }

  /** Returns the device. If there is none, opens one and restores the last save on it. Throws: DeviceError. */
  async #openDevice(): Promise<Device> {
    const { device } = this.deps;
    if (device.current) return device.current;
    const opened = await device.open();
    await this.#machine.restore('replaced');
    return opened;
  }

  async #deviceLost(): Promise<void> {
    await this.#machine.dispatch({ type: 'deviceLost' });
    await this.inTurn(async () => {
      await this.#machine.ended();
      await this.#machine.restoreOrNote();
    });
  }

  // ---- the calls of the session and other parts ----

  /** Runs a change after all earlier ones. */
  async inTurn<T>(change: () => Promise<T>): Promise<T> {
    return this.#changes.add(change);
  }

  /** Ends `fit`, and resolves when it has returned. Call it in a change. */
  async end(): Promise<void> {
    await this.#machine.dispatch({ type: 'end' });
    await this.#machine.ended();
  }

  /**
   * Ends the training and waits for tasks that use its model. Resolves with a snapshot of both. Call it in a change, followed
   * by `use`.
   */
  async endAndSnapshot(): Promise<Uint8Array> {
    await this.end();
    await this.#tasks.onIdle();
    return this.snapshot();
  }

  /** Replaces the model and its training. Call it in a change, after `end` or `endAndSnapshot`. */
  async use(next: ModelAndTraining): Promise<void> {
    await this.#machine.use(next, 'replaced');
  }

  /** Resumes a training that was running when it was saved. Without a device it stays paused. Errors are shown as notes. */
  async resumeSaved(): Promise<void> {
    if (this.state.phase.name !== 'waiting') return;
    const { device, events } = this.deps;
    if (!device.current) return this.#machine.dispatch({ type: 'pause' });
    if (!this.state.record?.checkpoint)
      events.note('info', 'No checkpoint had been saved yet, so the training starts again at step 0.');
    await this.resume().catch((error: unknown) => events.note('error', textOf(error), 'training'));
  }

  /** Ends everything without saving, as closing the page does. */
  async close(): Promise<void> {
    await this.#machine.dispatch({ type: 'close' });
    await this.#machine.ended();
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
    const { active, run } = this.state;
    return run && active ? run.gate.betweenSteps(queued) : queued();
  }

  async weightsChanged(): Promise<void> {
    this.deps.current.origin = 'trained';
    const save = async (): Promise<void> => this.#saves.save({ haveWeightsChanged: true });
    // Training does not wait for the disk.
    if (this.#isInTask) return save();
    await this.betweenSteps(save);
    await this.written();
  }

  async written(): Promise<void> {
    await this.#saves.written();
  }

  /** Saves a model that was opened. Call it in a change. */
  async save(): Promise<void> {
    await this.#saves.save({ haveWeightsChanged: false });
    await this.written();
  }

  /** Whether undo should be able to restore the model: false for an untouched built-in one. */
  get isWorthKeeping(): boolean {
    return this.deps.current.current?.origin !== 'shipped' || this.state.record?.checkpoint !== undefined;
  }

  async snapshot(): Promise<Uint8Array> {
    return this.#saves.snapshot();
  }
}
