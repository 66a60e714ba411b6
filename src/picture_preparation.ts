/** How pictures become the images that a model takes: a part of the model, saved with it. */
import type { Leaf } from './json_reader.js';
import { type Rule, rule } from './options.js';

/**
 * How a picture takes the size of an image:
 *   digit    its ink is found, scaled and centred, as the images of MNIST were made (`digitImage`)
 *   contain  the whole picture, centred; the rest has the colour of the picture's border
 *   cover    as large as needed to fill the image; what hangs over is cut off on both sides
 *   stretch  to the width and height of the image, whatever the proportions of the picture
 */
export const pictureFits = ['digit', 'contain', 'cover', 'stretch'] as const;
export type PictureFit = (typeof pictureFits)[number];

/**
 * The ground that the model knows: `any` keeps pictures as they are; the others invert pictures with a border of the opposite
 * shade, such as photographs of clothes on white for a model of clothes on black.
 */
export const polarities = ['any', 'lightOnDark', 'darkOnLight'] as const;
export type Polarity = (typeof polarities)[number];

/** Where `digit` puts the ink: its centre of mass in the middle, as in MNIST, or its bounding box, as in EMNIST. */
export const inkCentres = ['mass', 'box'] as const;
export type InkCentre = (typeof inkCentres)[number];

export interface PicturePreparation {
  readonly fit: PictureFit;
  readonly polarity: Polarity;
  /** The colour behind transparent pixels, `#rrggbb`. */
  readonly background: string;
  /** For `digit`: the longer side of the ink in pixels. Default: 20 of 28, in proportion. */
  readonly box?: number;
  /** For `digit`. Default 'mass'. */
  readonly centre?: InkCentre;
}

export const white = '#ffffff';
export const black = '#000000';

/** Keeps pictures as they are, apart from their size. */
export const plainPreparation: PicturePreparation = { fit: 'contain', polarity: 'any', background: white };

const isColour = (value: unknown): boolean => typeof value === 'string' && /^#[\da-f]{6}$/i.test(value);

export const colourRule = (): Rule => rule("a colour such as '#ffffff'", isColour);

/** For options, and for the members of JSON files. */
/* @__NO_SIDE_EFFECTS__ */
export function preparationRule(): Leaf<PicturePreparation> {
  return rule("a preparation such as { fit: 'contain', polarity: 'any', background: '#ffffff' }", (value) => {
    const { fit, polarity, background, box, centre } = Object(value) as Record<string, unknown>;
    return (
      isOneOf(pictureFits, fit) &&
      isOneOf(polarities, polarity) &&
      isColour(background) &&
      (box === undefined || (Number.isInteger(box) && (box as number) > 0)) &&
      (centre === undefined || isOneOf(inkCentres, centre))
    );
  });
}

const isOneOf = (values: readonly string[], value: unknown): boolean => values.includes(value as string);
