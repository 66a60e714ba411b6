/**
 * Training as people steer it: one at a time, from its settings to its end, and between visits. What changes a training's
 * life (begin, stop, a model opened in its place) waits its turn; pausing, stepping and going on work within it.
 */
import { KernelSelection } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan.js';
import { DataError, DeviceError, UsageError } from '../../src/errors.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { isNotFinite } from '../../src/nn/callbacks/terminate_on_nan.js';
import type { Checkpoint } from '../../src/nn/checkpoint.js';
import { kernelChangeOf } from '../../src/nn/kernel_change.js';
import type { LearningRate } from '../../src/nn/schedules.js';
import type { Model } from '../../src/nn/model.js';
import { optimizerOf } from '../../src/recipe/optimizer_of.js';
import { textOf } from '../error_text.js';
import { isOver } from '../phase.js';
import type { Cause, Note, Phase, Settings, TrainingApi, TrainingStatus, WorkerEvents } from '../protocol.js';
import type { CurrentModel } from './current_model.js';
import type { DataSets } from './data_sets.js';
import type { SessionStore } from './session_store.js';
import { TrainingRun, standing } from './training_run.js';
import { loadTrainingShaders } from './family_shaders.js';
import { goesNow } from './lost_device.js';
import { onDemand } from './on_demand_script.js';
import { memoryPlanOf } from './memory_plan.js';
import { digestOf } from './custom_images.js';
import { TrainingRecord, statusOf } from './record.js';
import { type SavedPhase, type SavedSession, sessionMetadata } from './saved_session.js';
import { SerialQueue } from './serial_queue.js';
import type { UndoHistory } from './undo.js';

/** What a training needs of the session. */
export interface TrainerDeps {
  readonly current: CurrentModel;
  readonly data: DataSets;
  readonly store: SessionStore;
  /** Training between two saves, in milliseconds. */
  readonly saveEveryMs: number;
  emit<Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]): void;
  /** Tells the page now what it was to be told in a moment. */
  flush(): void;
  /** The device, opened where it was lost. Throws: DeviceError. */
  openDevice(): Promise<Device>;
  /** Whether the device that a training began on was lost. */
  isLost(device: Device): boolean;
  /** Puts model and training back to what was saved last; says what stands in its way. */
  restore(): Promise<void>;
  readonly undo: UndoHistory;
}

export class Trainer implements TrainingApi {
  /** The training under way, or the last one. */
  record: TrainingRecord | undefined;
  /** What the callbacks of the training under way were given, from when it can begin until it ends. */
  active: Training | undefined;
  plans: readonly Plan[] = [];
  /** From when the device was lost until the training is resumed. */
  isLost = false;
  /** The command that a device refused, and was given up for. */
  refusal: string | undefined;
  #run: TrainingRun | undefined;
  /** The record that the present one took the place of. */
  #before: TrainingRecord | undefined;
  #ended: Promise<void> = Promise.resolve();
  /** Changes of a training's life. */
  readonly #changes = new SerialQueue();
  #ticket = 0;
  /** What finds no step under way: tasks take turns, whether a training rests for them or none runs. */
  readonly #tasks = new SerialQueue();
  #isWorking = false;
  #isClosed = false;
  /** When the last save is safe. */
  #written: Promise<void> = Promise.resolve();

  constructor(private readonly deps: TrainerDeps) {}

  // ---- what people ask for ----

  async begin(settings: Settings): Promise<void> {
    this.#run?.release();
    const ticket = ++this.#ticket;
    await this.inTurn(async () => {
      // Something newer was asked for meanwhile.
      if (ticket !== this.#ticket) return;
      await this.#end();
      const device = await this.deps.openDevice();
      await this.#beginAnew(
        new TrainingRecord(settings, 'training', new Map(device.kernelSelection)),
        device,
      );
    });
  }

