/**
 * Previews of augmentation and filters (web/worker/data_preview.ts):
 *   bit for bit the bytes of what `gatherInputs` yields for an epoch of these images with as many variants
 *   variants of an image stand side by side; without a recipe they are the images themselves
 *   another seed, other images, another number of them, another recipe and back; nothing is compiled for a recipe twice,
 *   unless many others came between
 *   a recipe out of range is refused, and the next one works
 */
import { describe, expect, it } from 'vitest';
import { ImageSet } from '../../src/data/dataset.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import type { AugmentOptions } from '../../src/kernels/index.js';
import { stateSize, stateWords } from '../../src/kernels/step_state.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { augmentedBy } from '../../src/nn/samples/augmented_inputs.js';
import { gatherInputs } from '../../src/nn/network/inputs.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { pcg4d } from '../../src/random.js';
import { type PreviewRecipe, Previewer } from '../../web/worker/data_preview.js';
import { useDevice } from './device.js';

const held = useDevice();

const [height, width] = [9, 7];
const size = height * width;
/** Bright spots on black, so that a filter or a shift shows. */
function pictures(count: number, seed: number): ImageSet {
  const images = Uint8Array.from({ length: count * size }, (_, i) => {
    const word = pcg4d(seed, 0, 0, i)[0];
    return word % 3 === 0 ? word >>> 24 : 0;
  });
  const labels = new Uint8Array(count);
  return new ImageSet({ images, labels, height, width, channels: 1, classNames: ['spots'] });
}

const everything: PreviewRecipe = {
  augmentation: {
    rotation: 20,
    widthShift: 0.2,
    heightShift: 0.1,
    zoom: 0.2,
    horizontalFlip: true,
    brightness: 0.3,
    contrast: 0.3,
    fill: 'constant',
    fillValue: 0.5,
    erasing: { probability: 0.7, value: 'noise' },
  },
  filters: [filters.blur(2), filters.sharpen()],
};

/** The training's own inputs for the first epoch, one image after the other; the batch goes through all variants. */
async function inputsOfTraining(
  images: ImageSet,
  recipe: PreviewRecipe,
  { seed, variants }: { readonly seed: number; readonly variants: number },
): Promise<number[]> {
  const set = new DeviceSet(held.device, images, { variantsPerImage: variants });
  const words = new Uint32Array(stateSize);
  words[stateWords.seed] = seed;
  words[stateWords.epochSize] = set.epochSize;
  const state = Tensor.from(words, [stateSize], held.device);
  const options = {
    batch: set.epochSize,
    preprocessing: preprocessing({ filters: recipe.filters }),
    augment: augmentedBy(recipe.augmentation),
  };
  const values = await program(() => gatherInputs(set, state, options).x, held.device)
    .call()
    .data();
  const { count } = images;
  return Array.from({ length: count * variants * size }, (_, i) => {
    const [place, pixel] = [Math.floor(i / size), i % size];
    const sample = (place % variants) * count + Math.floor(place / variants);
    return Math.min(255, Math.max(0, Math.round(255 * values[sample * size + pixel]!)));
  });
}

describe('previews', () => {
  it('are the inputs of a training on these images', async () => {
    const previewer = new Previewer(held.device);
    const check = async (images: ImageSet, recipe: PreviewRecipe, seed: number, variants: number) => {
      const found = await previewer.run(images, recipe, { seed, variants });
      expect([...found]).toEqual(await inputsOfTraining(images, recipe, { seed, variants }));
      return found;
    };
    const three = pictures(3, 1);
    const first = await check(three, everything, 5, 4);
    expect(await check(three, everything, 6, 4)).not.toEqual(first);
    expect(await check(pictures(3, 2), everything, 5, 4)).not.toEqual(first);
    await check(pictures(2, 1), everything, 5, 1);
    await check(three, { augmentation: { rotation: 3 }, filters: [] }, 5, 4);
    await check(three, { augmentation: null, filters: [filters.blur(1)] }, 5, 4);
    expect(await check(three, everything, 5, 4)).toEqual(first);
    previewer.dispose();
  });

  it('show an image with its variants side by side, and as it is without a recipe', async () => {
    const previewer = new Previewer(held.device);
    const images = pictures(2, 3);
    const found = await previewer.run(images, { augmentation: null, filters: [] }, { seed: 1, variants: 3 });
    const expected = [0, 0, 0, 1, 1, 1].flatMap((index) => [...images.image(index)]);
    expect([...found]).toEqual(expected);
    previewer.dispose();
  });

  it('compile a recipe once', async () => {
    const previewer = new Previewer(held.device);
    const images = pictures(3, 1);
    const compiled = async (recipe: PreviewRecipe, seed: number): Promise<number> => {
      const before = held.device.counters.pipelinesCreated;
      await previewer.run(images, recipe, { seed, variants: 2 });
      return held.device.counters.pipelinesCreated - before;
    };
    const turned: PreviewRecipe = { augmentation: { rotation: 33 }, filters: [] };
    expect(await compiled(turned, 1)).toBeGreaterThan(0);
    expect(await compiled(turned, 2)).toBe(0);
    // Another angle is another number, another way to fill the edges another kernel.
    expect(await compiled({ ...turned, augmentation: { rotation: 34 } }, 2)).toBe(0);
    expect(await compiled({ ...turned, augmentation: { rotation: 34, fill: 'wrap' } }, 2)).toBe(1);
    expect(await compiled(turned, 3)).toBe(0);
    previewer.dispose();
  });

  it('keep the kernels of the last recipes only', async () => {
    const previewer = new Previewer(held.device, 3);
    type Fill = NonNullable<AugmentOptions['fill']>;
    const compiled = async (fill: Fill): Promise<number> => {
      const before = held.device.counters.pipelinesCreated;
      const recipe = { augmentation: { rotation: 5, fill }, filters: [] };
      await previewer.run(pictures(3, 1), recipe, { seed: 1, variants: 2 });
      return held.device.counters.pipelinesCreated - before;
    };
    const fills: Fill[] = ['nearest', 'constant', 'reflect', 'wrap'];
    for (const fill of fills) await compiled(fill);
    // The first one is forgotten, but for the kernels that the others have too.
    const again: number[] = [];
    for (const fill of ['reflect', 'constant', 'nearest', 'wrap'] as const) again.push(await compiled(fill));
    expect(again).toEqual([0, 0, 1, 1]);
    previewer.dispose();
  });

  it('refuse a recipe out of range, and continue', async () => {
    const previewer = new Previewer(held.device);
    const images = pictures(2, 1);
    const run = (rotation: number) =>
      previewer.run(images, { augmentation: { rotation }, filters: [] }, { seed: 1, variants: 1 });
    await expect(run(270)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: augment: rotation is 270, expected a number from 0 to 180.]`,
    );
    expect(await run(27)).toHaveLength(2 * size);
    previewer.dispose();
  });
});
