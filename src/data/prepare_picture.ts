/** Prepares a picture as the pictures of a model: the same for training and prediction. */
import type { ImageShape } from './dataset.js';
import { digitImage } from './digit_image.js';
import { type Picture, fitPicture } from './picture.js';
import type { PicturePreparation } from '../picture_preparation.js';

/**
 * Shapes: → [height,width,channels], bytes. A picture of one digit is grey: with 3 channels, each has the same values.
 *
 * Throws: UsageError when the model takes neither 1 nor 3 channels; DataError when the pixels do not fill the picture, or `fit`
 * is 'digit' and nothing is drawn on it.
 */
export function preparePicture(
  picture: Picture,
  { height, width, channels }: ImageShape,
  { fit, box, centre, ...others }: PicturePreparation,
): Uint8Array {
  if (fit !== 'digit') return fitPicture(picture, { height, width, channels, fit, ...others });
  const { polarity, background } = others;
  const isInverted = polarity === 'darkOnLight';
  const ink = digitImage(isInverted ? inverted(picture) : picture, {
    height,
    width,
    background: isInverted ? inverseOf(background) : background,
    ...(box === undefined ? {} : { box }),
    ...(centre === undefined ? {} : { centre }),
  });
  const grey = isInverted ? ink.map((value) => 255 - value) : ink;
  if (channels === 1) return grey;
  return Uint8Array.from({ length: grey.length * channels }, (_, i) => grey[Math.floor(i / channels)]!);
}

/** The negative of the colours, so that a picture in the style of the model is kept as it is. */
function inverted({ data, channels, ...size }: Picture): Picture {
  const isAlpha = (i: number): boolean => channels % 2 === 0 && i % channels === channels - 1;
  return { ...size, channels, data: data.map((value, i) => (isAlpha(i) ? value : 255 - value)) };
}

function inverseOf(colour: string): string {
  const value = 0xffffff - Number.parseInt(colour.slice(1), 16);
  return `#${value.toString(16).padStart(6, '0')}`;
}
