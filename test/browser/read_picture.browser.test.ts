/**
 * Plan: PNG is decoded exactly, unlike with a canvas (translucent colours, a colour profile); the browser decodes other
 * formats: lossless WebP exactly, JPEG approximately; large pictures are scaled down; an error that names a file which is
 * not a picture.
 */
import { expect, test } from 'vitest';
import { readPicture } from '../../src/browser/read_picture.js';
import { DataError } from '../../src/errors.js';

/** A picture whose RGBA values depend on the position, encoded by a canvas. */
async function encoded(
  type: string,
  width: number,
  height: number,
  rgba: (i: number) => number[],
): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const data = Uint8ClampedArray.from({ length: width * height }, () => 0);
  const pixels = new Uint8ClampedArray(data.length * 4);
  data.forEach((_, i) => pixels.set(rgba(i), 4 * i));
  canvas.getContext('2d')!.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas.convertToBlob({ type, quality: 1 });
}

/** A big-endian u32. */
const u32 = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);

function crc(bytes: readonly number[]): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}

function chunk(name: string, data: readonly number[]): number[] {
  const body = [...name].map((letter) => letter.charCodeAt(0)).concat(data);
  return [...u32(data.length), ...body, ...u32(crc(body))];
}

/** A row of RGBA pixels as PNG, with a gamma that a colour-managed decoder would apply. */
async function png(pixels: readonly number[]): Promise<Blob> {
  const raw = new Blob([Uint8Array.of(0, ...pixels)]).stream().pipeThrough(new CompressionStream('deflate'));
  const packed = new Uint8Array(await new Response(raw).arrayBuffer());
  const header = chunk('IHDR', [...u32(pixels.length / 4), ...u32(1), 8, 6, 0, 0, 0]);
  const bytes = [137, 80, 78, 71, 13, 10, 26, 10, ...header, ...chunk('gAMA', u32(100_000))];
  return new Blob([Uint8Array.of(...bytes, ...chunk('IDAT', [...packed]), ...chunk('IEND', []))]);
}

test('PNG, translucent and with a gamma, is decoded exactly', async () => {
  const pixels = Array.from({ length: 256 }, (_, i) => [i, 255 - i, (i * 7) % 256, i]).flat();
  const { data, width, height, channels } = await readPicture(await png(pixels));
  expect([width, height, channels, [...data]]).toEqual([256, 1, 4, pixels]);
});

test('every grey value of a file that the browser encoded', async () => {
  const blob = await encoded('image/png', 256, 1, (i) => [i, i, i, 255]);
  const { data } = await readPicture(blob);
  expect([...data].filter((_, i) => i % 4 === 0)).toEqual(Array.from({ length: 256 }, (_, i) => i));
});

test('WebP and JPEG, through the browser', async () => {
  for (const type of ['image/webp', 'image/jpeg']) {
    const picture = await readPicture(await encoded(type, 32, 16, (i) => [i / 2, i / 2, i / 2, 255]));
    expect([picture.width, picture.height, picture.channels]).toEqual([32, 16, 4]);
    const errors = [...picture.data].map((value, i) =>
      Math.abs(value - (i % 4 === 3 ? 255 : Math.round(Math.floor(i / 4) / 2))),
    );
    expect([type, Math.max(...errors) <= 4]).toEqual([type, true]);
  }
});

test('a larger picture is scaled down', async () => {
  const blob = await encoded('image/jpeg', 8192, 2, () => [200, 200, 200, 255]);
  const { data, width, height } = await readPicture(blob);
  expect([width, height, data[0]! > 190]).toEqual([4096, 1, true]);
});

test('a file that is not a picture', async () => {
  await expect(readPicture(new File(['<p>hello'], 'a.html'))).rejects.toThrow(
    /^a\.html: is not a picture: it is text such as SVG or HTML\. Save it as PNG or JPEG\.$/,
  );
  const damaged = new Blob([Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0)]);
  await expect(readPicture(damaged)).rejects.toThrow(
    new DataError('picture: a damaged PNG (it ends after 9 bytes). Save it again.'),
  );
});
