/** Pixels of what a page shows, as a tensor. */
import { checkArgument, checkCall } from '../calls.js';
import { type Device, deviceRule } from '../engine/device.js';
import { Tensor } from '../engine/tensor.js';
import { UsageError } from '../errors.js';
import { type Rules, required, rule } from '../options.js';

export type PixelSource =
  ImageData | ImageBitmap | HTMLImageElement | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas;

export interface FromPixelsOptions {
  /** 1: grey, Y = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); 3: RGB; 4: RGBA. Default 3. */
  readonly channels?: 1 | 3 | 4;
  /** Default: the default device. */
  readonly device?: Device;
}

const rules = (): Rules<FromPixelsOptions> => ({
  channels: rule('1, 3 or 4', (value) => [1, 3, 4].includes(value as number)),
  device: deviceRule(),
});

/**
 * The pixels of a picture, a canvas, or the current frame of a video. `model.predict(x.alias([1, ...x.shape]))` scales the bytes by
 * the model's preprocessing.
 *
 * Shapes: → [height,width,channels] u8. Throws: UsageError for a source without pixels, such as an image that has not loaded, or
 * one of another origin, whose pixels the browser does not give.
 */
export function fromPixels(source: PixelSource, options: FromPixelsOptions = {}): Tensor {
  checkCall('fromPixels', options, rules);
  const { channels = 3, device } = options;
  const { data, width, height } = pixelsOf(source);
  return Tensor.from(withChannels(data, channels), [height, width, channels], device);
}

function pixelsOf(source: PixelSource): Pick<ImageData, 'data' | 'width' | 'height'> {
  checkArgument('fromPixels', 'source', source, sourceRule);
  if (source instanceof ImageData) return source;
  const [width, height] = sizeOf(source);
  if (width === 0 || height === 0)
    throw new UsageError(
      `fromPixels: source is ${width}×${height}, expected pixels; wait until the picture or video has loaded.`,
    );
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context)
    throw new UsageError(`fromPixels: the browser has too little memory for ${width}×${height} pixels.`);
  context.drawImage(source, 0, 0, width, height);
  try {
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    throw new UsageError(
      'fromPixels: source has pixels of another origin, which the browser does not give; load it with crossOrigin.',
      { cause },
    );
  }
}

/** The size of the picture itself, not that of its element. */
function sizeOf(source: Exclude<PixelSource, ImageData>): readonly [width: number, height: number] {
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight];
  if ('naturalWidth' in source) return [source.naturalWidth, source.naturalHeight];
  return [source.width, source.height];
}

function withChannels(rgba: Uint8ClampedArray, channels: number): Uint8Array<ArrayBuffer> {
  const count = rgba.length / 4;
  const pixels = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!];
    if (channels === 1) pixels[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else for (let c = 0; c < channels; c++) pixels[i * channels + c] = rgba[4 * i + c]!;
  }
  return pixels;
}

/** Their names in the browser; a worker lacks those of elements. */
const sources = [
  'ImageData',
  'ImageBitmap',
  'HTMLImageElement',
  'HTMLVideoElement',
  'HTMLCanvasElement',
  'OffscreenCanvas',
];

const sourceRule = () =>
  required(
    rule('an ImageData, ImageBitmap, canvas, image or video element', (value) =>
      sources.includes(Object.prototype.toString.call(value).slice(8, -1)),
    ),
  );
