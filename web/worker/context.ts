/** The parts of the worker that the handlers of the page's calls use. */
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
  /** The current model. */
  readonly current: Pick<CurrentModel, 'model' | 'version' | 'classNames' | 'weights' | 'onReplaced'>;
  readonly data: Pick<DataSets, 'get' | 'test' | 'fetched'>;
  /** The user's own images. */
  readonly images: { use(images: LoadedDataset): Promise<void> };
  readonly trainer: TrainerContext;
  readonly undo: Pick<UndoHistory, 'keep' | 'own'>;
}

export interface TrainerContext {
  /** The settings of the current or last training; the page's settings before the first. */
  readonly settings: Settings;
  /**
   * The training that produced the current model: while a new training loads and compiles, still the previous one.
   * Undefined for a built-in model or one from a file.
   */
  readonly trainedBy: Pick<TrainingRecord, 'settings' | 'dataDigest'> | undefined;
  /** The running training, as its callbacks received it; undefined before its first step. Call `profile` between steps. */
  readonly active: Training | undefined;
  /** The plans of the last training step. */
  readonly plans: readonly Plan[];
  /**
   * Runs a task while no step is in flight, so that it can read and change weights and slots consistently. Works without a
   * training too, and while one is paused or validates. Tasks run one at a time.
   */
  betweenSteps<T>(task: () => Promise<T>): Promise<T>;
  /** Model and training as one file, for `undo`. Call it between steps. */
  snapshot(): Promise<Uint8Array>;
  /** Saves weights that were changed outside the training, and refreshes the views. May be called in a task. */
  weightsChanged(): Promise<void>;
  /** Resolves when the last save is on disk, or has failed with a note. */
  written(): Promise<void>;
}
