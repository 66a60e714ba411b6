/** Pictures made into what the model takes, as `npm run predict` does it. */
import { digitImage } from '../../src/data/digit_image.js';
import { type Picture, fitPicture } from '../../src/data/picture.js';
import { DataError } from '../../src/errors.js';
import { areDigits } from './predicting_classes.js';

/** What decides how a picture is prepared. */
export interface Taken {
  /** [height,width,channels]. */
  readonly inputShape: readonly number[];
  readonly classNames: readonly string[];
}

/**
 * A photograph or file; clothes on white are turned light on dark, as they were learned.
 *
 * Throws: DataError when nothing is drawn on a picture of a digit.
 */
export function preparedPicture(
  picture: Picture,
  { inputShape, classNames }: Taken,
): Uint8Array<ArrayBuffer> {
  const [height, width, channels] = inputShape as [number, number, number];
  if (channels === 1 && areDigits(classNames)) return new Uint8Array(digitImage(picture, { height, width }));
  return new Uint8Array(fitPicture(picture, { height, width, channels, invertLight: true }));
}

/**
 * A drawing: its ink is looked for whatever the classes are. Undefined when nothing is drawn, or so much that there is
 * no background.
 */
export function preparedDrawing(
  picture: Picture,
  { inputShape }: Taken,
): Uint8Array<ArrayBuffer> | undefined {
  const [height, width, channels] = inputShape as [number, number, number];
  try {
    const grey = digitImage(picture, { height, width });
    return Uint8Array.from({ length: grey.length * channels }, (_, i) => grey[Math.floor(i / channels)]!);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
