/**
 * shadegrad as one of the compared systems: the same protocol in its own process, so that it has no advantage over the
 * others. bench/peers/runner.mjs documents `prepare`, `train` and `infer`.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Device } from '../../engine/device.js';
import { program } from '../../engine/program.js';
import type { Step } from '../../engine/replay.js';
import { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { DeviceSet } from '../../nn/samples/device_set.js';
import { gatherInputs } from '../../nn/network/inputs.js';
import type { LabelledImages } from '../../nn/samples/samples.js';
import { logitsOf } from '../../nn/losses/softmax_crossentropy.js';
import { paperModel } from '../../nn/models.js';
import { rmsprop } from '../../nn/optimizers/index.js';
import type { RmspropOptions } from '../../nn/optimizers/rmsprop.js';
import { replaySteps } from '../../nn/training/replay_loop.js';
import { type StoredTensor, readSafetensors } from '../../nn/files/safetensors.js';
import { type Model, sequential } from '../../nn/model.js';
import { meansOf } from '../../nn/training/task.js';
import { TrainingStep } from '../../nn/training/training_step.js';
import { useStoredKernels } from '../../node/tuning_store.js';
import type { PeerOptions } from '../commands.js';
import { openDevice } from '../device.js';
import { version } from '../version.js';
import type { PeerRequest, Prepared } from './peer_process.js';

const learningRate = 1e-3;

/** How often an epoch repeats the batches of the fixture, which sets the number of steps replayed at a time. */
const roundsPerEpoch = 256;

/** The number of submits that may be queued; each takes memory in the driver. */
const submitsAhead = 256;

