/** Creates models on the current device: built-in ones, those of files, and those of saved sessions. */
import type { DatasetName } from '../../src/data/digests.js';
import { ModelError, ShadegradError } from '../../src/errors.js';
import { type StoredTensors, readSafetensors } from '../../src/nn/safetensors.js';
import { checkpointIn } from '../../src/nn/weights_file.js';
import { optimizerOf } from '../../src/recipe/optimizer_of.js';
import type { ModelInfo, Settings } from '../protocol.js';
import type { BuiltInModel } from './browser_parts.js';
import { type Candidate, modelFromStored } from './current_model.js';
import type { DeviceHolder } from './device_holder.js';
import type { EventThrottle } from './event_throttle.js';
import { onDemand } from './on_demand_script.js';
import { type SavedPhase, type SavedSession, checkSession, classNamesIn } from './saved_session.js';
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
      return { ...this.ofFile(readSafetensors(bytes, file), file, 'shipped'), classNames };
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      this.events.note('warning', `The built-in model could not be loaded: ${error.message}`);
      return await this.#untrained(settings);
    }
  }

  /** The model in a file. Throws: ModelError. */
  ofFile(stored: StoredTensors, file: string, origin: ModelInfo['origin']): Candidate {
    const device = this.device.current;
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

  /** Throws: ModelError, DataError for a damaged file. */
  ofSession(session: SavedSession, stored: StoredTensors): ModelAndTraining {
    const { origin, classNames, training } = checkSession(session);
    const device = this.device.current;
    const file = 'the saved session';
    const record = training ? TrainingRecord.from(training, checkpointIn(stored, file)) : undefined;
    const model = modelFromStored(stored, {
      file,
      device,
      ...(training ? { optimizer: optimizerOf(training.settings) } : {}),
    });
    return {
      candidate: { model, origin, classNames, stored: device ? undefined : stored },
      record,
      saved: training?.phase ?? null,
    };
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
