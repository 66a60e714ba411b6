/** One visit: the device, the model, the training under way, and what is kept of them between visits. */
import type { DatasetName } from '../../src/data/digests.js';
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan.js';
import { DeviceError, ModelError, ShadegradError, StateError } from '../../src/errors.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { type StoredTensors, readSafetensors } from '../../src/nn/safetensors.js';
import type { Model } from '../../src/nn/model.js';
import { checkpointIn } from '../../src/nn/weights_file.js';
import { optimizerOf } from '../../src/recipe/optimizer_of.js';
import { textOf } from '../error_text.js';
import type {
  Cause,
  ModelInfo,
  ModelsApi,
  Settings,
  StartOptions,
  TrainingApi,
  UndoName,
  WorkerEvent,
  WorkerEvents,
} from '../protocol.js';
import type { Context } from './context.js';
import { type Candidate, CurrentModel, type Weights, modelFromStored } from './current_model.js';
import { type SessionOptions, type ShippedModel, browserParts } from './browser_parts.js';
import { DataSets } from './data_sets.js';
import { deviceInfoOf, problemOf } from './device_info.js';
import { SessionStore, type StoreAccess } from './session_store.js';
import { readModelFiles } from './models.js';
import { onDemand } from './on_demand_script.js';
import { customFile, customIn } from './custom_images.js';
import { TrainingRecord } from './record.js';
import { type SavedSession, classMetadata, classNamesIn, sessionIn, checkSession } from './saved_session.js';
import { Trainer } from './training.js';
import { UndoHistory } from './undo.js';
import { EventThrottle } from './event_throttle.js';

/** A model and its training, made from a file and not yet used. */
interface Restored {
  readonly candidate: Candidate;
  readonly record: TrainingRecord | undefined;
}

export class Session implements Context {
  base = '';
  device: Device | undefined;
  readonly training: TrainingApi;
  readonly models: ModelsApi;
  readonly undo = new UndoHistory((offers) => this.emit('undo', offers));
  readonly #options: Required<SessionOptions>;
  readonly #current: CurrentModel;
  readonly #data: DataSets;
  readonly #store: SessionStore;
  readonly #trainer: Trainer;
  #events = new EventThrottle(() => undefined);
  #settings: Settings | undefined;
  readonly #shipped = new Map<DatasetName, Promise<ShippedModel>>();
  #isClosed = false;

