/** Pixels inside SVG and HTML: a PNG as a data address, shown with whole pixels. */
import { type Picture, toBase64 } from '../evaluation_file.js';
import { px } from './svg.js';

/** Makes a PNG of a picture; the platform brings it. */
export type EncodePng = (picture: Picture) => Uint8Array;

export function dataAddress(picture: Picture, encode: EncodePng): string {
  return `data:image/png;base64,${toBase64(encode(picture))}`;
}

/**
 * The size at which a picture fills a box: a whole multiple of its own, so that all its pixels are alike, or
 * shrunk when it is larger than the box.
 */
export function fitInto(
  { width, height }: { readonly width: number; readonly height: number },
  box: number,
): { readonly width: number; readonly height: number } {
  const longest = Math.max(width, height);
  const scale = longest <= box ? Math.floor(box / longest) : box / longest;
  return { width: width * scale, height: height * scale };
}

/** Pixels on the side of a square for pictures like this one: close to 96. */
export function boxFor(picture: Picture | undefined): number {
  if (!picture) return largestBox;
  const { width, height } = fitInto(picture, largestBox);
  return Math.max(width, height);
}

const largestBox = 96;

/** A picture in the middle of a box of `box` pixels whose corner is at x, y. */
export function svgImage(picture: Picture, encode: EncodePng, x: number, y: number, box: number): string {
  const { width, height } = fitInto(picture, box);
  const left = x + (box - width) / 2;
  const up = y + (box - height) / 2;
  // A shrunk photograph looks better smooth.
  const rendering = Math.max(picture.width, picture.height) <= box ? ' image-rendering="optimizeSpeed"' : '';
  return `<image x="${px(left)}" y="${px(up)}" width="${px(width)}" height="${px(height)}"${rendering} href="${dataAddress(picture, encode)}"/>`;
}
