/**
 * Converts any picture to the input of a model: its size, greyscale or colour, without cropping or distortion.
 *
 * For pictures of digits, see `digitImage`, which finds the ink.
 */
import { checkCall } from '../calls.js';
import { DataError, UsageError } from '../errors.js';
import { pictureRules } from '../image_values.js';
import { type Rules, count, flag, required } from '../options.js';
import { type Plane, averageTo, interpolateTo } from './resample.js';

/** Pixels in rows from the top, channels last: grey, grey + alpha, RGB or RGBA. */
export interface Picture {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

export interface FitPictureOptions {
  readonly height: number;
  readonly width: number;
  /** 1 grey, 3 RGB. */
  readonly channels: number;
  /** Invert a picture with a light border: Fashion-MNIST is light on dark, product photographs are dark on white. */
  readonly invertLight?: boolean;
}

const rules = (): Rules<FitPictureOptions> => ({
  height: required(count),
  width: required(count),
  channels: required(count),
  invertLight: flag,
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
 * Converts size and colour: scales to fit (area averaging down, bilinear up), centres, and fills the remaining area
 * with the colour of the border. Transparency becomes black.
 *
 * Shapes: [h,w,c] → [height,width,channels]. A picture that already fits keeps its bytes.
 * Throws: UsageError when the model takes neither 1 nor 3 channels; DataError when the pixels do not fill the picture.
 */
export function fitPicture(picture: Picture, options: FitPictureOptions): Uint8Array {
  checkCall('fitPicture', picture, pictureRules);
  checkCall('fitPicture', options, rules);
  const { height, width, channels, invertLight = false } = options;
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(
      `picture: the model takes images of ${height}×${width}×${channels}; pictures are made grey (1 channel) or RGB (3).`,
    );
  }
  checkPicture('picture', picture);
  const planes = channels === 1 ? [greyPlane(picture)] : colourPlanes(picture);
  const borders = planes.map(borderShade);
  const isLight = borders.reduce((sum, shade) => sum + shade, 0) / borders.length > 127.5;
  const turn = invertLight && isLight;
  const scale = Math.min(width / picture.width, height / picture.height);
  const newWidth = Math.max(1, Math.round(picture.width * scale));
  const newHeight = Math.max(1, Math.round(picture.height * scale));
  const left = Math.floor((width - newWidth) / 2);
  const top = Math.floor((height - newHeight) / 2);
  const out = new Uint8Array(height * width * channels);
  for (const [c, plane] of planes.entries()) {
    const { values } = (scale < 1 ? averageTo : interpolateTo)(plane, newWidth, newHeight);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isInside = x >= left && x < left + newWidth && y >= top && y < top + newHeight;
        const value = isInside ? values[(y - top) * newWidth + x - left]! : borders[c]!;
        out[(y * width + x) * channels + c] = Math.round(turn ? 255 - value : value);
      }
    }
  }
  return out;
}

/** Red, green and blue, times alpha. */
function colourPlanes({ data, width, height, channels }: Picture): Plane[] {
  const hasAlpha = channels === 2 || channels === 4;
  return [0, 1, 2].map((c) => {
    const values = new Float32Array(width * height);
    for (let i = 0; i < values.length; i++) {
      const alpha = hasAlpha ? data[i * channels + channels - 1]! / 255 : 1;
      values[i] = data[i * channels + (channels < 3 ? 0 : c)]! * alpha;
    }
    return { values, width, height };
  });
}

/** Luma, Y = 0.299 R + 0.587 G + 0.114 B. Source: ITU-R BT.601. */
function greyPlane(picture: Picture): Plane {
  const [red, green, blue] = colourPlanes(picture) as [Plane, Plane, Plane];
  const values = red.values.map(
    (value, i) => 0.299 * value + 0.587 * green.values[i]! + 0.114 * blue.values[i]!,
  );
  return { ...red, values };
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
