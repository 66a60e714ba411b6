/** One visit: the device, the model, the training under way, and what is kept of them between visits. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Sequential } from '../../src/nn/sequential.js';
import type {
  ModelsApi,
  Settings,
  StartOptions,
  TrainingApi,
  WorkerEvent,
  WorkerEvents,
} from '../protocol.js';
import type { Context } from './context.js';

export class Session implements Context {
  base = '';
  device: Device | undefined;
  model!: Sequential;
  settings!: Settings;
  classNames: readonly string[] = [];
  training!: TrainingApi;
  models!: ModelsApi;
  #listener: (event: WorkerEvent) => void = () => undefined;

  async start(options: StartOptions, listener: (event: WorkerEvent) => void): Promise<void> {
    this.base = options.base;
    this.settings = options.settings;
    this.#listener = listener;
    await Promise.resolve();
  }

  fetched: LoadedDataset | undefined;

  weights(): Promise<ReadonlyMap<string, Float32Array<ArrayBuffer>>> {
    return this.model.weights();
  }

  dataset(): Promise<LoadedDataset> {
    throw new Error('not there yet');
  }

  testImages(): Promise<ImageSet> {
    throw new Error('not there yet');
  }

  useOwn(): void {}

  async atRest<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async weightsChanged(): Promise<void> {}

  emit<Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]): void {
    this.#listener({ name, value } as WorkerEvent);
  }

  onModelReplaced(): void {}
}
