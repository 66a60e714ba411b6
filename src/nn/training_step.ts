/** The training step of a model: one program, recorded from the model and bound to a set on the device. */
import { grad } from '../engine/op.js';
import { describePlan, type Plan } from '../engine/plan.js';
import { debug } from '../engine/debug.js';
import { type BoundStep, program } from '../engine/program.js';
import type { CompileOptions } from '../engine/compile.js';
import { Tensor } from '../engine/tensor.js';
import { currentTrace } from '../engine/trace.js';
import { assert } from '../errors.js';
import { type AugmentOptions, scale, softmaxCrossEntropy } from '../kernels/index.js';
import { advance, stateSize, stateWords } from '../kernels/step_state.js';
import type { KernelChoice } from './callbacks/callback.js';
import type { Position } from './checkpoint.js';
import type { DeviceSet } from './device_set.js';
import { gatherInputs } from './inputs.js';
import type { Model } from './model.js';
import { ParameterGroup } from './parameters.js';
import { penalised } from './penalty.js';
import { createRing } from './replay_loop.js';

/** Records, plans and binds the training step of a model over a set on the device. */
export class TrainingStep {
  readonly state: Tensor;
  readonly ring: Tensor;
  readonly rates: Tensor;
  readonly gradients: ParameterGroup;

  private constructor(
    readonly model: Model,
    readonly set: DeviceSet,
    readonly batchSize: number,
    readonly augmentation: AugmentOptions | undefined,
  ) {
    const { device, parameters } = model;
    this.state = Tensor.from(new Uint32Array(stateSize), [stateSize], device);
    this.rates = Tensor.from(new Float32Array(this.stepsPerEpoch), [this.stepsPerEpoch], device);
    this.ring = createRing(device);
    this.gradients = new ParameterGroup(device, parameters.layout);
  }

  #bound: BoundStep<Record<string, Tensor>> | undefined;

  static async create(
    model: Model,
    set: DeviceSet,
    batchSize: number,
    {
      augmentation,
      ...options
    }: CompileOptions & { readonly augmentation?: AugmentOptions | undefined } = {},
  ): Promise<TrainingStep> {
    const training = new TrainingStep(model, set, batchSize, augmentation);
    const step = program(() => training.#record(), model.device);
    try {
      training.#bound = await step.bind([], options);
    } catch (error) {
      training.dispose();
      throw error;
    }
    debug(1, () => describePlan(training.plan));
    return training;
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.set.epochSize / this.batchSize);
  }

  get bound(): BoundStep<Record<string, Tensor>> {
    assert(this.#bound, 'a training step is bound when it is created');
    return this.#bound;
  }

  get plan(): Plan {
    return this.bound.step.plan;
  }

  /** Which kernel computes each pass. */
  get kernels(): readonly KernelChoice[] {
    return this.plan.dispatches.map(({ pass, shapes, variant }) => ({ pass, shapes, variant }));
  }

  /** Puts the state where `position` is; `rate` is the learning rate of the step there. */
  begin(position: Position, { seed, rate }: { readonly seed: number; readonly rate: number }): void {
    const words = new Uint32Array(stateSize);
    words[stateWords.step] = position.step;
    words[stateWords.seed] = seed;
    words[stateWords.cursor] = position.cursor;
    words[stateWords.epochSize] = this.set.epochSize;
    words[stateWords.epoch] = position.epoch;
    new Float32Array(words.buffer)[stateWords.learningRate] = rate;
    this.state.write(words);
  }

  #record(): Record<string, Tensor> {
    const { model, set, state, rates, ring, batchSize: batch } = this;
    const { parameters, preprocessing } = model;
    const { x, y } = gatherInputs(set, state, { batch, preprocessing, augmentation: this.augmentation });
    const logits = model.forward(x, { isTraining: true, state, withoutSoftmax: true });
    const { loss, totals } = penalised(model, softmaxCrossEntropy(logits, y));
    const names = [...parameters.tensors.keys()];
    const gradients = grad(
      loss,
      names.map((name) => parameters.get(name)),
    );
    gradients.forEach((gradient, i) => writeInto(this.gradients.get(names[i]!), gradient));
    const slots = Object.fromEntries([...model.slots].map(([name, group]) => [name, group.flat]));
    model.optimizer.apply({ parameters: parameters.flat, gradients: this.gradients.flat, slots, state });
    advance({ totals, rates, state, ring }, batch);
    return {};
  }

  dispose(): void {
    this.#bound?.step.dispose();
    this.gradients.dispose();
    for (const tensor of [this.state, this.rates, this.ring]) tensor.dispose();
  }
}

/** Has the program write a gradient where the optimizer will read it. */
function writeInto(target: Tensor, gradient: Tensor): void {
  const trace = currentTrace();
  assert(trace, 'gradients are written while a program is recorded');
  // A value that has a place already (one gradient for two parameters) is copied.
  trace.place(trace.canPlace(gradient) ? gradient : scale(gradient, 1), target);
}
