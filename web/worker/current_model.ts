/** The current model: on the device, or as weights on the host if there is no device. */
import type { Device } from '../../src/engine/device.js';
import { ModelError, StateError } from '../../src/errors.js';
import type { SaveWeightsOptions } from '../../src/nn/trainable_model.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { type StoredTensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { Model } from '../../src/nn/model.js';
import { checkTensors, descriptionIn } from '../../src/nn/files/weights_file.js';
import { visibleText } from '../../src/visible_text.js';
import type { ModelInfo } from '../protocol.js';

export type Weights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** A model to become the current one. */
export interface Candidate {
  readonly model: Model;
  readonly origin: ModelInfo['origin'];
  readonly classNames: readonly string[];
  /** The weights of its file, if there is no device to hold them. */
  readonly stored?: StoredTensors | undefined;
}

interface StoredModelOptions {
  /** The name of the file in messages. */
  readonly file: string;
  readonly device: Device | undefined;
  /** Takes its slots from the file. */
  readonly optimizer?: Optimizer | undefined;
}

/**
 * A model from a file, whose layers are loaded (`loadLayers`): on the device, with the slots of `optimizer` if given;
 * without a device, only its description.
 *
 * Throws: ModelError.
 */
export function modelFromStored(
  stored: StoredTensors,
  { file, device, optimizer }: StoredModelOptions,
): Model {
  const model = Model.fromJson(descriptionIn(stored, file), device ? { device } : {});
  if (!device) {
    checkTensors(shapesIn(model), stored, file);
    return model;
  }
  if (optimizer) model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  try {
    model.takeWeights(stored, file);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

export class CurrentModel {
  #current: Candidate | undefined;
  /** The previous model: a prediction may still use it. */
  #retired: Model | undefined;
  #version = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(private readonly tell: (info: ModelInfo) => void) {}

  /** Empty before the first model. */
  get classNames(): readonly string[] {
    return this.#current?.classNames ?? [];
  }

  /** Undefined before the first model. */
  get current(): Candidate | undefined {
    return this.#current;
  }

  /** Throws: StateError before the first model. */
  get model(): Model {
    if (!this.#current) throw new StateError('session: not started; call start first.');
    return this.#current.model;
  }

  get version(): number {
    return this.#version;
  }

  onReplaced(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Makes `next` the current model. */
  replace(next: Candidate): void {
    this.#retired?.dispose();
    this.#retired = this.#current?.model;
    this.#current = next;
    for (const listener of this.#listeners) listener();
    this.changed();
  }

  /** Sets where the weights come from; sent to the page with the next change. */
  set origin(origin: ModelInfo['origin']) {
    if (this.#current) this.#current = { ...this.#current, origin };
  }

  /** Call it when the weights have changed. */
  changed(): void {
    if (!this.#current) return;
    this.#version++;
    this.tell(infoOf(this.#current, this.#version));
  }

  /** Throws: DeviceError if the device is lost; ModelError before the first model. */
  async weights(): Promise<Weights> {
    const { model, stored } = this.#there();
    return stored ? weightsIn(model, stored) : model.weights();
  }

  /** The model as one file. Throws: DeviceError, ModelError, as above. */
  async file(options: SaveWeightsOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { model, stored } = this.#there();
    if (!stored) return model.toFile(options);
    return writeSafetensors(stored.tensors, { ...stored.metadata, ...options.metadata });
  }

  #there(): Candidate {
    if (!this.#current) throw new ModelError('model: there is no model yet; open a file, or train one.');
    return this.#current;
  }
}

function infoOf({ model, origin, classNames }: Candidate, version: number): ModelInfo {
  return {
    version,
    name: visibleText(model.name),
    origin,
    parameterCount: model.parameterCount,
    inputShape: [...model.inputShape],
    classNames: classNames.map(visibleText),
    layers: model.layers.map(({ layer, name, outputShape, parameters }) => ({
      name,
      className: layer.className,
      outputShape: [...outputShape],
      parameterCount: parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    })),
  };
}

/** The parameters, named as in `Model.weights`. */
function shapesIn(model: Model): { readonly name: string; readonly shape: readonly number[] }[] {
  return model.layers.flatMap(({ name: layer, parameters }) =>
    parameters.map(({ name, shape }) => ({ name: `${layer}/${name}`, shape })),
  );
}

function weightsIn(model: Model, { tensors }: StoredTensors): Weights {
  return new Map(
    shapesIn(model).map(({ name }) => [name, tensors.get(name)!.data as Float32Array<ArrayBuffer>]),
  );
}
