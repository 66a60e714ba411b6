/** Training images next to their filtered and augmented variants, which are what the model sees. */
import type { ImageSet } from '../data/dataset.js';
import { type AugmentOptions, image } from '../kernels/index.js';
import type { Preprocessing } from '../nn/samples/preprocessing.js';
import type { AugmentedSamples, Picture } from '../report/evaluation_file.js';
import { pictureOf, takePictures, tensorOf } from './pictures.js';
import { describeAugmentation } from './recipe.js';

const rowCount = 6;

export interface SampleOptions {
  /** Selects the images and seeds the augmentation. */
  readonly seed: number;
  /** The epoch of the first variant, from 0; each further variant is of the next epoch. */
  readonly firstEpoch?: number;
  readonly variants?: number;
}

/** Six images with `variants` (default 5) augmented variants each. */
export async function augmentedSamples(
  images: ImageSet,
  { filters }: Pick<Preprocessing, 'filters'>,
  augmentation: AugmentOptions,
  { seed, firstEpoch = 0, variants: variantCount = 5 }: SampleOptions,
): Promise<AugmentedSamples> {
  const shown = images.take(Math.min(rowCount, images.count), { seed });
  let filtered = tensorOf(shown);
  for (const { kernel, iterations } of filters) {
    const before = filtered;
    filtered = image.filter2d(before, kernel, { iterations });
    before.dispose();
  }
  const variants: Picture[][] = [];
  for (let i = 0; i < variantCount; i++) {
    const y = image.augment(filtered, augmentation, { seed, epoch: firstEpoch + i });
    variants.push(await takePictures(y, shown));
  }
  filtered.dispose();
  return {
    recipe: describeAugmentation(augmentation),
    rows: Array.from({ length: shown.count }, (_, i) => ({
      original: pictureOf(shown, i),
      variants: variants.map((pictures) => pictures[i]!),
    })),
  };
}
