/** The values that a model has on one device: parameters, statistics, and what the optimizer keeps beside parameters. */
import type { Device } from '../engine/device.js';
import { Resource } from '../engine/resource.js';
import type { Tensor } from '../engine/tensor.js';
import { assert } from '../errors.js';
import { initialValues } from './initializers.js';
import { type Parameter, hasGradient } from './network.js';
import { ParameterGroup, ParameterLayout, readGroups } from './parameters.js';

/** Values on the host by the path of their parameter. */
export type Weights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

export class TrainState extends Resource {
  /** The parameters that training changes by their gradients, in one buffer. */
  readonly parameters: ParameterGroup;
  /** Those of frozen layers. */
  readonly frozen: ParameterGroup;
  /** Those that training changes otherwise, such as moving means. */
  readonly statistics: ParameterGroup;
  readonly #slots = new Map<string, ParameterGroup>();

  /** First values are drawn by `seed`. */
  constructor(
    readonly device: Device,
    private readonly specs: readonly Parameter[],
    seed: number,
  ) {
    super();
    const groupOf = (own: readonly Parameter[]): ParameterGroup => {
      const shapes = own.map(({ path, shape, decay = false }) => ({ name: path, shape, decay }));
      const group = new ParameterGroup(device, new ParameterLayout(shapes));
      group.write(new Map(own.map((spec) => [spec.path, initialValues(spec, seed, spec.stream)])));
      return group;
    };
    this.parameters = groupOf(specs.filter(hasGradient));
    this.frozen = groupOf(specs.filter(({ isFrozen }) => isFrozen));
    this.statistics = groupOf(specs.filter((spec) => !hasGradient(spec) && !spec.isFrozen));
  }

  /** The optimizer's values beside each parameter, by slot name. */
  get slots(): ReadonlyMap<string, ParameterGroup> {
    return this.#slots;
  }

  /** Makes the slots that are missing, filled with 0. */
  addSlots(names: readonly string[]): void {
    for (const name of names) {
      if (!this.#slots.has(name))
        this.#slots.set(name, new ParameterGroup(this.device, this.parameters.layout));
    }
  }

  dropSlots(): void {
    for (const group of this.#slots.values()) group.dispose();
    this.#slots.clear();
  }

  /** All but the slots. */
  get groups(): readonly ParameterGroup[] {
    return [this.parameters, this.frozen, this.statistics];
  }

  /** Of any group. */
  get(path: string): Tensor {
    const tensor = this.groups.map(({ tensors }) => tensors.get(path)).find((each) => each !== undefined);
    assert(tensor, `the parameter ${path} exists`);
    return tensor;
  }

  /** All by path, in the order of the network; of one moment, also during a training. */
  async weights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const groups = await readGroups(this.device, this.groups);
    const values = new Map(groups.flatMap((group) => [...group]));
    return new Map(this.specs.map(({ path }) => [path, values.get(path)!]));
  }

  /** Sets those that are named. */
  write(weights: Weights): void {
    for (const [path, values] of weights) this.get(path).write(values);
  }

  /** Sets the parameters of these paths to those of another state on the same device. */
  copyFrom(other: TrainState, paths: readonly string[]): void {
    this.device.copy(paths.map((path) => ({ from: other.get(path).storage, to: this.get(path).storage })));
  }

  dispose(): void {
    for (const group of this.groups) group.dispose();
    this.dropSlots();
  }
}