  constructor(options: SessionOptions = {}) {
    this.#options = { ...browserParts(() => this.base), ...options };
    this.#current = new CurrentModel((info) => this.emit('model', info));
    this.#data = new DataSets(
      { ...this.#options.source, custom: async () => this.#store.keptCustom() },
      (problems) => this.emit('sets', problems),
    );
    this.#store = new SessionStore({
      openFolder: this.#options.openFolder,
      lockName: this.#options.lockName,
      onFolder: async (folder) => this.undo.open(folder),
      warn: (text) => this.#say('warning', text),
      onSaved: () => this.#trainer.tellStatus(),
    });
    this.#trainer = new Trainer({
      current: this.#current,
      data: this.#data,
      store: this.#store,
      saveEveryMs: this.#options.saveEveryMs,
      emit: (name, value) => this.emit(name, value),
      flush: () => this.#events.flush(),
      openDevice: async () => this.#openDevice(),
      isLost: (device) => device !== this.device,
      restore: async () => this.#restoreOrSay(),
      undo: this.undo,
    });
    this.undo.own('model', async (bytes) => this.#exchange(bytes));
    this.undo.own('images', async (bytes) => {
      const before = customFile(await this.#data.get('custom'));
      this.#replaceCustom(customIn(bytes));
      return before;
    });
    this.training = this.#steered();
    this.models = {
      download: async () => this.#download(),
      open: async (files) => this.#telling(async () => this.#open(files)),
      reset: async (dataset) => this.#telling(async () => this.#reset(dataset)),
    };
  }

  /** See WorkerApi. Resolves when a model predicts; a restored training resumes after that. */
  async start(options: StartOptions, listener: (event: WorkerEvent) => void): Promise<void> {
    this.base = options.base;
    this.#settings = options.settings;
    this.#events = new EventThrottle(listener);
    // Fetched ahead: mostly it predicts first. Its user handles a rejection.
    this.#shippedFor(this.#shippedName).catch(() => undefined);
    const [access] = await Promise.all([this.#openStore(), this.#openFirstDevice()]);
    if (!(await this.#takeUpFound())) await this.#useShipped();
    this.#trainer.tellAll();
    this.#events.flush();
    // Not awaited: the page can be used meanwhile. What goes wrong is said.
    void this.#data.check(this.#store.hasCustom());
    void this.#goOn(access, options).catch((error: unknown) => this.#say('error', textOf(error), 'training'));
  }

  /** Ends everything at once, as closing the tab does; for tests. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#trainer.close();
    this.device?.destroy();
    this.#store.release();
  }

  // ---- the context of the worker's parts ----

  get model(): Model {
    const { current } = this.#current;
    if (!current) throw new StateError('session: not started; call start first.');
    return current.model;
  }

  get modelVersion(): number {
    return this.#current.version;
  }

  get settings(): Settings {
    const settings = this.#trainer.record?.settings ?? this.#settings;
    if (!settings) throw new StateError('session: not started; call start first.');
    return settings;
  }

  get trainedBy(): TrainingRecord | undefined {
    return this.#trainer.trainedBy;
  }

  get activeTraining(): Training | undefined {
    return this.#trainer.active;
  }

  get plans(): readonly Plan[] {
    return this.#trainer.plans;
  }

  get classNames(): readonly string[] {
    return this.#current.current?.classNames ?? [];
  }

  async weights(): Promise<Weights> {
    return this.#current.weights();
  }

  get fetched(): LoadedDataset | undefined {
    return this.#data.fetched(this.settings.dataset);
  }

  async dataset(name = this.settings.dataset): Promise<LoadedDataset> {
    return this.#data.get(name);
  }

  async testImages(name = this.settings.dataset): Promise<ImageSet> {
    return this.#data.test(name);
  }

  async useCustom(images: LoadedDataset): Promise<void> {
    // Files that are damaged cannot be undone to.
    const before = await this.#data.get('custom').catch(() => undefined);
    if (before) await this.undo.keep('images', 'images', customFile(before));
    this.#replaceCustom(images);
  }

  #replaceCustom(images: LoadedDataset): void {
    this.#data.useCustom(images);
    // Not awaited: they can be looked at meanwhile.
    void this.#store.keepCustom(images).catch((error: unknown) => {
      this.#say('warning', `Your images could not be saved for the next visit: ${textOf(error)}`);
    });
  }

  async betweenSteps<T>(work: () => Promise<T>): Promise<T> {
    return this.#trainer.betweenSteps(work);
  }

  async snapshot(): Promise<Uint8Array> {
    return this.#trainer.snapshot();
  }

  async weightsChanged(): Promise<void> {
    await this.#trainer.weightsChanged();
  }

  async kept(): Promise<void> {
    await this.#trainer.kept();
  }

  emit<Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]): void {
    if (!this.#isClosed) this.#events.emit(name, value);
  }

  onModelReplaced(listener: () => void): void {
    this.#current.onReplaced(listener);
  }

  // ---- the device ----

  async #openFirstDevice(): Promise<void> {
    try {
      await this.#takeDevice();
    } catch (error) {
      this.emit('device', { info: null, problem: problemOf(error) });
    }
  }

  async #takeDevice(): Promise<Device> {
    const device = await this.#options.openDevice();
    this.device = device;
    this.emit('device', { info: deviceInfoOf(device), problem: null });
    // Not awaited: it settles when the device goes, if ever.
    void this.#watch(device);
    return device;
  }

  /** The device; where there is none, a new one with all that was saved last. Throws: DeviceError. */
  async #openDevice(): Promise<Device> {
    if (this.device) return this.device;
    const device = await this.#takeDevice();
    await this.#restore();
    return device;
  }

  async #watch(device: Device): Promise<void> {
    const info = deviceInfoOf(device);
    const { message, reason } = await device.lost;
    if (this.#isClosed || this.device !== device) return;
    this.device = undefined;
    await this.#trainer.inTurn(async () => {
      await this.#trainer.endLost();
      await this.#restoreOrSay();
    });
    this.emit('device', { info, problem: this.#trainer.refusal ?? (message || reason).trim() });
    this.#trainer.tellStatus();
    this.#events.flush();
  }

  // ---- the model ----

  /** Puts back what was saved last, on the device that there is; before the first save, what came with the page. */
  async #restore(): Promise<void> {
    const { last } = this.#store;
    if (!last) {
      await this.#useShipped();
      return;
    }
    this.#takeUp(last.session, readSafetensors(last.bytes, 'the saved session'));
    this.#trainer.tellAll();
  }

  /** As `#restore`, for callers that do not await it: a failure becomes a note. */
  async #restoreOrSay(): Promise<void> {
    try {
      await this.#restore();
    } catch (error) {
      this.#say('error', `The last checkpoint could not be restored: ${textOf(error)}`);
    }
  }

  /** False when an earlier visit left nothing, or nothing that this version can use. */
  async #takeUpFound(): Promise<boolean> {
    const found = this.#store.takeFound();
    if (!found) return false;
    try {
      this.#takeUp(checkSession(found.session), found.stored);
      this.#store.savedAt = found.session.savedAt;
      return true;
    } catch (error) {
      // Whatever another version, or something damaged, brings about: the page works without it, now and later.
      if (!(error instanceof DeviceError)) this.#store.last = undefined;
      const why =
        error instanceof ShadegradError
          ? error.message
          : 'it is damaged, or from another version of this page.';
      this.#say('warning', `Your last session could not be restored: ${why}`);
      return false;
    }
  }

  #takeUp(session: SavedSession, stored: StoredTensors): void {
    this.#use(this.#restored(session, stored));
  }

  /** Throws: ModelError, DataError for a damaged file. */
  #restored({ origin, classNames, training }: SavedSession, stored: StoredTensors): Restored {
    const { device } = this;
    const file = 'the saved session';
    const record = training ? TrainingRecord.from(training, checkpointIn(stored, file)) : undefined;
    const model = modelFromStored(stored, {
      file,
      device,
      ...(training ? { optimizer: optimizerOf(training.settings) } : {}),
    });
    return { candidate: { model, origin, classNames, stored: device ? undefined : stored }, record };
  }

  #use({ candidate, record }: Restored): void {
    this.#current.replace(candidate);
    this.#trainer.record = record;
  }

  /** Puts a model and its training, as `snapshot` yields them, in the place of those that are there, and yields these. */
  async #exchange(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const stored = readSafetensors(bytes, 'the saved session');
    const found = sessionIn(stored);
    if (!found) throw new ModelError('undo: what was kept is from another version of this page.');
    const present = await this.#trainer.inTurn(async () => {
      // First: nothing is given up for a file that is damaged.
      const restored = this.#restored(found.session, stored);
      const before = await this.#trainer.giveUp();
      this.#use(restored);
      await this.#trainer.keep();
      this.#trainer.tellAll();
      return before;
    });
    // Not awaited: a training that was under way is compiled again behind it.
    void this.#trainer
      .takeUp({ canTrain: this.device !== undefined })
      .catch((error: unknown) => this.#say('error', textOf(error), 'training'));
    return present;
  }

  /** The model that comes with the page, for clothes where those are chosen, else for digits. */
  async #useShipped(): Promise<void> {
    try {
      const { file, bytes, classNames } = await this.#shippedFor(this.#shippedName);
      this.#current.replace({
        ...this.#candidate(readSafetensors(bytes, file), file, 'shipped'),
        classNames,
      });
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      this.#say('warning', `The built-in model could not be loaded: ${error.message}`);
      await this.#useUntrained();
    }
  }

  get #shippedName(): DatasetName {
    return this.settings.dataset === 'fashion' ? 'fashion' : 'digits';
  }

  /** Fetched once. */
  async #shippedFor(name: DatasetName): Promise<ShippedModel> {
    let pending = this.#shipped.get(name);
    if (!pending) {
      pending = this.#options.fetchShipped(this.base, name);
      this.#shipped.set(name, pending);
      // Asked for again, it is tried again.
      pending.catch(() => this.#shipped.delete(name));
    }
    return pending;
  }

  /** The model of a file. Throws: ModelError. */
  #candidate(stored: StoredTensors, file: string, origin: ModelInfo['origin']): Candidate {
    const { device } = this;
    const model = modelFromStored(stored, { file, device });
    if (model.classes === undefined || model.inputShape.length !== 3) {
      model.dispose();
      throw new ModelError(
        `models: ${file} takes [${model.inputShape.join(',')}] to [${model.outputShape.join(',')}], expected an image of [height,width,channels] and one value per class.`,
      );
    }
    const classNames = classNamesIn(stored, model.classes);
    return { model, origin, classNames, stored: device ? undefined : stored };
  }

  /** Better than none: it shows what has learned nothing. */
  async #useUntrained(): Promise<void> {
    const { model: name, seed } = this.settings;
    const { modelsByName } = await onDemand();
    const model = modelsByName[name]({ seed, ...(this.device ? { device: this.device } : {}) });
    const classNames = Array.from({ length: model.classes ?? 0 }, (_, label) => String(label));
    this.#current.replace({ model, origin: 'shipped', classNames });
  }

  async #download(): ReturnType<ModelsApi['download']> {
    const { classNames } = this;
    const bytes = await this.betweenSteps(async () =>
      this.#current.file({ metadata: classMetadata(classNames) }),
    );
    const { record } = this.#trainer;
    const steps = record?.checkpoint?.position.step;
    const parts = [
      record?.settings.dataset,
      this.model.name,
      steps === undefined ? undefined : `${steps}-steps`,
    ];
    return { name: `${parts.filter(Boolean).join('-')}.safetensors`, bytes };
  }

  async #open(files: readonly File[]): Promise<void> {
    const { stored, file } = await readModelFiles(files);
    await this.#trainer.inTurn(async () => {
      // First: nothing is given up for a file that turns out to be no model.
      const opened = this.#candidate(stored, file, 'opened');
      await this.#giveUp('open');
      this.#current.replace(opened);
      await this.#trainer.keep();
      this.#trainer.tellAll();
    });
  }

  async #giveUp(what: UndoName): Promise<void> {
    const { isWorthKeeping } = this.#trainer;
    const before = await this.#trainer.giveUp();
    if (isWorthKeeping) await this.undo.keep('model', what, before);
  }

  async #reset(dataset: Settings['dataset']): Promise<void> {
    await this.#trainer.inTurn(async () => {
      await this.#giveUp('reset');
      if (this.#settings) this.#settings = { ...this.#settings, dataset };
      await this.#useShipped();
      await this.#store.clear();
      this.#trainer.tellAll();
    });
  }

  // ---- between visits ----

  /** Without files the page works as well, and says so. */
  async #openStore(): Promise<StoreAccess> {
    try {
      return await this.#store.open(0);
    } catch (error) {
      this.#say('warning', `Nothing can be saved in this browser: ${textOf(error)}`);
      return 'nowhere';
    }
  }

  /** What start leaves for later: a lock that a predecessor gives up, and the training that was going on. */
  async #goOn(access: StoreAccess, options: StartOptions): Promise<void> {
    if (access === 'nowhere')
      this.#say(
        'info',
        'This browser cannot store files (is this a private window?). A reload loses the training.',
      );
    if (access === 'elsewhere') await this.#waitForLock(options);
    await this.#trainer.takeUp({ canTrain: this.device !== undefined });
  }

  async #waitForLock({ isReload }: StartOptions): Promise<void> {
    const patience = this.#options.lockPatienceMs;
    const access = await this.#store.open(isReload ? 5 * patience : patience);
    if (access !== 'kept') {
      this.#say(
        'info',
        'This page is open in another tab, and only that tab saves. Training here works but is lost on reload; to resume the saved training, close the other tab and reload.',
      );
      return;
    }
    await this.#trainer.inTurn(async () => {
      // A training begun in the meantime takes precedence.
      if (this.#trainer.record === undefined && (await this.#takeUpFound())) this.#trainer.tellAll();
    });
  }

  /** What a call did is told before it resolves. */
  async #telling<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } finally {
      this.#events.flush();
    }
  }

  /** As `#telling`: that the device was lost meanwhile is told with the status, for the banner, and not once more. */
  async #steering(call: () => Promise<void>): Promise<void> {
    await this.#telling(async () => {
      try {
        await call();
      } catch (error) {
        if (!(error instanceof DeviceError && error.problem === 'lost')) throw error;
      }
    });
  }

  #steered(): TrainingApi {
    const trainer = this.#trainer;
    return {
      begin: async (settings) =>
        this.#steering(async () => {
          // Where the other tab was closed meanwhile, this one keeps its session from now on.
          if (!this.#store.isOpen) await this.#openStore();
          await trainer.begin(settings);
        }),
      pause: async () => this.#steering(async () => trainer.pause()),
      step: async () => this.#steering(async () => trainer.step()),
      resume: async () => this.#steering(async () => trainer.resume()),
      stop: async () => this.#steering(async () => trainer.stop()),
      setLearningRate: async (rate) => this.#steering(async () => trainer.setLearningRate(rate)),
    };
  }

  #say(level: WorkerEvents['note']['level'], text: string, cause?: Cause): void {
    this.emit('note', { level, text, ...(cause ? { cause } : {}) });
  }
}
