/** The values that a model has on one device: parameters, statistics, and what the optimizer keeps beside parameters. */
import type { Device } from '../engine/device.js';
import { Resource } from '../engine/resource.js';
import type { Tensor } from '../engine/tensor.js';
import { initialValues } from './initializers.js';
import { type Parameter, hasGradient } from './network.js';
import { ParameterGroup, ParameterLayout, readGroups } from './parameters.js';

/** Values on the host by the path of their parameter. */
export type Weights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

export class TrainState extends Resource {
  /** The parameters that training changes by their gradients, in one buffer. */
  readonly parameters: ParameterGroup;
  /** Those without a gradient, such as moving means. */
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
      const shapes = own.map(({ path, shape }) => ({ name: path, shape }));
      const group = new ParameterGroup(device, new ParameterLayout(shapes));
      group.write(new Map(own.map((spec) => [spec.path, initialValues(spec, seed, spec.stream)])));
      return group;
    };
    this.parameters = groupOf(specs.filter(hasGradient));
    this.statistics = groupOf(specs.filter((spec) => !hasGradient(spec)));
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

  /** A parameter, or a statistic. */
  get(path: string): Tensor {
    return this.parameters.tensors.get(path) ?? this.statistics.get(path);
  }

  /** All of both groups, in the order of the network; of one moment, also during a training. */
  async weights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const groups = await readGroups(this.device, [this.parameters, this.statistics]);
    const values = new Map(groups.flatMap((group) => [...group]));
    return new Map(this.specs.map(({ path }) => [path, values.get(path)!]));
  }

  /** Sets the parameters and statistics that are named. */
  write(weights: Weights): void {
    for (const [path, values] of weights) this.get(path).write(values);
  }

  dispose(): void {
    for (const group of [this.parameters, this.statistics]) group.dispose();
    this.dropSlots();
  }
}
