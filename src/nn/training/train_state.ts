/** The values of a model on one device: parameters, statistics, the optimizer's slots, and its step. */
import type { Device } from '../../engine/device.js';
import { Resource } from '../../engine/resource.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { initialValues } from '../parameters/initializers.js';
import { type Parameter, hasGradient } from '../network/network.js';
import { emaSlot } from './ema_slot.js';
import { ParameterGroup, ParameterLayout, readGroups } from '../parameters/parameters.js';

/** Values on the host by the path of their parameter. */
export type Weights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

export class TrainState extends Resource {
  /** The trainable parameters, in one buffer. */
  readonly parameters: ParameterGroup;
  /** The parameters of frozen layers. */
  readonly frozen: ParameterGroup;
  /** Parameters that training changes without gradients, such as moving means. */
  readonly statistics: ParameterGroup;
  /**
   * How many updates the optimizer has made, over all fits since compile() set it. An update counts once it is submitted, so
   * what is read from the device next has the values after this step.
   */
  step = 0;
  /** Whether the averages of the optimizer's `useEma` are in the parameters, and the parameters in the slot. */
  isSwapped = false;
  readonly #slots = new Map<string, ParameterGroup>();

  /** Draws the initial values from `seed`. */
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

  /** The values that the optimizer keeps for each parameter, by slot name. */
  get slots(): ReadonlyMap<string, ParameterGroup> {
    return this.#slots;
  }

  /** Adds missing slots, filled with 0. */
  addSlots(names: readonly string[]): void {
    for (const name of names) {
      if (!this.#slots.has(name))
        this.#slots.set(name, new ParameterGroup(this.device, this.parameters.layout));
    }
  }

  /** Exchanges the parameters with their averages. */
  swapEma(): void {
    const averages = this.#slots.get(emaSlot);
    assert(averages, 'the optimizer keeps averages');
    this.device.exchange(this.parameters.flat.storage, averages.flat.storage);
    this.isSwapped = !this.isSwapped;
  }

  /** Brings back the parameters if the averages have been swapped in. */
  unswap(): void {
    if (this.isSwapped) this.swapEma();
  }

  /** The next optimizer starts without slots, at step 0. The parameters stay as they are, swapped or not. */
  dropOptimizer(): void {
    this.isSwapped = false;
    for (const group of this.#slots.values()) group.dispose();
    this.#slots.clear();
    this.step = 0;
  }

  /** All groups except the slots. */
  get groups(): readonly ParameterGroup[] {
    return [this.parameters, this.frozen, this.statistics];
  }

  /** A parameter of any group. */
  get(path: string): Tensor {
    const tensor = this.groups.map(({ tensors }) => tensors.get(path)).find((each) => each !== undefined);
    assert(tensor, `the parameter ${path} exists`);
    return tensor;
  }

  /** All values by path, in the order of the network; a consistent snapshot, even during a training. */
  async weights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const groups = await readGroups(this.device, this.groups);
    const values = new Map(groups.flatMap((group) => [...group]));
    return new Map(this.specs.map(({ path }) => [path, values.get(path)!]));
  }

  /** Writes the named parameters; those of the training, if the averages have been swapped in. */
  write(weights: Weights): void {
    this.unswap();
    for (const [path, values] of weights) this.get(path).write(values);
  }

  /** Copies the parameters of these paths from another state on the same device. */
  copyFrom(other: TrainState, paths: readonly string[]): void {
    this.device.copy(paths.map((path) => ({ from: other.get(path).storage, to: this.get(path).storage })));
  }

  dispose(): void {
    for (const group of this.groups) group.dispose();
    this.dropOptimizer();
  }
}
