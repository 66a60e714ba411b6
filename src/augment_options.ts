/** Options of augmentation. Independent of the engine, so that forms and URLs can be checked with them. */
import {
  type Rules,
  belowOne,
  checkOptions,
  either,
  flag,
  integer,
  limits,
  nested,
  oneOf,
  within,
} from './options.js';

/** How to fill pixels outside the image. */
export const fills = ['nearest', 'constant', 'reflect', 'wrap'] as const;

export interface ErasingOptions {
  /** Share of the images; default 0.5. */
  readonly probability?: number;
  /** Least and largest share of the image's area; default [0.02, 0.4]. */
  readonly area?: readonly [number, number];
  /** Height over width lies between this and its inverse; default 0.3. */
  readonly aspect?: number;
  /** Fill value from 0 (black) to 1 (white), or noise. Default 0. */
  readonly value?: number | 'noise';
}

/** All off by default. */
export interface AugmentOptions {
  /** Degrees in either direction, at most 180. Beyond 45, digits become ambiguous (6 and 9). */
  readonly rotation?: number;
  /** Share of the width, in either direction. */
  readonly widthShift?: number;
  /** Share of the height, in either direction. */
  readonly heightShift?: number;
  /** z: factors from 1 − z to 1 + z, or their limits. Height and width are drawn separately; factors above 1 shrink the object. */
  readonly zoom?: number | readonly [number, number];
  readonly horizontalFlip?: boolean;
  readonly verticalFlip?: boolean;
  /** How rotation, shift and zoom fill pixels outside the image. Default 'nearest'. */
  readonly fill?: (typeof fills)[number];
  /** With fill 'constant': from 0 (black) to 1 (white). Default 0. */
  readonly fillValue?: number;
  /** Pixels of black padding before a random crop to the size of the image. */
  readonly padAndCrop?: number;
  /** b: values are multiplied by a factor from 1 − b to 1 + b. */
  readonly brightness?: number;
  /** c: distances from the image's mean are multiplied by a factor from 1 − c to 1 + c. */
  readonly contrast?: number;
  readonly erasing?: ErasingOptions;
}

const erasingRules = (): Rules<ErasingOptions> => ({
  probability: within(0, 1),
  area: limits('two numbers, 0 ≤ low ≤ high ≤ 1', 0, 1),
  aspect: within(0.01, 1),
  value: either(within(0, 1), oneOf(['noise'])),
});

export const augmentRules = (): Rules<AugmentOptions> => ({
  rotation: within(0, 180),
  widthShift: within(0, 1),
  heightShift: within(0, 1),
  zoom: either(belowOne, limits('two numbers, 0.01 ≤ low ≤ high ≤ 100', 0.01, 100)),
  horizontalFlip: flag,
  verticalFlip: flag,
  fill: oneOf(fills),
  fillValue: within(0, 1),
  padAndCrop: integer(0, 65_535),
  brightness: within(0, 1),
  contrast: within(0, 1),
  erasing: nested(erasingRules()),
});

/** Throws: UsageError with the option, its value and what was expected. */
export function checkAugmentOptions(options: AugmentOptions): void {
  checkOptions('augment', options, augmentRules());
}