  async pause(): Promise<void> {
    if (this.#run) await this.#run.control.pause();
    else await this.inTurn(async () => this.#run?.control.pause());
  }

  async step(): Promise<void> {
    if (!this.#run) await this.inTurn(async () => this.#goOn({ isPaused: true }));
    await this.#run?.control.step();
  }

  async resume(): Promise<void> {
    if (this.#run) this.#run.control.resume();
    else await this.inTurn(async () => this.#goOn({ isPaused: false }));
  }

  async stop(): Promise<void> {
    this.#run?.release();
    ++this.#ticket;
    await this.inTurn(async () => {
      await this.#end();
      if (!this.record || isOver(this.record.phase)) return;
      // Stopped, it cannot be resumed any more.
      if (this.record.checkpoint) await this.deps.undo.keep('model', 'stop', await this.snapshot());
      this.record.phase = 'stopped';
      await this.#saveAndWait({ isChanged: false });
      this.tellStatus();
    });
  }

  /** The rate takes the place of the preset's schedule for the rest of the training, and is kept as such; null takes it back. */
  async setLearningRate(rate: number | null): Promise<void> {
    if (rate !== null && !(rate > 0 && Number.isFinite(rate)))
      throw new UsageError(`training: the learning rate is ${rate}, expected a number above 0.`);
    // The caller that began it handles the rejection.
    await this.#run?.ready.promise.catch(() => undefined);
    await this.betweenSteps(async () => {
      const { record } = this;
      if (!record?.checkpoint && !this.#run?.training) return;
      // A training about to resume takes the rate from either place.
      if (record?.checkpoint) record.checkpoint = { ...record.checkpoint, learningRate: rate };
      if (this.#run && record)
        this.#model.optimizer.learningRate = rate ?? optimizerOf(record.settings).learningRate;
      await this.#save({ isChanged: false });
      this.tellStatus();
    });
    // Behind the rest: training need not wait for the disk.
    await this.#written;
  }

  // ---- what the session asks for ----

  /** Runs `change` when the changes asked for before are through. */
  async inTurn<T>(change: () => Promise<T>): Promise<T> {
    return this.#changes.add(change);
  }

  /** See Context. */
  async betweenSteps<T>(task: () => Promise<T>): Promise<T> {
    const flagged = async (): Promise<T> => {
      this.#isWorking = true;
      try {
        return await task();
      } finally {
        this.#isWorking = false;
      }
    };
    const inTurn = async (): Promise<T> => this.#tasks.add(flagged);
    return this.#run?.training ? this.#run.control.betweenSteps(inTurn) : inTurn();
  }

  /** See Context. Also within a work that `betweenSteps` runs. */
  async weightsChanged(): Promise<void> {
    this.deps.current.origin = 'trained';
    // Training need not wait for the disk.
    if (this.#isWorking) return this.#save({ isChanged: true });
    await this.betweenSteps(async () => this.#save({ isChanged: true }));
    await this.#written;
  }

  /** See Context. */
  async kept(): Promise<void> {
    await this.#written;
  }

  /** Resumes a training that was saved while it ran; without a device it stays paused. */
  async takeUp({ canTrain }: { readonly canTrain: boolean }): Promise<void> {
    if (this.record?.phase !== 'training') return;
    if (!canTrain) {
      this.record.phase = 'paused';
      this.tellStatus();
      return;
    }
    if (!this.record.checkpoint)
      this.#say('No checkpoint had been saved yet, so the training starts again at step 0.', 'info');
    await this.inTurn(async () => this.#goOn({ isPaused: false }));
  }

  /** Saves the model that was put in the training's place. To be called in turn, when none runs. */
  async keep(): Promise<void> {
    await this.#saveAndWait({ isChanged: false });
  }

  /**
   * Ends the training, and forgets it; resolves when nothing tasks on its model any more, with all that there was, as
   * `snapshot`. Call it from the queue.
   */
  async giveUp(): Promise<Uint8Array> {
    await this.#end();
    await this.#tasks.onIdle();
    const before = await this.snapshot();
    this.record = this.#before = undefined;
    this.isLost = false;
    this.plans = [];
    return before;
  }

  /** Whether there is more than the model that came with the page. */
  get isWorthKeeping(): boolean {
    return this.deps.current.current?.origin !== 'shipped' || this.record?.checkpoint !== undefined;
  }

  /**
   * Model and training as one file, to be restored to the same bits. No step may be under way. Of a device that was lost,
   * what was saved last.
   */
  async snapshot(): Promise<Uint8Array> {
    const { current, store } = this.deps;
    this.#takeDown();
    const { training, ...session } = this.session;
    const checkpoint = this.record?.checkpoint;
    // Of a training that has not begun there is nothing but its settings.
    const metadata = sessionMetadata({ ...session, training: checkpoint ? training : null }, 0);
    try {
      return await current.file({ metadata, ...(checkpoint ? { checkpoint } : {}) });
    } catch (error) {
      if (!(error instanceof DeviceError) || !store.last) throw error;
      return store.last.bytes;
    }
  }

  /** See Context. */
  get trainedBy(): TrainingRecord | undefined {
    const hasBegun = this.record?.checkpoint !== undefined || this.#run?.training !== undefined;
    return hasBegun ? this.record : this.#before;
  }

  /** Ends what is under way where it is. To be called in turn. */
  async endLost(): Promise<void> {
    await this.#end();
    this.isLost = true;
  }

  /** Ends all at once, as closing the page does: nothing more is saved. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  /** Sends the whole state, as to a page that has just loaded. */
  tellAll(): void {
    this.deps.emit('steps', { points: this.record?.curve.points ?? [], isFresh: true });
    this.deps.emit('epochs', [...(this.record?.epochs ?? [])]);
    this.tellStatus();
  }

  tellStatus(): void {
    this.deps.emit('status', this.#status());
  }

  get session(): SavedSession {
    const { origin = 'shipped', classNames = [] } = this.deps.current.current ?? {};
    return { savedAt: Date.now(), origin, classNames, training: this.record?.save() ?? null };
  }

  // ---- one training's life ----

  async #end(): Promise<void> {
    this.#run?.release();
    await this.#ended;
  }

  async #beginAnew(record: TrainingRecord, device: Device, { isPaused = false } = {}): Promise<void> {
    const before = this.record;
    const isKept = this.isWorthKeeping;
    if (isKept) await this.deps.undo.keep('model', 'train', await this.snapshot());
    this.#before = before;
    this.record = record;
    this.tellAll();
    try {
      // So that a page that is reloaded before the first step starts this training again.
      await this.#save({ isChanged: false });
      await this.#go(record, device, { isPaused });
    } finally {
      if (!record.checkpoint && !this.#run?.training) {
        this.record = before;
        if (isKept) await this.deps.undo.drop('model');
        await this.#save({ isChanged: false });
        this.tellAll();
      }
    }
  }

  async #goOn({ isPaused }: { readonly isPaused: boolean }): Promise<void> {
    if (this.#run) {
      if (!isPaused) this.#run.control.resume();
      return;
    }
    const device = await this.deps.openDevice();
    this.isLost = false;
    const { record } = this;
    if (!record || isOver(record.phase)) {
      this.tellStatus();
      return;
    }
    const { settings, checkpoint, choices } = record;
    const phase = (record.phase = isPaused ? 'paused' : 'training');
    try {
      if (checkpoint) await this.#go(record, device, { isPaused });
      else await this.#beginAnew(new TrainingRecord(settings, phase, choices), device, { isPaused });
    } catch (error) {
      record.phase = 'paused';
      this.tellStatus();
      throw error;
    }
  }

  /** Resolves when the first step can begin, or never will because it was stopped. */
  async #go(
    record: TrainingRecord,
    device: Device,
    { isPaused }: { readonly isPaused: boolean },
  ): Promise<void> {
    const run = new TrainingRun({
      ...this.deps,
      record,
      device,
      isPaused,
      save: async () => this.#save({ isChanged: true }),
      saved: async () => this.#written,
      tellStatus: () => this.tellStatus(),
    });
    this.#run = run;
    this.isLost = false;
    this.#ended = this.#untilEnd(run);
    await run.ready.promise;
  }

  /** Never rejects. */
  async #untilEnd(run: TrainingRun): Promise<void> {
    const { record, ready, control, abort } = run;
    try {
      record.checkpoint = await this.#fit(run);
      if (run.training) record.phase = endingOf(run);
    } catch (error) {
      if (!run.training && !abort.signal.aborted) ready.reject(error);
      else await this.#failed(run, error);
    } finally {
      this.#run = undefined;
      this.active = undefined;
      await control.finish();
      await this.#closeBooks(run);
      ready.resolve();
    }
  }

  /** What the training came to is saved and shown. Never rejects. */
  async #closeBooks({ training, record, device, abort }: TrainingRun): Promise<void> {
    if (this.#isClosed || this.isLost || this.deps.isLost(device)) return;
    // The caller that ended it early decides what becomes of it.
    if (abort.signal.aborted && !isOver(record.phase)) return;
    try {
      if (training && isOver(record.phase)) await this.#saveAndWait({ isChanged: true });
    } catch (error) {
      // Who watches the device tells that it is lost.
      this.isLost = await goesNow(device);
      if (this.isLost) return;
      this.#say(`The end of the training cannot be saved: ${textOf(error)}`, 'error', 'saving');
    }
    this.tellStatus();
    this.deps.flush();
  }

  /** Ends with where it stands; undefined where it was stopped before the first step. */
  async #fit(run: TrainingRun): Promise<Checkpoint | undefined> {
    const { record, device, abort, control } = run;
    const { settings } = record;
    const { signal } = abort;
    run.enter('loading');
    const [loaded, parts] = await Promise.all([
      this.deps.data.get(settings.dataset, {
        signal,
        onProgress: (done, total) => run.tellProgress(done, total),
      }),
      onDemand(),
      loadTrainingShaders(device),
    ]);
    run.enter('compiling');
    const images = parts.split(settings, loaded);
    checkSameImages(record, images.train);
    const isNew = record.checkpoint === undefined;
    const model = isNew ? parts.modelOf(settings, images.train, device) : this.#model;
    const choices = new KernelSelection(record.choices);
    const { classNames } = images.train;
    try {
      const history = await model.fit(images.train, {
        ...parts.fitOptionsOf(settings, images.train),
        validationData: images.validation,
        signal,
        kernelSelection: choices,
        callbacks: [
          parts.warnOnDivergence({
            say: (line) => {
              record.trouble = `${line} Train again with a smaller one.`;
              this.#say(record.trouble, 'warning');
            },
          }),
          parts.terminateOnNaN({ say: () => undefined }),
          ...parts.callbacksOf(settings, (line) => this.#say(line, 'info')),
          run.callback(async (training) => {
            // Before another model takes the place of the one that they work on.
            await this.#tasks.onIdle();
            if (signal.aborted) return false;
            if (isNew) this.deps.current.replace({ model, origin: 'trained', classNames });
            this.#takeDownKernels(record, training, choices);
            this.#begins(run, training);
            return true;
          }),
          control.callback,
        ],
        ...(record.checkpoint ? { resume: record.checkpoint } : {}),
      });
      return run.training ? history.checkpoint : record.checkpoint;
    } finally {
      if (isNew && !run.training) model.dispose();
    }
  }

  /** What the bits depend on, now that all is planned; of a training that goes on, says where that has changed. */
  #takeDownKernels(record: TrainingRecord, { kernels }: Training, choices: KernelSelection): void {
    const before = { choices: Object.fromEntries(record.choices), kernels: record.kernels };
    const change = record.checkpoint && kernelChangeOf(before, kernels, choices);
    if (change !== undefined) this.#say(change, 'warning');
    record.kernels = kernels;
    // The others are of no use to it.
    record.choices = choices.used();
  }

  /** The first step can begin. */
  #begins(run: TrainingRun, training: Training): void {
    const { record } = run;
    run.training = training;
    this.active = training;
    this.plans = training.plans;
    record.stepsPerEpoch = training.stepsPerEpoch;
    record.batchSize = training.batchSize;
    this.deps.emit('memory', memoryPlanOf(this.#model, training));
    if (training.accumulation !== undefined) this.#say(training.accumulation, 'info');
  }

  /** After the first step could begin: what was saved last is put back, for people to go on with. */
  async #failed({ device, abort, training }: TrainingRun, error: unknown): Promise<void> {
    // It was told to end.
    if (this.#isClosed || (abort.signal.aborted && !training)) return;
    let isGone = await goesNow(device);
    if (!isGone && device.calls.hasRefused) {
      this.refusal = textOf(error);
      device.destroy(); // Another one is to go on with.
      isGone = true;
    }
    if (isGone) {
      // Who watches the device tells of it, and restores.
      this.isLost = true;
      return;
    }
    this.#say(`Training failed: ${textOf(error)}`, 'error', 'training');
    await this.deps.restore();
    if (this.record?.phase === 'training') this.record.phase = 'paused';
  }

  // ---- what is kept and told ----

  get #model(): Model {
    const { current } = this.deps.current;
    if (!current) throw new UsageError('training: there is no model yet.');
    return current.model;
  }

  /** Takes everything down; to be called while no step is under way. Resolves before it is safe on disk. */
  async #save({ isChanged }: { readonly isChanged: boolean }): Promise<void> {
    const { current, store } = this.deps;
    if (!current.current || this.#isClosed) return;
    this.#takeDown();
    const checkpoint = this.record?.checkpoint;
    const { written } = await store.save(this.session, async (metadata) =>
      current.file({ metadata, ...(checkpoint ? { checkpoint } : {}) }),
    );
    this.#written = written;
    if (isChanged) current.changed();
  }

  /** Where a training under way stands. */
  #takeDown(): void {
    const { record } = this;
    const run = this.#run;
    if (!record || !run?.training) return;
    record.checkpoint = run.training.checkpoint();
    record.phase = run.control.isPauseWanted ? 'paused' : 'training';
  }

  async #saveAndWait(options: { readonly isChanged: boolean }): Promise<void> {
    await this.#save(options);
    await this.#written;
  }

  #say(text: string, level: Note['level'], cause?: Cause): void {
    this.deps.emit('note', { level, text, ...(cause ? { cause } : {}) });
  }

  #status(): TrainingStatus {
    const pace = this.#run?.pace ?? { ...standing, phase: this.#phase };
    return statusOf(this.record, { ...pace, rate: this.#rate }, this.deps.store.savedAt);
  }

  /** Where no training is under way. */
  get #phase(): Phase {
    if (this.isLost) return 'lost';
    if (!this.record) return 'idle';
    // Where it was going on, it will in a moment.
    return this.record.phase === 'training' ? 'loading' : this.record.phase;
  }

  get #rate(): LearningRate | undefined {
    if (this.#run?.training) return this.#run.training.model.optimizer.learningRate;
    if (!this.record) return undefined;
    return this.record.checkpoint?.learningRate ?? optimizerOf(this.record.settings).learningRate;
  }
}

/**
 * Told to end before its time, it could be resumed: `stop` decides that it will not be. A signal that comes behind the last
 * epoch has ended nothing; a loss that is NaN always has.
 */
function endingOf({ record: { checkpoint, settings }, abort, training }: TrainingRun): SavedPhase {
  if (training !== undefined && isNotFinite(training.lossBits())) return 'stopped';
  const isDone = (checkpoint?.position.epoch ?? 0) >= settings.epochs;
  return abort.signal.aborted && !isDone ? 'paused' : 'finished';
}

/** Throws: DataError when the user's own images differ from those the training has seen. */
function checkSameImages(record: TrainingRecord, images: Parameters<typeof digestOf>[0]): void {
  if (record.settings.dataset !== 'custom') return;
  const digest = digestOf(images);
  record.dataDigest ??= digest;
  if (record.dataDigest !== digest) {
    throw new DataError(
      'Your images differ from the ones this training started with. Drop the original files again, or start a new training.',
    );
  }
}
