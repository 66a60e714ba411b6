/** Converts pictures to the model's input, as `npm run predict` does. */
import { digitImage } from '../../src/data/digit_image.js';
import { type Picture, fitPicture } from '../../src/data/picture.js';
import { DataError } from '../../src/errors.js';
import { areDigits } from './predicting_classes.js';

/** The properties of a model that decide how a picture is prepared. */
export interface InputFormat {
  /** [height,width,channels]. */
  readonly inputShape: readonly number[];
  readonly classNames: readonly string[];
}

/**
 * Prepares a photograph. Pictures on a light background are inverted, since the training images are light on dark.
 *
 * Throws: DataError if a picture of a digit is blank.
 */
export function preparedPicture(
  picture: Picture,
  { inputShape, classNames }: InputFormat,
): Uint8Array<ArrayBuffer> {
  const [height, width, channels] = inputShape as [number, number, number];
  if (channels === 1 && areDigits(classNames)) return new Uint8Array(digitImage(picture, { height, width }));
  return new Uint8Array(fitPicture(picture, { height, width, channels, invertLight: true }));
}

/**
 * Prepares a drawing like a digit, whatever the model's classes are. Undefined if nothing is drawn, or so much that there is
 * no background.
 */
export function preparedDrawing(
  picture: Picture,
  { inputShape }: InputFormat,
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
