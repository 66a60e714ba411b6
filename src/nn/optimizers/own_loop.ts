/** Optimizers in custom training loops: over a list or record of tensors, inside and outside programs. */
import { checkArgument, checkCall } from '../../calls.js';
import type { Device, Storage } from '../../engine/device.js';
import { type Program, program } from '../../engine/program.js';
import { Resource } from '../../engine/resource.js';
import { Tensor, assertOneDevice, describe } from '../../engine/tensor.js';
import { outsideTidy } from '../../engine/tidy.js';
import { type Trace, currentTrace } from '../../engine/trace.js';
import { ShapeError, StateError, UsageError } from '../../errors.js';
import { stateSpec } from '../../kernels/step_state.js';
import { type Rules, count, countOrZero, required, rule } from '../../options.js';
import { type LearningRate, ratesOf } from '../training/schedules.js';
import { emaSlot } from '../training/ema_slot.js';
import type { Optimizer } from './optimizer.js';

/** Tensors by name, or in a list, where their names are 0, 1, … */
export type NamedTensors = readonly Tensor[] | Readonly<Record<string, Tensor>>;

export interface OwnLoopOptions {
  /** The planned number of updates, which most schedules need. */
  readonly totalSteps?: number;
  /** Default: `totalSteps`. */
  readonly stepsPerEpoch?: number;
}

/** What `snapshot` returns, and `restore` takes. */
export interface OptimizerSnapshot {
  /** How many updates were made. */
  readonly step: number;
  /** By `<slot>/<parameter>`. */
  readonly slots: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** An optimizer of the library, or of `defineOptimizer`. */
export interface DefinedOptimizer extends Optimizer {
  /**
   * The optimizer for a custom training loop, over these tensors:
   *
   *   const adam = optimizers.adam().over({ kernel, bias });
   *   const step = program((x, y) => {
   *     const loss = lossOf(x, y);
   *     const [dKernel, dBias] = grad(loss, [kernel, bias]);
   *     adam.update({ kernel: dKernel, bias: dBias });
   *     return loss;
   *   });
   *
   * Throws: UsageError for anything but f32 tensors of one device.
   */
  over(parameters: NamedTensors, options?: OwnLoopOptions): OwnLoop;
}

const optionRules = (): Rules<OwnLoopOptions> => ({ totalSteps: count, stepsPerEpoch: count });

const snapshotRules = (): Rules<OptimizerSnapshot> => ({
  step: required(countOrZero),
  slots: required(rule('a Map, as from snapshot()', (value) => value instanceof Map)),
});

/** Rows of numbers that wait for the encoder that copies them: more than a program runs in one submit. */
const mostWaiting = 1024;

interface OwnParameter {
  readonly name: string;
  readonly tensor: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

/** Records the updates of an optimizer over tensors of a program, and computes their numbers before each run. */
export class OwnLoop extends Resource {
  /** How many updates were made. */
  step = 0;
  readonly #device: Device;
  readonly #parameters: readonly OwnParameter[];
  readonly #state: Tensor;
  readonly #waiting: Tensor;
  #nextRow = 0;
  /** A row of numbers for each recorded update. */
  readonly #rows: Tensor[] = [];
  readonly #eager: Program<readonly Tensor[]>;
  #isDisposed = false;

