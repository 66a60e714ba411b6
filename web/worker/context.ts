/** What the parts of the worker share: one device, one model that predicts, one data set, one voice to the page. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Sequential } from '../../src/nn/sequential.js';
import type { Settings, WorkerEvents } from '../protocol.js';

export interface Context {
  /** Where `data/` and `models/` lie. */
  readonly base: string;
  /** Undefined where there is no WebGPU. */
  readonly device: Device | undefined;
  /** The model that predicts now; another object after a training has begun, a file was opened, or a device was lost. */
  readonly model: Sequential;
  readonly settings: Settings;
  /** The names of the model's classes. */
  readonly classNames: readonly string[];
  /**
   * The model's weights on the host, by name: read back from the device, or, where there is none, as they came with the
   * page or in a file (the model itself has no memory then, and its `weights` cannot be asked). Throws: DeviceError when
   * the device is lost.
   */
  weights(): Promise<ReadonlyMap<string, Float32Array<ArrayBuffer>>>;
  /** The chosen data set if it has been fetched already; undefined otherwise. */
  readonly fetched: LoadedDataset | undefined;
  /** The chosen data set, fetched when it has not been. Throws: DataError. */
  dataset(): Promise<LoadedDataset>;
  /** Its test part alone, which is there sooner. */
  testImages(): Promise<ImageSet>;
  /** Makes `images` the data set `own`. */
  useOwn(images: LoadedDataset): void;
  /** Runs `work` while no step is under way: weights and slots are those of one moment, and may be changed. */
  atRest<T>(work: () => Promise<T>): Promise<T>;
  /** Says that the weights were changed outside the training: they are saved, and views look again. */
  weightsChanged(): Promise<void>;
  emit<Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]): void;
  /** Hears when `model` has become another object or its device another; what is bound to it must be bound anew. */
  onModelReplaced(listener: () => void): void;
}
