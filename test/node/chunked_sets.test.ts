/**
 * Sets whose images exceed one buffer of the device, which is made to look small here:
 *   inputs have the bits of a set in one buffer: odd rows, one image per buffer, edges, a part buffer at the end, several
 *   variants, filters, augmentation; one buffer takes one dispatch, as ever
 *   a set that shares the pixels of a larger one is gathered on its way to the device, and not before
 *   fit, in micro-batches too, evaluate and predict have the bits of the whole
 *   the forecast is what is allocated; a budget of memory limits, not the buffer; an image that fits no buffer is refused
 */
import { afterEach, describe, expect, it } from 'vitest';
import { ImageSet } from '../../src/data/dataset.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { stateSize, stateSpec, stateWords } from '../../src/kernels/step_state.js';
import { largestBatch } from '../../src/nn/training/gradient_accumulation.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { augmentedBy } from '../../src/nn/samples/augmented_inputs.js';
import { type InputOptions, gatherInputs } from '../../src/nn/network/inputs.js';
import { addedBytes, forecastEvaluation } from '../../src/nn/training/memory_forecast.js';
import type { LabelledImages } from '../../src/nn/samples/samples.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { permutation, pcg4d, streams } from '../../src/random.js';
import { useDevice } from '../device/device.js';
import { bars, smallModel } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

const held = useDevice();

/** Buffers of the device hold so many bytes, until the test ends. */
function limitBuffers(bytes: number): void {
  Object.defineProperty(held.device, 'maxBufferBytes', { value: bytes, configurable: true });
}
function lift(): void {
  // The property of the class shows again.
  delete (held.device as { maxBufferBytes?: number }).maxBufferBytes;
}
afterEach(lift);

function noise(count: number, [height, width, channels]: readonly [number, number, number]): LabelledImages {
  const size = count * height * width * channels;
  const images = Uint8Array.from({ length: size }, (_, i) => pcg4d(3, 0, 0, i)[0] & 255);
  return { images, labels: Array.from({ length: count }, (_, i) => i), count, height, width, channels };
}

/** Inputs and labels of every batch of an epoch, the last, part one included, and the dispatches of one. */
async function epochOf(
  set: LabelledImages,
  perBuffer: number,
  { variants = 1, ...options }: InputOptions & { readonly variants?: number },
): Promise<{ readonly values: Uint8Array[]; readonly buffers: number; readonly dispatches: number }> {
  const { device } = held;
  limitBuffers(Math.ceil((perBuffer * set.height * set.width * set.channels) / 16) * 16);
  const onDevice = new DeviceSet(device, set, { variantsPerImage: variants });
  lift();
  const { epochSize } = onDevice;
  onDevice.permutation.write(permutation(epochSize, 9, streams.shuffle, 0) as Uint32Array<ArrayBuffer>);
  const state = Tensor.zeros(stateSpec, device);
  const { step, outputs } = await program(() => gatherInputs(onDevice, state, options), device).bind();
  const values: Uint8Array[] = [];
  for (let cursor = 0; cursor < epochSize; cursor += options.batch) {
    const words = new Uint32Array(stateSize);
    words[stateWords.cursor] = cursor;
    words[stateWords.epochSize] = epochSize;
    state.write(words);
    step.run();
    for (const tensor of [outputs.x, outputs.y]) {
      const { buffer, byteLength } = await tensor.data();
      // Without what pads the buffer.
      values.push(new Uint8Array(buffer, 0, byteLength));
    }
  }
  const { dispatches } = step.plan;
  for (const resource of [step, onDevice, state, outputs.x, outputs.y]) resource.dispose();
  return { values, buffers: onDevice.columns[0]!.parts.length, dispatches: dispatches.length };
}