  /** `optimizer.over` calls it. */
  constructor(
    readonly optimizer: Optimizer,
    parameters: NamedTensors,
    private readonly options: OwnLoopOptions = {},
  ) {
    super();
    const who = `optimizers.${optimizer.name}().over`;
    checkCall(who, options, optionRules);
    const named = Object.entries(parameters as Readonly<Record<string, unknown>>);
    if (named.length === 0) throw new UsageError(`${who}: parameters is empty, expected a tensor or more.`);
    for (const [name, tensor] of named) {
      checkArgument(who, `parameters.${name}`, tensor, () =>
        rule('a tensor', (value) => value instanceof Tensor),
      );
      if ((tensor as Tensor).traced ?? (tensor as Tensor).dtype !== 'f32')
        throw new ShapeError(
          `${who}: ${name} is ${describe(tensor as Tensor)}${(tensor as Tensor).traced ? ' of a program' : ''}, expected an f32 tensor with memory.`,
        );
    }
    const tensors = named as [string, Tensor][];
    const { device } = tensors[0]![1];
    assertOneDevice(
      who,
      device,
      tensors.map(([, tensor]) => tensor),
    );
    this.#device = device;
    const zeros = (shape: readonly number[]): Tensor => Tensor.zeros({ shape, dtype: 'f32' }, device);
    const columns = Object.keys(optimizer.scalars).length;
    [this.#parameters, this.#state, this.#waiting] = outsideTidy(() => [
      tensors.map(([name, tensor]) => ({
        name,
        tensor,
        slots: Object.fromEntries(optimizer.slots.map((slot) => [slot, zeros(tensor.shape)])),
      })),
      Tensor.zeros(stateSpec, device),
      zeros([mostWaiting, columns]),
    ]);
    this.#eager = program((...gradients: Tensor[]) => {
      this.#record(currentTrace()!, gradients);
      return [];
    }, device);
  }

  /** Changing it takes effect from the next update on. */
  get learningRate(): LearningRate {
    return this.optimizer.learningRate;
  }

  set learningRate(rate: LearningRate) {
    this.optimizer.learningRate = rate;
  }

  /** What the optimizer keeps for each parameter, by `<slot>/<parameter>`. */
  get slots(): ReadonlyMap<string, Tensor> {
    return new Map(
      this.optimizer.slots.flatMap((slot) =>
        this.#parameters.map(({ name, slots }) => [`${slot}/${name}`, slots[slot]!] as const),
      ),
    );
  }

  /**
   * Updates the parameters in place by their gradients, given in a list or record like the parameters. In a program it records
   * the update, which each run of the program makes, with the rate and the step count that it then finds. One dispatch per
   * parameter.
   *
   * Throws: UsageError for other names; ShapeError for other shapes; StateError after dispose().
   */
  update(gradients: NamedTensors): void {
    const who = `${this.optimizer.name}.update`;
    if (this.#isDisposed) throw new StateError(`${who}: the optimizer was disposed; make another one.`);
    const given = gradients as Readonly<Record<string, Tensor | undefined>>;
    const unknown = Object.keys(given).find((each) => !this.#parameters.some(({ name }) => name === each));
    const names = this.#parameters.map(({ name }) => name);
    const missing = names.find((name) => given[name] === undefined);
    if (unknown !== undefined || missing !== undefined)
      throw new UsageError(
        `${who}: gradients ${missing === undefined ? `has '${unknown}'` : `lacks '${missing}'`}, expected one for each of ${names.join(', ')}.`,
      );
    const list = this.#parameters.map(({ name, tensor }) => {
      const gradient = given[name]!;
      if (gradient.dtype !== 'f32' || gradient.shape.join() !== tensor.shape.join())
        throw new ShapeError(
          `${who}: the gradient of ${name} is ${describe(gradient)}, expected ${describe(tensor)} like the parameter.`,
        );
      return gradient;
    });
    const trace = currentTrace();
    if (trace) this.#record(trace, list);
    else this.#eager.call(...list);
  }

  #record(trace: Trace, gradients: readonly Tensor[]): void {
    const { optimizer } = this;
    const stepScalars = outsideTidy(() =>
      Tensor.zeros({ shape: [1, this.#waiting.shape[1]!], dtype: 'f32' }, this.#device),
    );
    this.#rows.push(stepScalars);
    trace.beforeRuns.push((encoder) => this.#encodeRow(encoder, stepScalars));
    const factor = optimizer.gradientFactor?.(gradients);
    this.#parameters.forEach(({ name, tensor, slots }, i) => {
      const { shape } = tensor;
      const treatment = optimizer.treatmentOf?.({ name, shape, decay: shape.length > 1 });
      const operands = { parameters: tensor, gradients: gradients[i]!, slots, factor };
      optimizer.apply({ ...operands, stepScalars, state: this.#state }, treatment ?? { decay: true });
    });
  }

  /** Computes the numbers of the next update, and encodes their copy to where the update reads them. */
  #encodeRow(encoder: GPUCommandEncoder, row: Tensor): void {
    const { optimizer, options } = this;
    const { learningRate } = optimizer;
    const { totalSteps, stepsPerEpoch = totalSteps } = options;
    if (typeof learningRate === 'function' && totalSteps === undefined)
      throw new UsageError(
        `${optimizer.name}.update: the learning rate is a schedule, which needs the number of updates; pass it to over(parameters, { totalSteps }).`,
      );
    const length = { totalSteps: totalSteps ?? 1, stepsPerEpoch: stepsPerEpoch ?? 1 };
    const [rate] = ratesOf(learningRate, this.step, 1, length);
    this.step++;
    const numbers = Object.values(optimizer.scalars).map((scalar) =>
      scalar({ learningRate: rate!, update: this.step }),
    );
    const { buffer, offset } = this.#waiting.storage;
    const byteLength = 4 * numbers.length;
    const from: Storage = {
      buffer,
      offset: offset + (this.#nextRow++ % mostWaiting) * byteLength,
      byteLength,
    };
    this.#device.write(from, Float32Array.from(numbers));
    this.#device.encodeCopy(encoder, from, row.storage, byteLength);
  }

  /**
   * Exchanges the parameters with the averages of `useEma`; calling it again changes them back, which must happen before the next
   * update.
   *
   * Throws: StateError without useEma.
   */
  swapEmaWeights(): void {
    const { name, slots } = this.optimizer;
    if (!slots.includes(emaSlot))
      throw new StateError(`${name}.swapEmaWeights: there are no averages; make the optimizer with useEma.`);
    for (const { tensor, slots: own } of this.#parameters)
      this.#device.exchange(tensor.storage, own[emaSlot]!.storage);
  }

  /** The step count and the slots, on the host: with the parameters, enough to resume to the same bits. */
  async snapshot(): Promise<OptimizerSnapshot> {
    const { step, slots } = this;
    const keys = [...slots.keys()];
    const read = await this.#device.readTogether([...slots.values()].map(({ storage }) => storage));
    const values = (key: string, i: number): Float32Array<ArrayBuffer> =>
      new Float32Array(read[i] as ArrayBuffer).slice(0, slots.get(key)!.size);
    return { step, slots: new Map(keys.map((key, i) => [key, values(key, i)])) };
  }

  /** Restores what `snapshot` returned. Throws: UsageError for other slots. */
  restore(snapshot: OptimizerSnapshot): void {
    const who = `${this.optimizer.name}.restore`;
    checkCall(who, snapshot, snapshotRules);
    const { step, slots } = snapshot;
    const own = this.slots;
    for (const key of new Set([...own.keys(), ...slots.keys()])) {
      const [found, expected] = [slots.get(key)?.length, own.get(key)?.size];
      if (found !== expected)
        throw new UsageError(
          `${who}: the slot '${key}' has ${found ?? 'no'} values, expected ${expected ?? 'no such slot'}.`,
        );
    }
    for (const [key, tensor] of own) tensor.write(slots.get(key)!);
    this.step = step;
  }

  /** Frees the slots; programs with recorded updates cannot run any more. */
  dispose(): void {
    this.#isDisposed = true;
    this.#eager.dispose();
    for (const tensor of [...this.slots.values(), this.#state, this.#waiting, ...this.#rows.splice(0)])
      tensor.dispose();
  }
}
