/**
 * The page's predictions (web/worker/predicting_model.ts, predicting_bound.ts, cpu_model.ts):
 *   JavaScript and the device give the same probabilities, for the page's models and for every kind of layer, and NaN
 *   where weights are NaN or infinite
 *   on the device: the probabilities of Model.predict; a call creates no buffer, bind group or pipeline
 *   calls that overlap get each their own answer; weights that change are seen
 *   the CPU answers until the device is ready, without a device, and when it is lost
 *   another model is bound again; images of another size and weights of another model are rejected
 *   pictures are prepared as `npm run predict` prepares them
 */
import { describe, expect, it } from 'vitest';
import { digitImage } from '../../src/data/digit_image.js';
import { fitPicture } from '../../src/data/picture.js';
import type { Device } from '../../src/engine/device.js';
import { ModelError } from '../../src/errors.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import {
  activation,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  maxPooling2d,
} from '../../src/nn/layers/index.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { modelsByName } from '../../src/nn/models.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { Model, sequential } from '../../src/nn/model.js';
import { pcg4d, uniform } from '../../src/random.js';
import type { Context } from '../../web/worker/context.js';
import { CpuModel } from '../../web/worker/cpu_model.js';
import { BoundPrediction } from '../../web/worker/predicting_bound.js';
import { Predictions } from '../../web/worker/predicting_model.js';
import { preparedDrawing } from '../../web/worker/predicting_drawings.js';
import { preparedPicture } from '../../web/worker/predicting_pictures.js';
import { useDevice } from './device.js';
import { open } from './open.js';

registerLayers(layerClasses);

const held = useDevice();

const random = (seed: number, i: number): number => uniform(pcg4d(seed, 0, 0, i)[0]);

/** Some bytes dark, some light, as in a drawing. */
function picture(size: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (random(seed, i) < 0.7 ? 0 : 256 * random(seed + 1, i)));
}

/** The model with biases and moving statistics that are not those of its beginning. */
async function shaken(model: Model): Promise<Model> {
  const weights = await model.weights();
  let at = 0;
  for (const [name, values] of weights) {
    const isVariance = name.endsWith('moving_variance');
    weights.set(
      name,
      values.map((value) => value + (isVariance ? 0.5 : 0.1) * random(5, at++)),
    );
  }
  model.setWeights(weights);
  return model;
}

function everyLayer(): Model {
  return sequential(
    [
      conv2d({ filters: 5, kernelSize: [3, 5], strides: [1, 2], padding: 'same', inputShape: [13, 14, 2] }),
      batchNormalization({ scale: false }),
      activation({ activation: 'sigmoid' }),
      averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      conv2d({ filters: 6, kernelSize: 2, activation: 'relu', useBias: false }),
      batchNormalization({ center: false, epsilon: 1e-2 }),
      maxPooling2d({ poolSize: 2, strides: 1 }),
      dropout({ rate: 0.5 }),
      flatten(),
      dense({ units: 7, activation: 'sigmoid' }),
      dense({ units: 4 }),
      activation({ activation: 'softmax' }),
    ],
    {
      device: held.device,
      preprocessing: preprocessing({
        standardise: { mean: 0.2, deviation: 0.4 },
        filters: [filters.blur(2), filters.sharpen()],
      }),
    },
  );
}

function cpuModelOf(model: Model, weights: ReadonlyMap<string, Float32Array>): CpuModel {
  const cpuModel = new CpuModel(model);
  cpuModel.setWeights(weights);
  return cpuModel;
}

