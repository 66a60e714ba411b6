/** Creates models on the current device: built-in ones, those of files, and those of saved sessions. */
import type { DatasetName } from '../../src/data/digests.js';
import type { Device } from '../../src/engine/device.js';
import { ModelError, ShadegradError } from '../../src/errors.js';
import type { Model } from '../../src/nn/model.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { type StoredTensors, readSafetensors } from '../../src/nn/files/safetensors.js';
import { checkpointIn } from '../../src/nn/files/weights_file.js';
import type { ModelInfo, Settings } from '../protocol.js';
import type { BuiltInModel } from './browser_parts.js';
import { type Candidate, modelFromStored } from './current_model.js';
import type { DeviceHolder } from './device_holder.js';
import type { EventThrottle } from './event_throttle.js';
import { loadLayers } from './layers.js';
import { onDemand } from './on_demand_script.js';
import { type SavedPhase, type SavedSession, classNamesIn } from './saved_session.js';
import { TrainingRecord } from './training_record.js';

/** A model and its training, not yet in use. */
export interface ModelAndTraining {
  readonly candidate: Candidate;
  readonly record?: TrainingRecord | undefined;
  /** What the training was doing; null without one. */
  readonly saved?: SavedPhase | null;
}

export class ModelFactory {
  readonly #fetched = new Map<DatasetName, Promise<BuiltInModel>>();

  constructor(
    private readonly fetchBuiltIn: (name: DatasetName) => Promise<BuiltInModel>,
    private readonly device: DeviceHolder,
    private readonly events: EventThrottle,
  ) {}

  /** Starts fetching the built-in model for these settings. */
  prefetch({ dataset }: Settings): void {
    // `builtIn` handles a rejection.
    this.#fetch(dataset).catch(() => undefined);
  }

  /** The built-in model for the images of the settings; an untrained one if it cannot be loaded. */
  async builtIn(settings: Settings): Promise<Candidate> {
    try {
      const { file, bytes, classNames } = await this.#fetch(settings.dataset);
      return { ...(await this.ofFile(readSafetensors(bytes, file), file, 'shipped')), classNames };
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      this.events.note('warning', `The built-in model could not be loaded: ${error.message}`);
      return await this.#untrained(settings);
    }
  }

  /** The model in a file. Throws: ModelError; FileError when a script cannot be fetched. */
  async ofFile(stored: StoredTensors, file: string, origin: ModelInfo['origin']): Promise<Candidate> {
    const { model, device } = await this.#modelOf(stored, file);
    if (model.classes === undefined || model.inputShape.length !== 3) {
      model.dispose();
      throw new ModelError(
        `models: ${file} takes [${model.inputShape.join(',')}] to [${model.outputShape.join(',')}], expected an image of [height,width,channels] and one value per class.`,
      );
    }
    const classNames = classNamesIn(stored, model.classes);
    return { model, origin, classNames, stored: device ? undefined : stored };
  }

  /** Throws: ModelError, DataError for a damaged file; FileError when a script cannot be fetched. */
  async ofSession(session: SavedSession, stored: StoredTensors): Promise<ModelAndTraining> {
    const { checkSession, optimizerOf } = await onDemand();
    const { origin, classNames, training } = checkSession(session);
    const file = 'the saved session';
    const record = training ? TrainingRecord.from(training, checkpointIn(stored, file)) : undefined;
    const optimizer = training ? optimizerOf(training.settings) : undefined;
    const { model, device } = await this.#modelOf(stored, file, optimizer);
    return {
      candidate: { model, origin, classNames, stored: device ? undefined : stored },
      record,
      saved: training?.phase ?? null,
    };
  }

  async #modelOf(
    stored: StoredTensors,
    file: string,
    optimizer?: Optimizer,
  ): Promise<{ readonly model: Model; readonly device: Device | undefined }> {
    await loadLayers(stored, file);
    // Read after the layers have been fetched: it may have been lost meanwhile.
    const device = this.device.current;
    return { model: modelFromStored(stored, { file, device, optimizer }), device };
  }

  /** One built-in model is for fashion, the other one for all other images. The next call retries a failed fetch. */
  async #fetch(dataset: Settings['dataset']): Promise<BuiltInModel> {
    const name = dataset === 'fashion' ? 'fashion' : 'digits';
    let pending = this.#fetched.get(name);
    if (!pending) {
      pending = this.fetchBuiltIn(name);
      this.#fetched.set(name, pending);
      pending.catch(() => this.#fetched.delete(name));
    }
    return pending;
  }

  async #untrained({ model: name, seed }: Settings): Promise<Candidate> {
    const { modelsByName } = await onDemand();
    const device = this.device.current;
    const model = modelsByName[name]({ seed, ...(device ? { device } : {}) });
    const classNames = Array.from({ length: model.classes ?? 0 }, (_, label) => String(label));
    return { model, origin: 'shipped', classNames };
  }
}
