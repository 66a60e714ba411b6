/** Training images beside what filters and augmentation make of them, as the model sees them. */
import type { ImageSet } from '../data/dataset.js';
import { Tensor } from '../engine/tensor.js';
import { type AugmentOptions, image } from '../kernels/index.js';
import type { Preprocessing } from '../nn/preprocessing.js';
import type { AugmentedSamples, Picture } from '../report/evaluation_file.js';
import { describeAugmentation } from './recipe.js';

const rowCount = 6;

export interface SampleOptions {
  /** Chooses the images, and keys the draws. */
  readonly seed: number;
  /** The variants are those of this epoch and the following ones, from 0. */
  readonly firstEpoch?: number;
  readonly variants?: number;
}

/** Six images, with five variants each by default. */
export async function augmentedSamples(
  images: ImageSet,
  { filters }: Pick<Preprocessing, 'filters'>,
  augmentation: AugmentOptions,
  { seed, firstEpoch = 0, variants: variantCount = 5 }: SampleOptions,
): Promise<AugmentedSamples> {
  const shown = images.take(Math.min(rowCount, images.count), { seed });
  const { count, height, width, channels } = shown;
  const shape = [count, height, width, channels];
  const x = Tensor.from(
    Float32Array.from(shown.images, (byte) => byte / 255),
    shape,
  );
  const filtered = filters.reduce(
    (y, { kernel, iterations }) => image.filter2d(y, kernel, { iterations }),
    x,
  );
  const variants: Float32Array[] = [];
  for (let i = 0; i < variantCount; i++) {
    const y = image.augment(filtered, augmentation, { seed, epoch: firstEpoch + i });
    variants.push((await y.data()) as Float32Array);
    y.dispose();
  }
  x.dispose();
  filtered.dispose();
  const size = height * width * channels;
  const picture = (data: Uint8Array): Picture => ({ data, width, height, channels: channels === 3 ? 3 : 1 });
  const bytes = (values: Float32Array, i: number): Uint8Array =>
    Uint8Array.from(values.subarray(i * size, (i + 1) * size), (value) =>
      Math.round(255 * Math.min(1, Math.max(0, value))),
    );
  return {
    recipe: describeAugmentation(augmentation),
    rows: Array.from({ length: count }, (_, i) => ({
      original: picture(shown.image(i)),
      variants: variants.map((values) => picture(bytes(values, i))),
    })),
  };
}
