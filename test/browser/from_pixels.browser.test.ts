/** The bytes of pictures, canvases and ImageData as tensors, in every number of channels; and what is refused. */
import { expect, test } from 'vitest';
import { fromPixels } from '../../src/browser/from_pixels.js';
import { hollowDevice } from '../unit/fake_device.js';

/** A device that keeps what is written to it. */
const written: Uint8Array[] = [];
const device = Object.assign(hollowDevice('gpu'), {
  write: (_: object, data: Uint8Array) => written.push(data),
});

// One red pixel, one of a colour that every weight of grey reaches.
const pixels = new ImageData(Uint8ClampedArray.of(255, 0, 0, 255, 10, 20, 30, 255), 2, 1);

function canvas(): OffscreenCanvas {
  const made = new OffscreenCanvas(2, 1);
  made.getContext('2d')!.putImageData(pixels, 0, 0);
  return made;
}

function element(): HTMLCanvasElement {
  const made = Object.assign(document.createElement('canvas'), { width: 2, height: 1 });
  made.getContext('2d')!.putImageData(pixels, 0, 0);
  return made;
}

test.each([
  ['ImageData', () => pixels],
  ['a canvas', canvas],
  ['a canvas element', element],
  ['an ImageBitmap', () => canvas().transferToImageBitmap()],
])('%s', (_, source) => {
  for (const [channels, bytes] of [
    [1, [76, 18]],
    [3, [255, 0, 0, 10, 20, 30]],
    [4, [255, 0, 0, 255, 10, 20, 30, 255]],
  ] as const) {
    const tensor = fromPixels(source(), { channels, device });
    expect([tensor.shape, tensor.dtype, [...written.pop()!]]).toEqual([[1, 2, channels], 'u8', bytes]);
  }
});

test('an image element', async () => {
  const image = new Image();
  const url = URL.createObjectURL(await canvas().convertToBlob());
  image.src = url;
  await image.decode();
  expect(fromPixels(image, { device }).shape).toEqual([1, 2, 3]);
  expect([...written.pop()!]).toEqual([255, 0, 0, 10, 20, 30]);
  URL.revokeObjectURL(url);
});

test('what has no pixels is refused', () => {
  expect(() => fromPixels(new Image(), { device })).toThrow(
    'fromPixels: source is 0×0, expected pixels; wait until the picture or video has loaded.',
  );
  expect(() => fromPixels('picture.png' as never)).toThrow(
    "fromPixels: source is 'picture.png', expected an ImageData, ImageBitmap, canvas, image or video element.",
  );
  expect(() => fromPixels(pixels, { channels: 2 as never })).toThrow(
    'fromPixels: channels is 2, expected 1, 3 or 4.',
  );
});
