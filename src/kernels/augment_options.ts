/** What augmentation can be asked to do. Needs nothing of the engine, so that forms and addresses can be checked, too. */
import { UsageError } from '../errors.js';

/** What may lie outside an image. */
export const fills = ['nearest', 'constant', 'reflect', 'wrap'] as const;

export interface ErasingOptions {
  /** Share of the images; default 0.5. */
  readonly probability?: number;
  /** Least and largest share of the image's area; default [0.02, 0.4]. */
  readonly area?: readonly [number, number];
  /** Height over width lies between this and its inverse; default 0.3. */
  readonly aspect?: number;
  /** What is put there: a value from 0 (black) to 1 (white), or noise. Default 0. */
  readonly value?: number | 'noise';
}

/** All off by default. */
export interface AugmentOptions {
  /** Degrees, either way; at most 180. Beyond 45 a 6 is as likely a 9. */
  readonly rotation?: number;
  /** Share of the width, either way. */
  readonly widthShift?: number;
  /** Share of the height, either way. */
  readonly heightShift?: number;
  /** z: factors from 1 − z to 1 + z; or their limits. Height and width draw their own; above 1 the object shrinks. */
  readonly zoom?: number | readonly [number, number];
  readonly horizontalFlip?: boolean;
  readonly verticalFlip?: boolean;
  /** What lies outside the image for rotation, shift and zoom. Default 'nearest'. */
  readonly fill?: (typeof fills)[number];
  /** With fill 'constant': from 0 (black) to 1 (white). Default 0. */
  readonly fillValue?: number;
  /** Pixels of black padding, of which a random crop of the image's size is taken. */
  readonly padAndCrop?: number;
  /** b: values are multiplied by a factor from 1 − b to 1 + b. */
  readonly brightness?: number;
  /** c: distances from the image's mean are multiplied by a factor from 1 − c to 1 + c. */
  readonly contrast?: number;
  readonly erasing?: ErasingOptions;
}

/** Throws: UsageError that names the option, what it is and what was expected. */
export function checkAugmentOptions(options: AugmentOptions): void {
  const expect = (name: string, value: unknown, isRight: boolean, expected: string): void => {
    if (!isRight) throw new UsageError(`augment: ${name} is ${String(value)}, expected ${expected}.`);
  };
  const within = (name: string, value: number | undefined, least: number, most: number): void =>
    expect(
      name,
      value,
      value === undefined || (value >= least && value <= most),
      `a number from ${least} to ${most}`,
    );
  const { zoom, fill, padAndCrop, erasing } = options;
  within('rotation', options.rotation, 0, 180);
  within('widthShift', options.widthShift, 0, 1);
  within('heightShift', options.heightShift, 0, 1);
  within('fillValue', options.fillValue, 0, 1);
  within('brightness', options.brightness, 0, 1);
  within('contrast', options.contrast, 0, 1);
  if (typeof zoom === 'number') expect('zoom', zoom, zoom >= 0 && zoom < 1, 'a number from 0 to below 1');
  else if (zoom !== undefined) {
    const [low, high] = zoom;
    expect(
      'zoom',
      `[${zoom.join(',')}]`,
      low >= 0.01 && low <= high && high <= 100,
      'two numbers, 0.01 ≤ low ≤ high ≤ 100',
    );
  }
  expect('fill', fill, fill === undefined || fills.includes(fill), `one of ${fills.join(', ')}`);
  const isCount =
    padAndCrop === undefined || (Number.isInteger(padAndCrop) && padAndCrop >= 0 && padAndCrop <= 65_535);
  expect('padAndCrop', padAndCrop, isCount, 'a whole number from 0 to 65535');
  if (!erasing) return;
  within('erasing.probability', erasing.probability, 0, 1);
  within('erasing.aspect', erasing.aspect, 0.01, 1);
  if (erasing.area) {
    const [low, high] = erasing.area;
    const isRight = low >= 0 && low <= high && high <= 1;
    expect('erasing.area', `[${erasing.area.join(',')}]`, isRight, 'two numbers, 0 ≤ low ≤ high ≤ 1');
  }
  if (erasing.value !== 'noise') within('erasing.value', erasing.value, 0, 1);
}
