/** What the parts of the worker share: one device, one model that predicts, one data set, one voice to the page. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import type { Model } from '../../src/nn/model.js';
import type { Settings, WorkerEvents } from '../protocol.js';
import type { TrainingRecord } from './record.js';
import type { UndoHistory } from './undo.js';

export interface Context {
  /** Where `data/` and `models/` lie. */
  readonly base: string;
  /** Undefined where there is no WebGPU. */
  readonly device: Device | undefined;
  /** The model that predicts now; another object after a training has begun, a file was opened, or a device was lost. */
  readonly model: Model;
  /** As `ModelInfo.version`. */
  readonly modelVersion: number;
  /** Of the training under way or last; the page's own before the first. */
  readonly settings: Settings;
  /**
   * The training that the model comes from, which is not the one of `settings` while that is loaded and compiled;
   * undefined for a model that came with the page or from a file.
   */
  readonly trainedBy: Pick<TrainingRecord, 'settings' | 'dataDigest'> | undefined;
  /**
   * What the callbacks of the training under way were given; undefined where none is. Its `profile`
   * is for `betweenSteps`.
   */
  readonly activeTraining: Training | undefined;
  /** The plans of the training step under way or last; none where there was none. */
  readonly plans: readonly Plan[];
  /** The names of the model's classes. */
  readonly classNames: readonly string[];
  /**
   * The model's weights on the host, by name: read back from the device, or, where there is none, as they came with the
   * page or in a file (the model itself has no memory then, and its `weights` cannot be asked). Throws: DeviceError when
   * the device is lost.
   */
  weights(): Promise<ReadonlyMap<string, Float32Array<ArrayBuffer>>>;
  /** The data set of `settings` if it has been fetched already; undefined otherwise. */
  readonly fetched: LoadedDataset | undefined;
  /** The data set, that of `settings` when left out, fetched when it has not been. Throws: DataError, FileError. */
  dataset(name?: Settings['dataset']): Promise<LoadedDataset>;
  /** Its test part alone, which is there sooner. Throws: DataError where the data have none; FileError. */
  testImages(name?: Settings['dataset']): Promise<ImageSet>;
  /** Makes `images` the data set `custom`, also after a reload; those before can be undone to. */
  useCustom(images: LoadedDataset): Promise<void>;
  readonly undo: Pick<UndoHistory, 'keep' | 'own'>;
  /** Model and training as they are, for `undo`. To be called at rest. */
  snapshot(): Promise<Uint8Array>;
  /**
   * Runs `work` while no step is under way: weights and slots are those of one moment, and may be changed. Also without
   * a training, and while one is paused or validates; works take turns.
   */
  betweenSteps<T>(work: () => Promise<T>): Promise<T>;
  /** Says that the weights were changed outside the training: they are saved, and views look again. */
  weightsChanged(): Promise<void>;
  /** Resolves when what was saved last is safe on disk, or could not be written, which is said. */
  kept(): Promise<void>;
  emit<Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]): void;
  /** `listener` is called when `model` or its device is replaced; whatever is bound to it must be bound again. */
  onModelReplaced(listener: () => void): void;
}
