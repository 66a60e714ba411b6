/** Pictures beside maps of what mattered in them, such as those of Grad-CAM. */
import { checkCall } from '../../calls.js';
import { UsageError } from '../../errors.js';
import { type Rules, fn, list, required, rule, text } from '../../options.js';
import type { Picture } from '../evaluation_file.js';
import type { EncodePng } from './picture.js';
import { pictureTable } from './picture_table.js';
import type { Drawing } from './svg.js';

export interface ExplainedPicture {
  readonly picture: Picture;
  /** One value per pixel, or one per pixel and channel, of which the one of the largest magnitude counts. */
  readonly values: ArrayLike<number>;
  /** Such as the explained class. */
  readonly label: string;
}

export interface HeatMapOptions {
  readonly title: string;
  readonly images: readonly ExplainedPicture[];
  readonly encode: EncodePng;
}

const rules = (): Rules<HeatMapOptions> => ({
  title: required(text),
  images: required(
    list(
      'a list of pictures with values',
      rule('a picture with values and a label', (value) => {
        const { picture, values, label } = (value ?? {}) as Partial<ExplainedPicture>;
        return typeof picture === 'object' && values !== undefined && typeof label === 'string';
      }),
    ),
  ),
  encode: required(fn),
});

/**
 * A row per picture: the picture, then its values as colours over the darkened picture, red for positive and blue for negative
 * ones, relative to the largest magnitude in it.
 *
 * Throws: UsageError for values that do not fit their picture.
 */
export function heatMapChart(options: HeatMapOptions): Drawing {
  checkCall('charts.heatMaps', options, rules);
  const { title, images, encode } = options;
  return pictureTable({
    title,
    columns: [
      { label: 'image', count: 1 },
      { label: 'map', count: 1 },
    ],
    rows: images.map(({ picture, values, label }) => ({
      label,
      pictures: [picture, heated(picture, values)],
    })),
    encode,
  });
}

/** The share of the picture's brightness that remains where the value is 0. */
const dimmed = 0.5;

function heated(picture: Picture, values: ArrayLike<number>): Picture {
  const { data, width, height, channels } = picture;
  const pixels = width * height;
  const perPixel = values.length / pixels;
  if (!Number.isInteger(perPixel) || perPixel === 0)
    throw new UsageError(
      `charts.heatMaps: there are ${values.length} values for a picture of ${width}×${height}, expected one per pixel, or one per pixel and channel.`,
    );
  const strongest = Array.from({ length: pixels }, (_, pixel) => {
    const own = Array.from({ length: perPixel }, (__, i) => values[pixel * perPixel + i]!);
    return own.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best));
  });
  const largest = strongest.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const result = new Uint8Array(pixels * 3);
  strongest.forEach((value, pixel) => {
    const heat = largest === 0 ? 0 : value / largest;
    const strength = Math.abs(heat);
    for (let i = 0; i < 3; i++) {
      const grey = dimmed * data[pixel * channels + (channels === 3 ? i : 0)]!;
      // Red and some yellow for what speaks for the class, blue for what speaks against it.
      const colour = heat >= 0 ? [255, 255 * strength * 0.6, 0][i]! : [40, 110, 255][i]!;
      result[pixel * 3 + i] = Math.round((1 - strength) * grey + strength * colour);
    }
  });
  return { data: result, width, height, channels: 3 };
}
