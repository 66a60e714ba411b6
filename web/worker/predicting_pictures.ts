/** Converts pictures to the model's input, as `npm run predict` does. */
import { earlierPreparation } from '../../src/data/choose_preparation.js';
import type { Picture } from '../../src/data/picture.js';
import { preparePicture } from '../../src/data/prepare_picture.js';
import type { InputFormat } from './predicting_drawings.js';

/** Throws: DataError if a picture of a digit is blank. */
export function preparedPicture(
  picture: Picture,
  { inputShape, classNames, pictures }: InputFormat,
): Uint8Array<ArrayBuffer> {
  const [height, width, channels] = inputShape as [number, number, number];
  const preparation = pictures ?? earlierPreparation({ channels, classNames });
  return new Uint8Array(preparePicture(picture, { height, width, channels }, preparation));
}