describe('JavaScript', () => {
  const models: Readonly<Record<string, () => Model>> = {
    small: () => modelsByName.small({ device: held.device, seed: 3 }),
    simple: () => modelsByName.simple({ device: held.device, seed: 3 }),
    mlp: () => modelsByName.mlp({ device: held.device, seed: 3 }),
    'paper-bn': () => modelsByName['paper-bn']({ device: held.device, seed: 3 }),
    'every layer': everyLayer,
  };

  it.each(Object.keys(models))('gives the probabilities of the device: %s', async (name) => {
    const model = await shaken(models[name]!());
    const [height, width, channels] = model.inputShape as [number, number, number];
    const input = picture(height * width * channels, 7);
    const expected = await model.predict({ images: input, count: 1, height, width, channels });
    const found = cpuModelOf(model, await model.weights()).predict(input);
    expect(found).toHaveLength(expected.length);
    // Not all alike, or a model that ignores its input would pass.
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(1e-3);
    for (const [k, value] of found.entries())
      expect(Math.abs(value - expected[k]!), `${name} ${k}`).toBeLessThan(1e-5);
    model.dispose();
  });

  it.each([NaN, Infinity, -Infinity])('gives NaN where the device does: a weight of %s', async (value) => {
    for (const [name, at] of [
      ['conv2d/kernel', 4],
      ['dense/kernel', 0],
      ['dense/bias', 1],
    ] as const) {
      const model = tiny(held.device, 3);
      const weights = await model.weights();
      weights.get(name)![at] = value;
      model.setWeights(weights);
      const input = picture(size, 7);
      const expected = await model.predict({ images: input, count: 1, height: 8, width: 8, channels: 1 });
      const found = cpuModelOf(model, weights).predict(input);
      expect([...found].map(Number.isNaN), `${name} ${found.join(' ')}`).toEqual(
        [...expected].map(Number.isNaN),
      );
      // A class of infinitely small logits is one of probability 0.
      expect(value === -Infinity || found.some(Number.isNaN), `${name} ${found.join(' ')}`).toBe(true);
      model.dispose();
    }
  });

  it('refuses weights that are not the model’s', async () => {
    const model = everyLayer();
    const weights = await model.weights();
    weights.delete('dense/bias');
    expect(() => cpuModelOf(model, weights)).toThrowErrorMatchingInlineSnapshot(
      `[ModelError: CPU model: 'dense/bias' has no values, expected 7.]`,
    );
    expect(() => cpuModelOf(model, new Map([...weights, ['dense/bias', new Float32Array(3)]]))).toThrow(
      ModelError,
    );
    model.dispose();
  });
});

const shape = [8, 8, 1] as const;
const size = 64;

function tiny(device: Device, seed: number): Model {
  return sequential(
    [
      conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: shape }),
      flatten(),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { device, seed },
  );
}

describe('on the device', () => {
  it('predicts as the model does, and creates nothing by it', async () => {
    const model = tiny(held.device, 1);
    const bound = await BoundPrediction.create(model);
    const predictions = async (input: Uint8Array<ArrayBuffer>) => [...(await bound.predict(input))];
    const expected = async (images: Uint8Array) => [
      ...(await model.predict({ images, count: 1, height: 8, width: 8, channels: 1 })),
    ];
    const inputs = [1, 2, 3].map((seed) => picture(size, seed));
    for (const input of inputs) expect(await predictions(input)).toEqual(await expected(input));
    await predictions(inputs[0]!);
    const before = { ...held.device.counters };
    await predictions(inputs[1]!);
    const { buffersCreated, bindGroupsCreated, pipelinesCreated } = held.device.counters;
    expect([buffersCreated, bindGroupsCreated, pipelinesCreated]).toEqual([
      before.buffersCreated,
      before.bindGroupsCreated,
      before.pipelinesCreated,
    ]);
    // Overlapping, and with other weights.
    expect(await Promise.all(inputs.map(predictions))).toEqual(await Promise.all(inputs.map(expected)));
    const other = tiny(held.device, 2);
    model.setWeights(await other.weights());
    const changed = await predictions(inputs[0]!);
    expect(changed).toEqual(await expected(inputs[0]!));
    bound.dispose();
    model.dispose();
    other.dispose();
  });
});

/** As much of the worker as predictions need; all of it can be changed. */
interface Fake {
  readonly context: Context;
  readonly device: { current: Device | undefined };
  readonly current: { model: Model };
  replaced(): void;
  /** Texts of the notes. */
  readonly notes: string[];
}

function contextOf(present: Device | undefined, model: Model, weights?: Context['current']['weights']): Fake {
  const listeners: (() => void)[] = [];
  const notes: string[] = [];
  const device = { current: present };
  const current = {
    model,
    weights: weights ?? (async (): ReturnType<Model['weights']> => current.model.weights()),
    onReplaced: (listener: () => void) => void listeners.push(listener),
  };
  const events = { note: (_: string, text: string) => void notes.push(text) };
  return {
    context: { device, current, events } as unknown as Context,
    device,
    current,
    notes,
    replaced: () => {
      for (const listener of listeners) listener();
    },
  };
}

