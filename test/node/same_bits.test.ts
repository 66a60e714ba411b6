/**
 * The bits of a seed, as shadegrad computed them before networks became graphs (../fixtures/before_networks/bits.json):
 *   on every device the same first weights and dropout masks, and the same losses up to rounding
 *   on the devices listed there the same losses, weights and optimizer slots, bit for bit
 *   for paper, paper-bn and small with RMSprop; small interrupted in mid-epoch and resumed; small with momentum and a
 *   penalty; a dense network in micro-batches
 */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Callback,
  type FitOptions,
  type ImageSet,
  type Model,
  datasets,
  layers,
  modelFile,
  modelFromFile,
  models,
  optimizers,
  schedules,
  sequential,
} from '../../src/index.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { useDevice } from '../device/device.js';
import recorded from '../fixtures/before_networks/bits.json' with { type: 'json' };
import { type Digests, digestsOf, isRecordedOn, notRecordedOn } from './recorded_bits.js';

const held = useDevice();
/** Forty digits to train on, so that the third batch of 16 is a part batch, and sixteen to validate on. */
let trainSet: ImageSet;
let validationSet: ImageSet;
beforeAll(async () => {
  const { train, test } = await datasets.digits({ offline: true });
  trainSet = train.take(40, { seed: 1 });
  validationSet = test.take(16, { seed: 1 });
});

/**
 * How far losses may lie from those recorded, as a share. Other kernels (the gpu family's, the readable ones) came within
 * 3e-7 before the first update and 7e-5 after it, where RMSprop takes a gradient that is near zero for its sign. With
 * other dropout masks the first loss is off by 2e-3 and more.
 */
const tolerances = { firstStep: 1e-5, later: 1e-3 };
type Name = keyof (typeof recorded.devices)[number]['trainings'];
const seeded = () => ({ seed: 3, device: held.device });

/** The result of a training. */
interface Trained extends Digests {
  /** The mean over the epoch so far, after each step; then those of the validations. */
  readonly losses: readonly number[];
}

const augmentation = { rotation: 10, widthShift: 0.1, heightShift: 0.1, zoom: 0.1 };
const fitting: FitOptions = { batchSize: 16, seed: 5, augmentation };
const divided: FitOptions = { batchSize: 16, microBatchSize: 6, seed: 5 };
const loss = 'sparseCategoricalCrossentropy';
/** Of 6 steps, with validation: the rate, and thereby the table of rates, changes from step to step. */
const cosine = () => optimizers.rmsprop({ learningRate: schedules.cosineDecay({ peak: 1e-3 }) });
const twoEpochs = (): FitOptions => ({ ...fitting, epochs: 2, validationData: validationSet });

function denseModel(): Model {
  return sequential(
    [
      layers.flatten({ inputShape: [28, 28, 1] }),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: 32 }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
    { name: 'dense', ...seeded() },
  );
}

async function trained(model: Model, optimizer: Optimizer, options: FitOptions): Promise<Trained> {
  model.compile({ optimizer, loss });
  return run(model, options);
}

type Optimizer = ReturnType<typeof optimizers.sgd>;

async function run(model: Model, options: FitOptions): Promise<Trained> {
  const losses: number[] = [];
  const listen: Callback = { onBatchEnd: (_, logs) => void losses.push(logs['loss']!) };
  const history = await model.fit(trainSet, { ...options, callbacks: [listen] });
  return { losses: [...losses, ...(history.metrics['val_loss'] ?? [])], ...(await bitsOf(model)) };
}

async function bitsOf(model: Model): Promise<Digests> {
  return digestsOf(await modelFile(model), (await model.weights()).keys());
}

