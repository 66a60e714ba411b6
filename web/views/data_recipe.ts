/** Converts between slider values and augmentation with filters. */
import type { AugmentOptions } from '../../src/augment_options.js';
import { type Filter, filters as named } from '../../src/nn/samples/preprocessing.js';
import type { Settings } from '../protocol.js';

/** The settings that the sliders control. */
export type ImageRecipe = Pick<Settings, 'augmentation' | 'filters'>;

export type Fill = NonNullable<AugmentOptions['fill']>;

export interface SliderValues {
  /** Shares of width and height, in either direction. */
  readonly widthShift: number;
  readonly heightShift: number;
  /** Degrees, in either direction. */
  readonly rotation: number;
  /** Factors are 1 ± this; likewise for the two below. */
  readonly zoom: number;
  readonly brightness: number;
  readonly contrast: number;
  /** The share of the images with an erased rectangle. */
  readonly erasing: number;
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly fill: Fill;
  /** Number of times that the 3×3 filters are applied. */
  readonly blur: number;
  readonly sharpen: number;
  /** Options of the recipe without a slider. */
  readonly others: AugmentOptions;
}

export const untouched: SliderValues = {
  widthShift: 0,
  heightShift: 0,
  rotation: 0,
  zoom: 0,
  brightness: 0,
  contrast: 0,
  erasing: 0,
  horizontalFlip: false,
  verticalFlip: false,
  fill: 'nearest',
  blur: 0,
  sharpen: 0,
  others: {},
};

/** Zoom limits become the wider of the two directions; filters without a slider are dropped. */
export function valuesOf({ augmentation, filters }: ImageRecipe): SliderValues {
  const {
    rotation = 0,
    widthShift = 0,
    heightShift = 0,
    zoom = 0,
    horizontalFlip = false,
    verticalFlip = false,
    fill = 'nearest',
    brightness = 0,
    contrast = 0,
    ...others
  } = augmentation ?? {};
  const passes = (name: Filter['name']): number =>
    filters.reduce((sum, filter) => sum + (filter.name === name ? filter.iterations : 0), 0);
  return {
    rotation,
    widthShift,
    heightShift,
    zoom: typeof zoom === 'number' ? zoom : Math.min(0.99, Math.max(1 - zoom[0], zoom[1] - 1)),
    horizontalFlip,
    verticalFlip,
    fill,
    brightness,
    contrast,
    erasing: others.erasing ? (others.erasing.probability ?? 0.5) : 0,
    blur: passes('blur'),
    sharpen: passes('sharpen'),
    others,
  };
}

/** Contains only active options; null if there are none. Blur comes before sharpen. */
export function recipeOf({ blur, sharpen, others, erasing, fill, ...values }: SliderValues): ImageRecipe {
  const { erasing: details, ...rest } = others;
  const moves = [values.widthShift, values.heightShift, values.rotation, values.zoom];
  const augmentation: AugmentOptions = {
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0 && value !== false)),
    ...(fill !== 'nearest' && moves.some((value) => value > 0) ? { fill } : {}),
    ...(erasing > 0 ? { erasing: { ...details, probability: erasing } } : {}),
    ...rest,
  };
  return {
    augmentation: Object.keys(augmentation).length === 0 ? null : augmentation,
    filters: [...(blur > 0 ? [named.blur(blur)] : []), ...(sharpen > 0 ? [named.sharpen(sharpen)] : [])],
  };
}

/** Whether two recipes change images in the same way. */
export function areAlike(one: ImageRecipe, other: ImageRecipe): boolean {
  const written = (recipe: ImageRecipe): string => {
    const { augmentation, filters } = recipeOf(valuesOf(recipe));
    const parts = Object.entries(augmentation ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify([parts, filters]);
  };
  return written(one) === written(other);
}
