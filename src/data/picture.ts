/**
 * Converts any picture to the input of a model: its size, greyscale or colour.
 *
 * For pictures of digits, see `digitImage`, which finds the ink.
 */
import { checkCall } from '../calls.js';
import { DataError, UsageError } from '../errors.js';
import { pictureRules } from '../image_values.js';
import { type Rules, count, oneOf, required } from '../options.js';
import {
  type PictureFit,
  type PicturePreparation,
  colourRule,
  pictureFits,
  polarities,
  white,
} from '../picture_preparation.js';
import { type Plane, resizeTo } from './resample.js';

/** Pixels in rows from the top, channels last: grey, grey + alpha, RGB or RGBA. */
export interface Picture {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

export interface FitPictureOptions extends Partial<Pick<PicturePreparation, 'polarity' | 'background'>> {
  readonly height: number;
  readonly width: number;
  /** 1 grey, 3 RGB. */
  readonly channels: number;
  /** Default 'contain'. */
  readonly fit?: Exclude<PictureFit, 'digit'>;
}

const rules = (): Rules<FitPictureOptions> => ({
  height: required(count),
  width: required(count),
  channels: required(count),
  fit: oneOf(pictureFits.filter((fit) => fit !== 'digit')),
  polarity: oneOf(polarities),
  background: colourRule(),
});

/** Throws: DataError when the number of pixels does not match the size. */
export function checkPicture(who: string, { data, width, height, channels }: Picture): void {
  const bytes = width * height * channels;
  if (bytes < 1 || data.length !== bytes) {
    throw new DataError(
      `${who}: a picture of ${width}×${height} with ${channels} channels needs ${bytes} bytes, but there are ${data.length}.`,
    );
  }
}

/**
 * Converts size and colour: area averaging down, bilinear up, by `fit`. `contain`, the default, shows the whole picture in
 * the middle, and fills the rest with the colour of its border. Transparent pixels show the background, white by default.
 *
 * Shapes: [h,w,c] → [height,width,channels]. A picture that already fits keeps its bytes.
 * Throws: UsageError when the model takes neither 1 nor 3 channels; DataError when the pixels do not fill the picture.
 */
export function fitPicture(picture: Picture, options: FitPictureOptions): Uint8Array {
  checkCall('fitPicture', picture, pictureRules);
  checkCall('fitPicture', options, rules);
  const { height, width, channels, fit = 'contain', polarity = 'any', background = white } = options;
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(
      `picture: the model takes images of ${height}×${width}×${channels}; pictures are made grey (1 channel) or RGB (3).`,
    );
  }
  checkPicture('picture', picture);
  const planes = channels === 1 ? [greyPlane(picture, background)] : colourPlanes(picture, background);
  const { left, top, scaledWidth, scaledHeight } = placed(picture, { height, width, fit });
  const borders = planes.map(borderShade);
  const isTurned = isOpposite(borders, polarity);
  const out = new Uint8Array(height * width * channels);
  for (const [c, plane] of planes.entries()) {
    const { values } = resizeTo(plane, scaledWidth, scaledHeight);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isInside = x >= left && x < left + scaledWidth && y >= top && y < top + scaledHeight;
        const value = isInside ? values[(y - top) * scaledWidth + x - left]! : borders[c]!;
        out[(y * width + x) * channels + c] = Math.round(isTurned ? 255 - value : value);
      }
    }
  }
  return out;
}

/** Where the scaled picture lies in the image; parts of it may be outside. */
function placed(
  picture: Picture,
  { height, width, fit }: Required<Pick<FitPictureOptions, 'height' | 'width' | 'fit'>>,
): Readonly<Record<'left' | 'top' | 'scaledWidth' | 'scaledHeight', number>> {
  const [across, down] = [width / picture.width, height / picture.height];
  const scale = fit === 'cover' ? Math.max(across, down) : Math.min(across, down);
  const scaledWidth = fit === 'stretch' ? width : Math.max(1, Math.round(picture.width * scale));
  const scaledHeight = fit === 'stretch' ? height : Math.max(1, Math.round(picture.height * scale));
  return {
    left: Math.floor((width - scaledWidth) / 2),
    top: Math.floor((height - scaledHeight) / 2),
    scaledWidth,
    scaledHeight,
  };
}

/** Whether the border of a picture has the shade that the model does not know. */
function isOpposite(borders: readonly number[], polarity: PicturePreparation['polarity']): boolean {
  if (polarity === 'any') return false;
  const isLight = borders.reduce((sum, shade) => sum + shade, 0) / borders.length > 127.5;
  return isLight === (polarity === 'lightOnDark');
}

/** Red, green and blue of a colour `#rrggbb`. */
function channelsOf(colour: string): readonly [red: number, green: number, blue: number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Red, green and blue over the background: colour · alpha + background · (1 − alpha). */
function colourPlanes({ data, width, height, channels }: Picture, background: string): Plane[] {
  const hasAlpha = channels === 2 || channels === 4;
  return channelsOf(background).map((behind, c) => {
    const values = new Float32Array(width * height);
    for (let i = 0; i < values.length; i++) {
      const alpha = hasAlpha ? data[i * channels + channels - 1]! / 255 : 1;
      values[i] = data[i * channels + (channels < 3 ? 0 : c)]! * alpha + behind * (1 - alpha);
    }
    return { values, width, height };
  });
}

/** Luma, Y = 0.299 R + 0.587 G + 0.114 B, over the background. Source: ITU-R BT.601. */
export function greyPlane({ data, width, height, channels }: Picture, background: string): Plane {
  const luma = (red: number, green: number, blue: number): number =>
    0.299 * red + 0.587 * green + 0.114 * blue;
  const behind = Math.round(luma(...channelsOf(background)));
  const hasAlpha = channels === 2 || channels === 4;
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i++) {
    const at = i * channels;
    const colour = channels < 3 ? data[at]! : luma(data[at]!, data[at + 1]!, data[at + 2]!);
    const alpha = hasAlpha ? data[at + channels - 1]! / 255 : 1;
    values[i] = colour * alpha + behind * (1 - alpha);
  }
  return { values, width, height };
}

/** The median of the outermost pixels: the background. */
function borderShade({ values, width, height }: Plane): number {
  const border = values.filter((_, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  return border.sort()[border.length >> 1]!;
}