/** Stopped behind the first step of the second epoch, saved, loaded into another model and resumed. */
async function resumed(): Promise<Trained> {
  const controller = new AbortController();
  const model = models.small(seeded());
  model.compile({ optimizer: cosine(), loss });
  const losses: number[] = [];
  const stopper: Callback = {
    // Steps do not run ahead of one who listens to their beginning.
    onBatchBegin: () => undefined,
    onBatchEnd: (_, logs) => {
      if (losses.push(logs['loss']!) === 4) controller.abort();
    },
  };
  const { signal } = controller;
  const part = await model.fit(trainSet, { ...twoEpochs(), signal, callbacks: [stopper] });
  expect(part.isInterrupted).toBe(true);
  const bytes = await modelFile(model, { checkpoint: part.checkpoint });

  const loaded = modelFromFile(bytes, { device: held.device });
  loaded.compile({ optimizer: cosine(), loss });
  const { checkpoint } = loaded;
  expect(checkpoint).toEqual(part.checkpoint);
  const rest = await run(loaded, { ...twoEpochs(), resume: checkpoint! });
  const validations = [...part.metrics['val_loss']!, ...rest.losses.slice(2)];
  return { ...rest, losses: [...losses, ...rest.losses.slice(0, 2), ...validations] };
}

const trainings: Record<Name, () => Promise<Trained>> = {
  paper: async () => trained(models.paper(seeded()), optimizers.rmsprop(), fitting),
  'paper-bn': async () => trained(models.paperBn(seeded()), optimizers.rmsprop(), fitting),
  small: async () => trained(models.small(seeded()), cosine(), twoEpochs()),
  'small, resumed in mid-epoch': resumed,
  'small, with momentum and a penalty': async () => {
    const momentum = optimizers.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true });
    return trained(models.small({ ...seeded(), kernelRegularizer: { l2: 0.01 } }), momentum, fitting);
  },
  'dense, in micro-batches': async () => trained(denseModel(), optimizers.sgd({ momentum: 0.9 }), divided),
};

describe.each(Object.keys(trainings) as Name[])('%s', (name) => {
  let got: Trained;

  it('has the losses that it had, up to rounding', async () => {
    got = await trainings[name]();
    const { losses } = recorded.devices[0]!.trainings[name];
    expect(got.losses).toHaveLength(losses.length);
    for (const [i, value] of got.losses.entries()) {
      const difference = Math.abs(value / losses[i]! - 1);
      const tolerance = i === 0 ? tolerances.firstStep : tolerances.later;
      expect(difference, `loss ${i}: ${value}, recorded ${losses[i]}`).toBeLessThan(tolerance);
    }
  });

  it('has the bits that it had', (test) => {
    const found = recorded.devices.find((each) => isRecordedOn(each, held.device));
    if (!found) return test.skip(notRecordedOn(held.device));
    return expect(got).toEqual(found.trainings[name]);
  });
});

it('every device has the first weights that it had', async () => {
  const digests: Record<string, string> = {};
  for (const make of [models.paper, models.paperBn, models.small, denseModel]) {
    const model = make(seeded());
    digests[model.name] = (await bitsOf(model)).weights;
    model.dispose();
  }
  expect(digests).toEqual(recorded.firstWeights);
});

/**
 * A unit that was dropped leaves its row of the next layer's kernel without a gradient, so the first velocity shows the
 * mask. A white image, one per step, has no other zeros.
 */
it('every device has the dropout masks that it had, step by step', async () => {
  const image = { images: new Uint8Array(784).fill(255), labels: Uint8Array.of(7), count: 1 };
  const white = { ...image, height: 28, width: 28, channels: 1 };
  const model = denseModel();
  const masks: string[] = [];
  let resume: FitOptions['resume'];
  for (const epochs of [1, 2, 3]) {
    // Compiled again, it begins with a velocity of 0.
    model.compile({ optimizer: optimizers.sgd({ momentum: 0.9 }), loss });
    const { checkpoint } = await model.fit(white, { ...divided, epochs, ...(resume ? { resume } : {}) });
    resume = checkpoint;
    const { tensors } = readSafetensors(await modelFile(model), 'model');
    const maskOf = (layer: string, units: number): string => {
      const { shape, data } = tensors.get(`velocity/${layer}/kernel`)!;
      const row = shape[1]!;
      return Array.from({ length: units }, (_, i) =>
        data.slice(i * row, (i + 1) * row).some((value) => value !== 0) ? '1' : '0',
      ).join('');
    };
    masks.push(maskOf('dense', 784), maskOf('dense_1', 32));
  }
  expect(masks).toEqual(recorded.masks);
});
