/**
 * What a tuning is about: the kernels that a model's training step and its evaluation choose from, and how fast the step
 * is as a whole by one choice and by another.
 */
import type { ImageShape } from '../data/dataset.js';
import { type Choice, KernelSelection, type KernelCase } from '../engine/kernel_selection.js';
import type { CompileOptions } from '../engine/compile.js';
import type { Device } from '../engine/device.js';
import { timeInTurns } from '../engine/stopwatch.js';
import { pcg4d, streams } from '../random.js';
import { planAccumulation } from './gradient_accumulation.js';
import { DeviceSet, type LabelledImages } from './device_set.js';
import { forecastEvaluation, forecastTraining } from './memory_forecast.js';
import type { ModelName } from './names.js';
import { modelsByName } from './models.js';
import { rmsprop } from './optimizers/index.js';
import type { Model } from './model.js';
import { TrainingStep } from './training_step.js';

export interface WorkloadOptions {
  readonly model: ModelName;
  readonly imageShape: ImageShape;
  readonly classes: number;
  readonly batchSize: number;
}

/** The training step over made-up images, untuned against tuned; of a divided batch, what is done for a micro-batch. */
export interface StepTimes {
  readonly batchSize: number;
  /** Images at once, of which the times are. */
  readonly microBatchSize: number;
  readonly untunedMs: number;
  readonly tunedMs: number;
}

export interface ComparisonOptions extends CompileOptions {
  /** Times that each is measured. */
  readonly repeats: number;
  /** Runs what nothing else on the device should disturb. Default: as it is. */
  readonly undisturbed?: <T>(measure: () => Promise<T>) => Promise<T>;
}

export class Workload {
  constructor(
    private readonly device: Device,
    private readonly options: WorkloadOptions,
  ) {}

  /**
   * Every case with more than one variant that training and evaluation meet, found by planning alone; batches are
   * divided as `fit` does.
   *
   * Throws: DeviceError when the device is too small for one image.
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
   * The step by the table and by `choices`, measured in turns.
   *
   * Throws: DeviceError when the device is lost, or too small.
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
   * Noise: how fast a kernel is does not depend on what the images show.
   *
   * Throws: DeviceError for more than the device takes.
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
/** Small, so that weights stay what a device computes with in ordinary time. */
const learningRate = 1e-4;

/** Kernels that are faster alone may yet be slower one after another, or were measured in a busy moment. */
export function isSlower(steps: readonly StepTimes[]): boolean {
  const sum = (of: (times: StepTimes) => number): number => steps.reduce((so, times) => so + of(times), 0);
  return sum(({ tunedMs }) => tunedMs) > sum(({ untunedMs }) => untunedMs) * 1.02;
}
