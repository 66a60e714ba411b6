/** The training that Node and Chromium compare. Arguments and results are plain arrays, which can be sent between the two. */
import { ImageSet } from '../../src/data/dataset.js';
import { conv2d, dense, dropout, flatten, maxPooling2d } from '../../src/nn/layers/index.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { memoryFolder } from '../../src/memory_folder.js';

export interface Digits {
  readonly images: readonly number[];
  readonly labels: readonly number[];
}

export interface Trained {
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** The safetensors file of the weights and the optimizer's slots. */
  readonly file: readonly number[];
}

const height = 28;
const width = 28;
const classNames = [...'0123456789'];

/** A convolution, dropout and RMSprop. */
function makeModel(seed: number): Model {
  const model = sequential(
    [
      conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [height, width, 1] }),
      maxPooling2d(),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 16, activation: 'relu' }),
      dropout({ rate: 0.5 }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** Four epochs over augmented digits, all random values from one seed. */
export async function train({ images, labels }: Digits): Promise<Trained> {
  const model = makeModel(7);
  const set = new ImageSet({
    images: Uint8Array.from(images),
    labels: Uint8Array.from(labels),
    height,
    width,
    channels: 1,
    classNames,
  });
  const losses: number[] = [];
  let sum = 0;
  await model.fit(set, {
    epochs: 4,
    batchSize: 32,
    seed: 7,
    augmentation: { rotation: 8, widthShift: 0.1, heightShift: 0.1, zoom: 0.2 },
    callbacks: [
      {
        // The logs are means over the epoch so far.
        onBatchEnd: (step, { loss }) => {
          const before = step === 0 ? 0 : sum;
          sum = loss! * (step + 1);
          losses.push(sum - before);
        },
      },
    ],
  });
  return { losses, file: await save(model) };
}

/** Loads the file into a model with other weights, and saves that model. */
export async function saveAgain(file: readonly number[]): Promise<number[]> {
  const folder = memoryFolder();
  await folder.write('trained.safetensors', Uint8Array.from(file));
  const model = makeModel(8);
  await model.loadWeights(folder, 'trained');
  return save(model);
}

async function save(model: Model): Promise<number[]> {
  const folder = memoryFolder();
  await model.saveWeights(folder, 'model');
  return [...(await folder.read('model.safetensors'))];
}
