/** Training and inference of the paper model on synthetic images, to be timed end to end. */
import type { Device } from '../../engine/device.js';
import { type BoundStep, program } from '../../engine/program.js';
import type { Step } from '../../engine/replay.js';
import { Tensor } from '../../engine/tensor.js';
import type { AugmentOptions } from '../../kernels/index.js';
import { stateSize, stateSpec, stateWords } from '../../kernels/step_state.js';
import { DeviceSet } from '../../nn/samples/device_set.js';
import { recordPrediction } from '../../nn/training/evaluator.js';
import { paperModel } from '../../nn/models.js';
import { rmsprop } from '../../nn/optimizers/index.js';
import { type Filter, preprocessing } from '../../nn/samples/preprocessing.js';
import { replaySteps } from '../../nn/training/replay_loop.js';
import { TrainingStep } from '../../nn/training/training_step.js';

export const modelName = 'paper';
/** The learning rate. */
export const rate = 1e-4;
const start = { step: 0, epoch: 0, cursor: 0, sums: {} };

/** `count` square images of pseudo-random bytes. Throws: DeviceError if they exceed the device's memory. */
export function syntheticImages(device: Device, count: number, size = 28): DeviceSet {
  device.assertTakes(count * size * size);
  const images = new Uint8Array(count * size * size);
  for (let i = 0; i < images.length; i++) images[i] = Math.imul(i, 2_654_435_761) >>> 24;
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  return new DeviceSet(device, { images, labels, count, height: size, width: size, channels: 1 });
}

/** Replays `count` steps from the start of an epoch as `fit` does, reading back the metrics. Resolves with milliseconds. */
export async function timeSteps(training: TrainingStep, count: number): Promise<number> {
  training.begin(start, { seed: 0 });
  const begun = performance.now();
  await replaySteps({
    device: training.model.device,
    step: training.replayable,
    ring: training.ring,
    firstStep: 0,
    count,
    onStep: () => undefined,
  });
  return performance.now() - begun;
}

/** A task whose batches are timed. */
export interface Subject {
  readonly step: Step;
  readonly batchSize: number;
  /** Runs batches, reading back results as in real use. Resolves with their total milliseconds. */
  run(batches: number): Promise<number>;
  dispose(): void;
}

export interface SubjectOptions {
  readonly batchSize: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly filters?: readonly Filter[];
  readonly augmentation?: AugmentOptions | null;
}

/** The training step of the paper model. */
export async function trainingSubject(
  set: DeviceSet,
  { batchSize, filters = [], augmentation, ...options }: SubjectOptions,
): Promise<Subject> {
  const { device } = set;
  const model = paperModel({ device, preprocessing: preprocessing({ filters }) });
  model.compile({ optimizer: rmsprop({ learningRate: rate }), loss: 'sparseCategoricalCrossentropy' });
  const training = await TrainingStep.create(model, set, batchSize, {
    ...options,
    augmentation: augmentation ?? undefined,
  });
  return {
    step: training.bound.step,
    batchSize,
    run: async (batches) => timeSteps(training, batches),
    dispose: () => {
      training.dispose();
      model.dispose();
    },
  };
}

/** Inference as in `predict`: reads back the probabilities of each batch before the next one. */
export async function inferenceSubject(
  set: DeviceSet,
  { batchSize, onProgress }: Pick<SubjectOptions, 'batchSize' | 'onProgress'>,
): Promise<Subject> {
  const { device } = set;
  const model = paperModel({ device });
  const state = Tensor.zeros(stateSpec, device);
  const { step, outputs }: BoundStep<Tensor> = await program(
    () => recordPrediction(model, set, state, batchSize),
    device,
  ).bind([], onProgress ? { onProgress } : {});
  const words = new Uint32Array(stateSize);
  words[stateWords.epochSize] = set.epochSize;
  return {
    step,
    batchSize,
    run: async (batches) => {
      const begun = performance.now();
      for (let i = 0; i < batches; i++) {
        words[stateWords.cursor] = i * batchSize;
        state.write(words);
        step.run();
        await outputs.data();
      }
      return performance.now() - begun;
    },
    dispose: () => {
      step.dispose();
      for (const resource of [outputs, state, model]) resource.dispose();
    },
  };
}
