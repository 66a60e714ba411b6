/** Chooses the preparation of pictures by what the images of a data set look like. */
import type { ImageSet } from './dataset.js';
import { centreOfMass } from './digit_image.js';
import { type PicturePreparation, type Polarity, plainPreparation, white } from '../picture_preparation.js';

/** Images that are looked at, spread evenly over the set. */
const mostSeen = 500;
/** The share of them that must agree. */
const mostOf = 0.9;
/** Mean of a plain border: that of MNIST is at most 8.4. */
const plainShade = 16;
/** Fainter pixels are not ink: compression and interpolation leave some. */
const faintest = 24;
/** The ink of a framed digit takes at most this share of the side; clothes fill the image. */
const widestInk = 0.9;

/**
 * How pictures should be prepared for a model of these images:
 *   their borders are all black, or all white       pictures with the opposite border are inverted
 *   and their ink fills boxes of one size, centred  pictures are framed like that, as digits
 *   anything else, such as photographs              contained, with their own shades
 *
 * In MNIST the longer side of the ink is 20 of 28 pixels and the centre of mass is in the middle; in EMNIST it is 24, and the
 * middle is that of the box. Measured by share of the images that agree within a pixel; see test/unit/choose_preparation.test.ts.
 */
export function preparationFor(images: ImageSet): PicturePreparation {
  const { channels, count } = images;
  const seen = Math.min(mostSeen, count);
  if (channels !== 1 || seen === 0) return plainPreparation;
  const sample = Array.from({ length: seen }, (_, i) => images.image(Math.floor((i * count) / seen)));
  const polarity = polarityOf(sample, images);
  if (polarity === 'any') return plainPreparation;
  const plain = { fit: 'contain', polarity, background: white } as const;
  const light = polarity === 'lightOnDark' ? sample : sample.map((image) => image.map((v) => 255 - v));
  return { ...plain, ...framingOf(light, images) };
}

/** For models saved before they kept their preparation: grey images of ten digits are framed as in MNIST. */
export function earlierPreparation(model: {
  readonly channels: number;
  readonly classNames: readonly string[];
}): PicturePreparation {
  const areDigits =
    model.classNames.length === 10 && model.classNames.every((name, label) => name === String(label));
  return model.channels === 1 && areDigits
    ? { fit: 'digit', polarity: 'lightOnDark', background: white }
    : plainPreparation;
}

type Size = Pick<ImageSet, 'height' | 'width'>;

function polarityOf(sample: readonly Uint8Array[], { height, width }: Size): Polarity {
  const borders = sample.map((image) => {
    const border = image.filter((_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return x === 0 || y === 0 || x === width - 1 || y === height - 1;
    });
    return border.reduce((sum, value) => sum + value, 0) / border.length;
  });
  const share = (accepts: (mean: number) => boolean): number =>
    borders.filter(accepts).length / borders.length;
  if (share((mean) => mean < plainShade) >= mostOf) return 'lightOnDark';
  return share((mean) => mean > 255 - plainShade) >= mostOf ? 'darkOnLight' : 'any';
}

interface Ink {
  /** The longer side of its box. */
  readonly side: number;
  /** Whether the middle of the image is within a pixel of its centre of mass, and of its box. */
  readonly isCentred: Readonly<Record<'mass' | 'box', boolean>>;
}

/** The common framing of the ink; nothing if there is none. */
function framingOf(sample: readonly Uint8Array[], size: Size): Partial<PicturePreparation> {
  const inks = sample.flatMap((image) => inkOf(image, size) ?? []);
  if (inks.length < mostOf * sample.length) return {};
  const sides = inks.map(({ side }) => side).sort((a, b) => a - b);
  const box = sides[sides.length >> 1]!;
  const share = (accepts: (ink: Ink) => boolean): number => inks.filter(accepts).length / inks.length;
  if (box > widestInk * Math.min(size.height, size.width)) return {};
  if (share(({ side }) => Math.abs(side - box) <= 1) < mostOf) return {};
  for (const centre of ['mass', 'box'] as const)
    if (share(({ isCentred }) => isCentred[centre]) >= mostOf) return { fit: 'digit', box, centre };
  return {};
}

function inkOf(image: Uint8Array, { height, width }: Size): Ink | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0];
  image.forEach((value, i) => {
    if (value < faintest) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
  });
  if (right === 0) return undefined;
  const mass = centreOfMass({ values: Float32Array.from(image), width });
  const isNear = (x: number, y: number): boolean =>
    Math.abs(x - width / 2) <= 1 && Math.abs(y - height / 2) <= 1;
  return {
    side: Math.max(right - left, bottom - top),
    isCentred: { mass: isNear(mass.x, mass.y), box: isNear((left + right) / 2, (top + bottom) / 2) },
  };
}