/** Answers requests on standard input until it is closed. */
export async function servePeer(options: PeerOptions): Promise<number> {
  let system: ShadegradPeer | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as PeerRequest;
    let answer: object;
    try {
      if (request.do === 'prepare') {
        const device = await openDevice(options);
        await useStoredKernels(device, options);
        system = new ShadegradPeer(device, request);
        answer = await system.prepare(request.checkSteps);
      } else {
        assert(system, 'a peer is prepared before it runs');
        const begun = performance.now();
        await (request.do === 'train' ? system.train(request.steps) : system.infer(request.batches));
        answer = { ms: performance.now() - begun };
      }
    } catch (error) {
      answer = { error: String(error instanceof Error ? error.message : error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  return 0;
}

class ShadegradPeer {
  readonly #device: Device;
  readonly #batchSize: number;
  readonly #weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly #set: DeviceSet;
  readonly #labels: Int32Array;
  #inference: { readonly step: Step; readonly logits: Tensor } | undefined;
  #training: TrainingStep | undefined;
  #done = 0;

  constructor(device: Device, { fixture, batchSize }: Extract<PeerRequest, { do: 'prepare' }>) {
    const { tensors } = readSafetensors(readFileSync(fixture), fixture);
    const images = tensors.get('images');
    const labels = tensors.get('labels');
    assert(images?.dtype === 'U8' && labels?.dtype === 'I32', 'the fixture holds images and labels');
    const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
    const set: LabelledImages = { images: images.data, labels: labels.data, count, height, width, channels };
    this.#device = device;
    this.#batchSize = batchSize;
    this.#weights = weightsOf(tensors);
    this.#set = new DeviceSet(device, set, { variantsPerImage: roundsPerEpoch });
    this.#labels = labels.data;
  }

  async prepare(checkSteps: number): Promise<Prepared> {
    this.#inference = await this.#bindInference();
    await this.infer(1);
    const logits = (await this.#inference.logits.data()) as Float32Array;
    const begun = performance.now();
    this.#training = await this.#trainingStep(this.#model());
    await this.train(1);
    const firstStepSeconds = (performance.now() - begun) / 1000;
    return {
      version,
      backend: `WebGPU, ${this.#device.fingerprint.adapter}`,
      inferLoss: crossEntropy(logits, this.#labels.subarray(0, this.#batchSize)),
      trainLosses: await this.#lossesOf('inside', checkSteps),
      trainLossesOutside: await this.#lossesOf('outside', checkSteps),
      epsilon: 'inside',
      firstStepSeconds,
      notes: [],
    };
  }

  /** Runs training steps, with dropout. */
  async train(steps: number): Promise<void> {
    assert(this.#training, 'a peer is prepared before it runs');
    const { stepsPerEpoch } = this.#training;
    for (let left = steps; left > 0; left -= stepsPerEpoch) {
      const count = Math.min(left, stepsPerEpoch);
      await replay(this.#training, this.#done, count);
      this.#done += count;
    }
  }

  /** Computes the logits of the first batch repeatedly. */
  async infer(batches: number): Promise<void> {
    for (let i = 1; i <= batches; i++) {
      this.#inference?.step.run();
      if (i % submitsAhead === 0) await this.#device.idle();
    }
    await this.#device.idle();
  }

  /** The losses of the first training steps, without dropout. */
  async #lossesOf(
    epsilonPlacement: NonNullable<RmspropOptions['epsilonPlacement']>,
    steps: number,
  ): Promise<number[]> {
    const model = this.#model({ hasDropout: false, epsilonPlacement });
    const training = await this.#trainingStep(model);
    const losses = await replay(training, 0, steps);
    training.dispose();
    model.dispose();
    return losses;
  }

  #model({
    hasDropout = true,
    epsilonPlacement = 'inside',
  }: Pick<RmspropOptions, 'epsilonPlacement'> & { readonly hasDropout?: boolean } = {}): Model {
    const layers = paperModel().layers.map(({ layer }) => layer);
    const kept = layers.filter(({ className }) => hasDropout || className !== 'Dropout');
    const model = sequential(kept, { device: this.#device });
    model.setWeights(this.#weights);
    const optimizer = rmsprop({ learningRate, epsilonPlacement });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
    return model;
  }

  async #trainingStep(model: Model): Promise<TrainingStep> {
    return TrainingStep.create(model, this.#set, this.#batchSize);
  }

  async #bindInference(): Promise<{ readonly step: Step; readonly logits: Tensor }> {
    const model = this.#model();
    const words = new Uint32Array(stateSize);
    words[stateWords.epochSize] = this.#set.epochSize;
    const state = Tensor.from(words, [stateSize], this.#device);
    const predict = program(() => {
      const { x } = gatherInputs(this.#set, state, {
        batch: this.#batchSize,
        preprocessing: model.preprocessing,
      });
      const probabilities = model.forward(x, { isTraining: false, state });
      return logitsOf(probabilities) ?? probabilities;
    }, this.#device);
    const { step, outputs } = await predict.bind();
    return { step, logits: outputs };
  }
}

/** Replays steps from the start of an epoch; `first` is the number of earlier steps. Resolves with the mean losses. */
async function replay(training: TrainingStep, first: number, count: number): Promise<number[]> {
  const position = { step: first, epoch: 0, cursor: 0, sums: {} };
  training.begin(position, { seed: 0 });
  const losses: number[] = [];
  await replaySteps({
    device: training.model.device,
    step: training.replayable,
    ring: training.ring,
    firstStep: first,
    count,
    onStep: (sums) => void losses.push(meansOf(sums)['loss']!),
  });
  return losses;
}

/** The parameters: their names contain a slash, unlike images and labels. */
function weightsOf(tensors: ReadonlyMap<string, StoredTensor>): Map<string, Float32Array<ArrayBuffer>> {
  return new Map(
    [...tensors].flatMap(([name, { data }]): [string, Float32Array<ArrayBuffer>][] =>
      name.includes('/') && data instanceof Float32Array ? [[name, data]] : [],
    ),
  );
}

/** The mean over rows of −log softmax(logits)[label], in float64. Shapes: logits [N,classes], labels [N]. */
function crossEntropy(logits: Float32Array, labels: Int32Array): number {
  const classes = logits.length / labels.length;
  let sum = 0;
  labels.forEach((label, i) => {
    const row = [...logits.subarray(i * classes, (i + 1) * classes)];
    const most = Math.max(...row);
    sum += most + Math.log(row.reduce((total, value) => total + Math.exp(value - most), 0)) - row[label]!;
  });
  return sum / labels.length;
}
