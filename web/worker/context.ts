/** The parts of the worker, as those that answer the page's calls use them. */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import type { Settings } from '../protocol.js';
import type { CurrentModel } from './current_model.js';
import type { DataSets } from './data_sets.js';
import type { EventThrottle } from './event_throttle.js';
import type { TrainingRecord } from './training_record.js';
import type { UndoHistory } from './undo.js';

export interface Context {
  readonly events: Pick<EventThrottle, 'emit' | 'note'>;
  /** Undefined without WebGPU, and after a loss. */
  readonly device: { readonly current: Device | undefined };
  /** The model that predicts. */
  readonly current: Pick<CurrentModel, 'model' | 'version' | 'classNames' | 'weights' | 'onReplaced'>;
  readonly data: Pick<DataSets, 'get' | 'test' | 'fetched'>;
  /** The user's own images. */
  readonly images: { use(images: LoadedDataset): Promise<void> };
  readonly trainer: TrainerContext;
  readonly undo: Pick<UndoHistory, 'keep' | 'own'>;
}

export interface TrainerContext {
  /** Of the training, running or last; the page's own before the first. */
  readonly settings: Settings;
  /**
   * The training that the model comes from, which is not the one of `settings` while that is loaded and compiled;
   * undefined for a built-in model or one of a file.
   */
  readonly trainedBy: Pick<TrainingRecord, 'settings' | 'dataDigest'> | undefined;
  /** What the callbacks of the running training were given, from its first step on. Call its `profile` between steps. */
  readonly active: Training | undefined;
  /** The plans of the last training step. */
  readonly plans: readonly Plan[];
  /**
   * Runs a task while no step is in flight: weights and slots are those of one moment, and may be changed. Also without a
   * training, and while one is paused or validates; tasks run one after the other.
   */
  betweenSteps<T>(task: () => Promise<T>): Promise<T>;
  /** Model and training as one file, for `undo`. Call it between steps. */
  snapshot(): Promise<Uint8Array>;
  /** Saves weights that were changed outside the training, and has views look again; also in a task of `betweenSteps`. */
  weightsChanged(): Promise<void>;
  /** Resolves when the last save is on disk, or has failed, which is shown. */
  written(): Promise<void>;
}
