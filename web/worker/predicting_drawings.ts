/** Converts drawings to the model's input. */
import { digitImage } from '../../src/data/digit_image.js';
import type { Picture } from '../../src/data/picture.js';
import type { PicturePreparation } from '../../src/picture_preparation.js';
import { DataError } from '../../src/errors.js';

/** The properties of a model that decide how a picture is prepared. */
export interface InputFormat {
  /** [height,width,channels]. */
  readonly inputShape: readonly number[];
  readonly classNames: readonly string[];
  readonly pictures: PicturePreparation | undefined;
}

/**
 * Prepares a drawing like a digit, whatever the model's classes are. Undefined if nothing is drawn, or so much that there is
 * no background.
 */
export function preparedDrawing(
  picture: Picture,
  { inputShape, pictures }: InputFormat,
): Uint8Array<ArrayBuffer> | undefined {
  const [height, width, channels] = inputShape as [number, number, number];
  const { box, centre, polarity } = pictures ?? {};
  const framing = { ...(box !== undefined && { box }), ...(centre && { centre }) };
  try {
    const ink = digitImage(picture, { height, width, ...framing });
    const grey = polarity === 'darkOnLight' ? ink.map((value) => 255 - value) : ink;
    return Uint8Array.from({ length: grey.length * channels }, (_, i) => grey[Math.floor(i / channels)]!);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
