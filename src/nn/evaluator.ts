/** Loss and accuracy of a model over a set, and its predictions: programs over the model's own parameters. */
import type { Device } from '../engine/device.js';
import { type BoundStep, program } from '../engine/program.js';
import type { CompileOptions } from '../engine/replay.js';
import { Tensor } from '../engine/tensor.js';
import { softmaxCrossEntropy } from '../kernels/index.js';
import { advance, stateSize, stateWords } from '../kernels/step_state.js';
import { DeviceSet, type LabelledImages } from './device_set.js';
import { gatherInputs } from './inputs.js';
import { createRing, replaySteps } from './replay_loop.js';
import type { Model } from './model.js';

export interface Evaluation {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly accuracy: number;
}

type Progress = (done: number, total: number) => void;

/** Bound once, run as often as wanted: the validation of a training. */
export class Evaluator {
  private constructor(
    private readonly device: Device,
    private readonly set: DeviceSet,
    private readonly batchSize: number,
    private readonly state: Tensor,
    private readonly rates: Tensor,
    private readonly ring: Tensor,
    private readonly bound: BoundStep<Record<string, Tensor>>,
  ) {}

  static async create(
    model: Model,
    images: LabelledImages,
    batchSize: number,
    options: CompileOptions = {},
  ): Promise<Evaluator> {
    const { device } = model;
    const set = new DeviceSet(device, images);
    const state = Tensor.from(new Uint32Array(stateSize), [stateSize], device);
    const rates = Tensor.from([0], [1], device);
    const ring = createRing(device);
    const evaluate = program((): Record<string, Tensor> => {
      const { x, y } = gatherInputs(set, state, { batch: batchSize, preprocessing: model.preprocessing });
      const { totals } = softmaxCrossEntropy(
        model.forward(x, { isTraining: false, state, withoutSoftmax: true }),
        y,
      );
      advance({ totals, rates, state, ring }, batchSize);
      return {};
    }, device);
    return new Evaluator(device, set, batchSize, state, rates, ring, await evaluate.bind([], options));
  }

  async run(onStep?: Progress): Promise<Evaluation> {
    const words = new Uint32Array(stateSize);
    words[stateWords.epochSize] = this.set.count;
    this.state.write(words);
    const count = Math.ceil(this.set.count / this.batchSize);
    const sums = { loss: 0, correct: 0, count: 0 };
    let done = 0;
    await replaySteps({
      device: this.device,
      step: this.bound.step,
      ring: this.ring,
      firstStep: 0,
      count,
      onStep: (metrics) => {
        sums.loss += metrics.lossSum;
        sums.correct += metrics.correct;
        sums.count += metrics.count;
        onStep?.(++done, count);
      },
    });
    return { loss: sums.loss / sums.count, accuracy: sums.correct / sums.count };
  }

  dispose(): void {
    this.bound.step.dispose();
    this.set.dispose();
    for (const tensor of [this.state, this.rates, this.ring]) tensor.dispose();
  }
}

/**
 * The model's output for every image: probabilities when it ends in a softmax.
 *
 * Shapes: count images → [count, classes], row by row.
 */
export async function predictAll(
  model: Model,
  images: LabelledImages,
  batchSize: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { device } = model;
  const set = new DeviceSet(device, images);
  const state = Tensor.from(new Uint32Array(stateSize), [stateSize], device);
  const predict = program(() => {
    const { x } = gatherInputs(set, state, { batch: batchSize, preprocessing: model.preprocessing });
    return model.forward(x, { isTraining: false, state, withoutSoftmax: false });
  }, device);
  const { step, outputs } = await predict.bind();
  const classes = outputs.size / batchSize;
  const result = new Float32Array(images.count * classes);
  const words = new Uint32Array(stateSize);
  words[stateWords.epochSize] = images.count;
  for (let cursor = 0; cursor < images.count; cursor += batchSize) {
    words[stateWords.cursor] = cursor;
    state.write(words);
    step.run();
    const rows = Math.min(batchSize, images.count - cursor);
    result.set((await outputs.data()).subarray(0, rows * classes), cursor * classes);
  }
  step.dispose();
  set.dispose();
  state.dispose();
  outputs.dispose();
  return result;
}
