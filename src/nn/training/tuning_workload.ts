/**
 * What a tuning measures: the kernels that a model's training step and evaluation can choose from, and the speed of the whole
 * step with different choices.
 */
import type { ImageShape } from '../../data/dataset.js';
import { type Choice, KernelSelection, type KernelCase } from '../../engine/kernel_selection.js';
import type { CompileOptions } from '../../engine/compile.js';
import type { Device } from '../../engine/device.js';
import { timeInTurns } from '../../engine/stopwatch.js';
import { pcg4d, streams } from '../../random.js';
import { planAccumulation } from './gradient_accumulation.js';
import { DeviceSet } from '../samples/device_set.js';
import { forecastEvaluation } from './memory_forecast.js';
import { forecastTraining } from './training_forecast.js';
import type { ModelName } from '../names.js';
import { modelsByName } from '../models.js';
import type { LabelledImages } from '../samples/samples.js';
import { rmsprop } from '../optimizers/rmsprop.js';
import type { Model } from '../model.js';
import { TrainingStep } from './training_step.js';

export interface WorkloadOptions {
  readonly model: ModelName;
  readonly imageShape: ImageShape;
  readonly classes: number;
  readonly batchSize: number;
}

/** Times of the training step on synthetic images, untuned and tuned; with micro-batches, of one micro-batch. */
export interface StepTimes {
  readonly batchSize: number;
  /** Images per timed micro-batch. */
  readonly microBatchSize: number;
  readonly untunedMs: number;
  readonly tunedMs: number;
}

export interface ComparisonOptions extends CompileOptions {
  /** Number of measurements of each. */
  readonly repeats: number;
  /** Runs a measurement that nothing else on the device should disturb. Default: calls it. */
  readonly undisturbed?: <T>(measure: () => Promise<T>) => Promise<T>;
}

export class Workload {
  constructor(
    private readonly device: Device,
    private readonly options: WorkloadOptions,
  ) {}

  /**
   * Every case with more than one variant in training and evaluation, found by planning alone; batches are split as in `fit`.
   *
   * Throws: DeviceError if the device is too small for one image.
   */
  cases(): KernelCase[] {
    const { batchSize, imageShape } = this.options;
    const model = this.#model();
    try {
      const images = { ...imageShape, count: batchSize };
      const microBatchSize = this.#microBatchSize(model);
      const kernelSelection = new KernelSelection();
      kernelSelection.watch();
      forecastTraining(model, { images, batchSize, microBatchSize, kernelSelection });
      forecastEvaluation(model, images, microBatchSize, { kernelSelection });
      return [...kernelSelection.met.values()];
    } finally {
      model.dispose();
    }
  }

  /**
   * Times the step with the default choices and with `choices`, interleaved.
   *
   * Throws: DeviceError if the device is lost or too small.
   */
  async compare(
    choices: ReadonlyMap<string, Choice>,
    { repeats, undisturbed = (measure) => measure(), ...compiling }: ComparisonOptions,
  ): Promise<StepTimes> {
    const { device } = this;
    const { batchSize } = this.options;
    const model = this.#model();
    const resources: { dispose(): void }[] = [model];
    try {
      const microBatchSize = this.#microBatchSize(model);
      const set = new DeviceSet(device, this.#images(batchSize));
      resources.push(set);
      const steps: TrainingStep[] = [];
      for (const each of [new KernelSelection(), new KernelSelection(choices)]) {
        const options = { ...compiling, kernelSelection: each, microBatchSize };
        const step = await TrainingStep.create(model, set, batchSize, options);
        resources.push(step);
        step.begin(beginning, { seed: 0 });
        steps.push(step);
      }
      const bound = steps.map((step) => step.bound.step);
      const times = await undisturbed(async () => timeInTurns(device, bound, repeats));
      const [untunedMs = Number.NaN, tunedMs = Number.NaN] = times.map((ms) => Math.min(...ms));
      return { batchSize, microBatchSize, untunedMs, tunedMs };
    } finally {
      for (const resource of resources.toReversed()) resource.dispose();
    }
  }

  #microBatchSize(model: Model): number {
    const { batchSize, imageShape } = this.options;
    const images = { ...imageShape, count: batchSize };
    return planAccumulation(model, { batchSize, images, kernelSelection: new KernelSelection() })
      .microBatchSize;
  }

  #model(): Model {
    const { model: name, imageShape, classes } = this.options;
    const { height, width, channels } = imageShape;
    const model = modelsByName[name]({
      device: this.device,
      inputShape: [height, width, channels],
      classes,
    });
    model.compile({ optimizer: rmsprop({ learningRate }), loss: 'sparseCategoricalCrossentropy' });
    return model;
  }

  /**
   * Noise: the speed of kernels does not depend on the contents of images.
   *
   * Throws: DeviceError if the images exceed the device's limits.
   */
  #images(count: number): LabelledImages {
    const { imageShape, classes } = this.options;
    const { height, width, channels } = imageShape;
    const size = count * height * width * channels;
    this.device.assertTakes(size);
    const images = Uint8Array.from({ length: size }, (_, i) => pcg4d(0, streams.test, 1, i)[0]);
    const labels = Uint32Array.from({ length: count }, (_, i) => i % classes);
    return { images, labels, count, ...imageShape };
  }
}

const beginning = { step: 0, epoch: 0, cursor: 0, sums: {} };
/** Small, so that weights stay in a range in which devices compute at full speed. */
const learningRate = 1e-4;

/** Kernels that are faster alone may be slower in sequence, or were measured while the machine was busy. */
export function isSlower(steps: readonly StepTimes[]): boolean {
  const sum = (of: (times: StepTimes) => number): number => steps.reduce((so, times) => so + of(times), 0);
  return sum(({ tunedMs }) => tunedMs) > sum(({ untunedMs }) => untunedMs) * 1.02;
}