/** Predicts until the device does it. */
async function byDevice(predictions: Predictions, input: Uint8Array<ArrayBuffer>) {
  for (;;) {
    const prediction = await predictions.of(input);
    if (prediction.by === 'device') return prediction;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const near = (found: Iterable<number>, expected: Iterable<number>): void => {
  const other = [...expected];
  for (const [k, value] of [...found].entries()) expect(value).toBeCloseTo(other[k]!, 5);
};

describe('predictions', () => {
  const input = picture(size, 9);

  it('come from the CPU until the device is ready, and change with the model', async () => {
    const fake = contextOf(held.device, tiny(held.device, 1));
    const predictions = new Predictions(fake.context);
    const first = await predictions.of(input);
    expect(first.by).toBe('cpu');
    expect(first.input).toBe(input);
    const second = await byDevice(predictions, input);
    near(second.probabilities, first.probabilities);

    const before = fake.current.model;
    fake.current.model = tiny(held.device, 2);
    fake.replaced();
    before.dispose();
    const third = await predictions.of(input);
    expect(third.by).toBe('cpu');
    near((await byDevice(predictions, input)).probabilities, third.probabilities);
    expect(Math.abs(third.probabilities[0]! - first.probabilities[0]!)).toBeGreaterThan(1e-3);
    expect(fake.notes).toEqual([]);
    fake.current.model.dispose();
  });

  it('come from the CPU where there is no device', async () => {
    const model = tiny(held.device, 1);
    const weights = await model.weights();
    const hostOnly = Model.fromJson(model.toJson());
    const predictions = new Predictions(contextOf(undefined, hostOnly, async () => weights).context);
    const { probabilities, by } = await predictions.of(input);
    expect(by).toBe('cpu');
    near(probabilities, await model.predict({ images: input, count: 1, height: 8, width: 8, channels: 1 }));
    model.dispose();
  });

  it('continue when the device is lost, with the last known weights', async () => {
    const device = await open();
    const fake = contextOf(device, tiny(device, 1));
    const predictions = new Predictions(fake.context);
    const { probabilities } = await byDevice(predictions, input);
    device.destroy();
    await device.lost;
    const after = await predictions.of(input);
    expect(after.by).toBe('cpu');
    near(after.probabilities, probabilities);
    expect(fake.notes).toEqual([]);

    // As the session does it: another device, and the model on it.
    fake.device.current = held.device;
    fake.current.model = tiny(held.device, 2);
    fake.replaced();
    await byDevice(predictions, input);
    fake.current.model.dispose();
  });

  it('are of images of the model’s size', async () => {
    const fake = contextOf(held.device, tiny(held.device, 1));
    const predictions = new Predictions(fake.context);
    await expect(predictions.of(new Uint8Array(784))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: predict: the image has 784 values, expected 64, as the model's input is [8,8,1].]`,
    );
    fake.current.model.dispose();
  });
});

describe('pictures', () => {
  const digits = { inputShape: [28, 28, 1], classNames: [...'0123456789'], pictures: undefined };
  const drawing = {
    data: Uint8ClampedArray.from({ length: 4 * 60 * 50 }, (_, i) => {
      const [x, y] = [Math.floor(i / 4) % 60, Math.floor(i / 240)];
      return i % 4 === 3 || !(x > 20 && x < 30 && y > 8 && y < 44) ? 255 : 0;
    }),
    width: 60,
    height: 50,
    channels: 4,
  } as const;

  it('are prepared as the model says; without a word from it, ten digits as digits, others fitted', () => {
    expect(preparedPicture(drawing, digits)).toEqual(digitImage(drawing));
    const clothes = { ...digits, classNames: ['Shirt', 'Bag'] };
    const size = { height: 28, width: 28, channels: 1 };
    expect(preparedPicture(drawing, clothes)).toEqual(fitPicture(drawing, size));
    const pictures = { fit: 'cover', polarity: 'lightOnDark', background: '#000000' } as const;
    expect(preparedPicture(drawing, { ...digits, pictures })).toEqual(
      fitPicture(drawing, { ...size, ...pictures }),
    );
  });

  it('that are drawn are prepared as digits, in as many channels as are taken', () => {
    expect(preparedDrawing(drawing, digits)).toEqual(digitImage(drawing));
    const inColour = preparedDrawing(drawing, { ...digits, inputShape: [28, 28, 3] })!;
    expect(inColour.filter((_, i) => i % 3 === 1)).toEqual(digitImage(drawing));
    expect(inColour).toHaveLength(3 * 784);
  });

  it('with nothing on them are nothing', () => {
    const blank = { ...drawing, data: new Uint8ClampedArray(4 * 60 * 50).fill(255) };
    expect(preparedDrawing(blank, digits)).toBeUndefined();
  });
});