describe('inputs', () => {
  const plain = preprocessing();
  it.each<[string, readonly [number, number, number], Parameters<typeof epochOf>[2]]>([
    ['odd rows', [9, 7, 3], { batch: 4, preprocessing: plain }],
    [
      'words',
      [12, 16, 1],
      { batch: 6, preprocessing: preprocessing({ standardise: { mean: 0.3, deviation: 0.2 } }) },
    ],
    ['filters', [13, 14, 1], { batch: 5, preprocessing: preprocessing({ filters: [filters.blur(1)] }) }],
    [
      'augmented, three variants',
      [14, 15, 1],
      {
        batch: 7,
        variants: 3,
        preprocessing: plain,
        augment: augmentedBy({ rotation: 20, zoom: 0.2, horizontalFlip: true }),
      },
    ],
  ])('%s', async (_, shape, options) => {
    const set = noise(13, shape);
    const whole = await epochOf(set, 13, options);
    expect(whole.buffers).toBe(1);
    for (const [perBuffer, buffers] of [
      [1, 13],
      [4, 4],
      [12, 2],
    ] as const) {
      const parts = await epochOf(set, perBuffer, options);
      expect(parts.buffers).toBe(buffers);
      expect(parts.values).toEqual(whole.values);
      expect(parts.dispatches - whole.dispatches).toBe(buffers - 1);
    }
  });
});

it('images that share the pixels of a larger set are gathered on their way to the device', async () => {
  const { images, labels, ...shape } = noise(20, [9, 7, 3]);
  const classNames = Array.from({ length: 20 }, String);
  const whole = new ImageSet({ images, labels: labels as number[], ...shape, classNames });
  const part = whole.select([19, 0, 7, 7, 3, 12, 1]);
  const options = { batch: 4, preprocessing: preprocessing() };
  const parts = await epochOf(part, 3, options);
  expect(parts.buffers).toBe(3);
  // None was made contiguous on the host.
  expect(part.image(0).buffer).toBe(images.buffer);
  const copied = new ImageSet({ ...part, images: part.images.slice() });
  expect(parts.values).toEqual((await epochOf(copied, 7, options)).values);
});

describe('a model', () => {
  // 1024 images of 8×8 fill a buffer: three buffers, the last one in part; the least that the warm-up of kernels takes.
  const limit = 65_536;
  const images = bars(2500);
  const validationData = bars(1100, 2);

  it.each([{ batchSize: 60 }, { batchSize: 60, microBatchSize: 25 }])(
    'trains to the same bits: %o',
    async (sizes) => {
      const found: unknown[] = [];
      for (const bytes of [undefined, limit]) {
        if (bytes !== undefined) limitBuffers(bytes);
        const model = smallModel();
        const { metrics } = await model.fit(images, { ...sizes, seed: 4, validationData });
        found.push([metrics, await weightBits(model)]);
        model.dispose();
      }
      expect(found[1]).toEqual(found[0]);
    },
  );

  it('evaluates and predicts to the same bits', async () => {
    const model = smallModel();
    const expected = [
      await model.evaluate(images, { batchSize: 60 }),
      await model.predict(images, { batchSize: 60 }),
    ];
    limitBuffers(limit);
    expect([
      await model.evaluate(images, { batchSize: 60 }),
      await model.predict(images, { batchSize: 60 }),
    ]).toEqual(expected);
    model.dispose();
  });
});

describe('memory', () => {
  it('is forecast, and limits instead of the buffer', () => {
    const { device } = held;
    const model = smallModel();
    expect(model.parameters.flat.size + model.slots.size).toBeGreaterThan(0);
    limitBuffers(65_536);
    const images = bars(2500);
    device.trim();
    const before = device.allocatedBytes;
    const set = new DeviceSet(device, images);
    expect(forecastEvaluation(model, images, 8).data).toBe(device.allocatedBytes - before);
    set.dispose();
    device.trim();
    expect(addedBytes(forecastEvaluation(model, images, 8))).toBeGreaterThan(2500 * 64);
    const memory = device.allocatedBytes + 2500 * 64;
    expect(() => largestBatch(model, { images }, { batchSize: 8, memory })).toThrow(
      /MiB in total|KiB in total/,
    );
    expect(largestBatch(model, { images }, { batchSize: 8, memory: Infinity })).toBe(8);
    model.dispose();
  });

  it('takes no image that is larger than a buffer', async () => {
    const model = smallModel();
    expect((await model.predict(bars(1))).length).toBe(3);
    limitBuffers(63);
    await expect(model.evaluate(bars(3))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: device: one sample of [8,8,1] takes 64 bytes, more than this device's limit of 48 per buffer; use smaller ones.]`,
    );
  });
});
