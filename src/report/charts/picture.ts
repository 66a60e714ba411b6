/** Pixels inside SVG and HTML: a PNG as a data URL, scaled to whole pixels. */
import { type Picture, toBase64 } from '../evaluation_file.js';
import { px } from './svg.js';

/** Encodes a picture as PNG; provided by the platform. */
export type EncodePng = (picture: Picture) => Uint8Array;

export function dataAddress(picture: Picture, encode: EncodePng): string {
  return `data:image/png;base64,${toBase64(encode(picture))}`;
}

/**
 * The size of a picture that fills a box: an integer multiple of its own size, so that all its pixels look the same, or smaller
 * if it exceeds the box.
 */
export function fitInto(
  { width, height }: { readonly width: number; readonly height: number },
  box: number,
): { readonly width: number; readonly height: number } {
  const longest = Math.max(width, height);
  const scale = longest <= box ? Math.floor(box / longest) : box / longest;
  return { width: width * scale, height: height * scale };
}

/** Side length in pixels of a square for pictures like this one: close to 96. */
export function boxFor(picture: Picture | undefined): number {
  if (!picture) return largestBox;
  const { width, height } = fitInto(picture, largestBox);
  return Math.max(width, height);
}

const largestBox = 96;

/** A picture centred in a box of `box` pixels whose corner is at x, y. */
export function svgImage(picture: Picture, encode: EncodePng, x: number, y: number, box: number): string {
  const { width, height } = fitInto(picture, box);
  const left = x + (box - width) / 2;
  const up = y + (box - height) / 2;
  // A reduced photograph looks better smoothed.
  const rendering = Math.max(picture.width, picture.height) <= box ? ' image-rendering="optimizeSpeed"' : '';
  return `<image x="${px(left)}" y="${px(up)}" width="${px(width)}" height="${px(height)}"${rendering} href="${dataAddress(picture, encode)}"/>`;
}
