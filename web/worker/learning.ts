/**
 * Learning one image without forgetting the others: a few steps of plain gradient descent on batches of which a quarter
 * is the image, augmented differently each time, and the rest images that the model has trained on. Batch normalisation
 * keeps its statistics and dropout is off: nothing but the weights moves, and not far.
 *
 * The optimizer is a new one, so that the slots of a training under way stay as they are.
 * Source: Robins 1995, Catastrophic forgetting, rehearsal and pseudorehearsal.
 */
import { boundedDraw, streams } from '../../src/random.js';
import type { AugmentOptions } from '../../src/kernels/index.js';
import { ringRow } from '../../src/kernels/step_state.js';
import { DeviceSet, type LabelledImages } from '../../src/nn/device_set.js';
import type { Model } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers.js';
import { ringRows } from '../../src/nn/replay_loop.js';
import { TrainingStep } from '../../src/nn/training_step.js';

export interface Lesson {
  /** [height,width,channels], a byte per value. */
  readonly input: Uint8Array;
  readonly label: number;
  /** Images of the training, never of the test part; without them steps are smaller. */
  readonly rehearsal: LabelledImages | undefined;
  /** Keys the augmentation and the choice of rehearsals. */
  readonly seed: number;
}

export const mostSteps = 24;
const batchSize = 16;
/** Of each batch. */
const copies = 4;
/** Share of a batch. */
const leastRight = 0.8;
/** Of the first step. */
const firstRate = { withRehearsal: 0.002, alone: 0.0005 };
/** Each step's rate over the one before: how large a step a model needs nobody knows before, and a small one does no harm. */
const growth = 1.15;
/** Beyond it steps overshoot, and cost what the model knows. */
const mostRate = 0.01;
const augmentation: AugmentOptions = {
  rotation: 10,
  widthShift: 0.07,
  heightShift: 0.07,
  zoom: 0.1,
  fill: 'constant',
};

/**
 * Changes the model's weights until `isLearned` and the others are kept, or for `mostSteps`; if the others are lost by
 * then, the weights are put back. Resolves with the steps done. No other step of the model may be under way.
 *
 * Throws: DeviceError; whatever `isLearned` throws.
 */
export async function learn(
  model: Model,
  lesson: Lesson,
  isLearned: () => Promise<boolean>,
): Promise<number> {
  const { seed, rehearsal } = lesson;
  const rates = Float32Array.from({ length: mostSteps }, (_, step) =>
    Math.min(mostRate, (rehearsal ? firstRate.withRehearsal : firstRate.alone) * growth ** step),
  );
  const rate = rates[0] as number;
  const set = new DeviceSet(model.device, material(model, lesson));
  let training: TrainingStep | undefined;
  try {
    const learner = withFrozenStatistics(model, rate);
    training = await TrainingStep.create(learner, set, rehearsal ? batchSize : copies, { augmentation });
    training.rates.write(rates);
    training.begin({ step: 0, epoch: 0, cursor: 0, lossSum: 0, correct: 0, count: 0 }, { seed, rate });
    const before = await model.weights();
    let isKept = true;
    for (let steps = 1; steps <= mostSteps; steps++) {
      training.bound.step.run();
      isKept = await keepsOthers(training, steps - 1);
      if ((await isLearned()) && isKept) return steps;
    }
    // Nothing is worth the loss of all the others.
    if (!isKept) model.setWeights(before);
    return mostSteps;
  } finally {
    training?.dispose();
    set.dispose();
  }
}

/** Whether the step's batch, as it was before the step, was mostly right: what was learned has not cost the others. */
async function keepsOthers({ ring, batchSize: rows }: TrainingStep, step: number): Promise<boolean> {
  const words = await ring.data();
  const correct = new Float32Array(words.buffer)[(step % ringRows) * ringRow + 1] as number;
  return rows === copies || correct >= leastRight * rows;
}

/** The batches of all steps, one after another: in each the copies first, then the rehearsals. */
function material(model: Model, { input, label, rehearsal, seed }: Lesson): LabelledImages {
  const [height, width, channels] = model.inputShape as [number, number, number];
  const rows = rehearsal ? batchSize : copies;
  const count = mostSteps * rows;
  const images = new Uint8Array(count * input.length);
  const labels = new Uint16Array(count);
  for (let row = 0; row < count; row++) {
    const at = row * input.length;
    if (!rehearsal || row % rows < copies) {
      images.set(input, at);
      labels[row] = label;
    } else {
      const chosen = boundedDraw(rehearsal.count, seed, streams.take, 0, row);
      images.set(rehearsal.images.subarray(chosen * input.length, (chosen + 1) * input.length), at);
      labels[row] = rehearsal.labels[chosen] as number;
    }
  }
  return { images, labels, count, height, width, channels };
}

/** The same weights under another optimizer; its layers compute as in prediction, with gradients. */
function withFrozenStatistics(model: Model, rate: number): Model {
  const { name, device, inputShape, classes, preprocessing, parameters, statistics } = model;
  return {
    name,
    device,
    inputShape,
    classes,
    preprocessing,
    parameters,
    statistics,
    optimizer: sgd({ learningRate: rate }),
    slots: new Map(),
    forward: (x, context) => model.forward(x, { ...context, isTraining: false }),
    penalties: () => model.penalties(),
    toJson: () => model.toJson(),
    weights: () => model.weights(),
    setWeights: (weights) => model.setWeights(weights),
    saveWeights: (folder, file, options) => model.saveWeights(folder, file, options),
  };
}
