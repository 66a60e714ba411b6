/**
 * Plan: resampling by hand, smaller and larger, against values computed by hand; what must stay as it is; a picture
 * made to fit: same size, wider, taller, cut off, stretched, grey to colour and back, alpha over a background, borders of the
 * other shade turned over; what is refused.
 */
import { describe, expect, it } from 'vitest';
import { type FitPictureOptions, type Picture, fitPicture } from '../../src/data/picture.js';
import { averageTo, interpolateTo } from '../../src/data/resample.js';
import { UsageError } from '../../src/errors.js';

const plane = (width: number, ...values: number[]) => ({
  values: Float32Array.from(values),
  width,
  height: values.length / width,
});

describe('averageTo', () => {
  it('means of what a pixel covers, parts by their share', () => {
    expect([...averageTo(plane(4, 0, 4, 8, 12), 2, 1).values]).toEqual([2, 10]);
    // 3 → 2: each covers one and a half: (0·1 + 6·½)/1½ and (6·½ + 12·1)/1½.
    expect([...averageTo(plane(3, 0, 6, 12), 2, 1).values]).toEqual([2, 10]);
    expect([...averageTo(plane(2, 1, 2, 3, 6), 1, 1).values]).toEqual([3]);
  });
});

describe('interpolateTo', () => {
  it('between the centres, the edge repeated', () => {
    // 2 → 4: centres at −¼, ¼, ¾, 1¼.
    expect([...interpolateTo(plane(2, 0, 8), 4, 1).values]).toEqual([0, 2, 6, 8]);
    expect([...interpolateTo(plane(1, 0, 8), 1, 4).values]).toEqual([0, 2, 6, 8]);
    // The middle of four pixels is their mean.
    expect(interpolateTo(plane(2, 0, 4, 8, 12), 3, 3).values[4]).toBe(6);
  });

  it('keeps a picture of the same size, and a plain one', () => {
    expect([...interpolateTo(plane(3, 9, 1, 7, 3, 5, 2), 3, 2).values]).toEqual([9, 1, 7, 3, 5, 2]);
    expect(interpolateTo(plane(1, 5), 4, 3).values.every((value) => value === 5)).toBe(true);
  });
});

describe('fitPicture', () => {
  const picture = (width: number, channels: Picture['channels'], ...data: number[]): Picture => ({
    data: Uint8Array.from(data),
    width,
    height: data.length / width / channels,
    channels,
  });
  const fit = (
    from: Picture,
    height: number,
    width: number,
    channels = 1,
    options: Pick<FitPictureOptions, 'fit' | 'polarity' | 'background'> = {},
  ) => [...fitPicture(from, { height, width, channels, ...options })];

  it('keeps the bytes of one that fits', () => {
    const bytes = [0, 1, 127, 128, 254, 255];
    expect(fit(picture(3, 1, ...bytes), 2, 3)).toEqual(bytes);
    expect(fit(picture(1, 3, ...bytes), 2, 1, 3)).toEqual(bytes);
    const grey = [7, 7, 7, 255, 200, 200, 200, 255];
    expect(fit(picture(2, 4, ...grey), 1, 2)).toEqual([7, 200]);
  });

  it('puts a wide one between bars of its border, and a tall one', () => {
    const wide = picture(4, 1, 10, 10, 10, 90, 10, 10, 10, 90);
    expect(fit(wide, 4, 4)).toEqual([10, 10, 10, 10, 10, 10, 10, 90, 10, 10, 10, 90, 10, 10, 10, 10]);
    expect(fit(picture(1, 1, 4, 4, 4), 3, 3)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4]);
  });

  it('makes it smaller and larger', () => {
    expect(fit(picture(4, 1, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 2, 2)).toEqual([
      2, 10, 2, 10,
    ]);
    expect(fit(picture(2, 1, 0, 8, 0, 8), 4, 4).slice(0, 4)).toEqual([0, 2, 6, 8]);
  });

  it('turns colour to grey, and grey to colour', () => {
    // 0.299·255 = 76.2, 0.587·255 = 149.7, 0.114·255 = 29.1
    expect(fit(picture(3, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255), 1, 3)).toEqual([76, 150, 29]);
    expect(fit(picture(2, 1, 5, 9), 1, 2, 3)).toEqual([5, 5, 5, 9, 9, 9]);
  });

  it('is cut off on both sides to cover, and stretched', () => {
    const wide = picture(4, 1, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(fit(wide, 2, 2, 1, { fit: 'cover' })).toEqual([2, 3, 6, 7]);
    expect(fit(picture(2, 1, 1, 2, 3, 4, 5, 6, 7, 8), 2, 2, 1, { fit: 'cover' })).toEqual([3, 4, 5, 6]);
    expect(fit(wide, 2, 2, 1, { fit: 'stretch' })).toEqual([2, 4, 6, 8]);
    // Averaged across, interpolated down.
    expect(fit(picture(4, 1, 0, 8, 4, 4), 2, 2, 1, { fit: 'stretch' })).toEqual([4, 4, 4, 4]);
  });

  it('shows the background where it is transparent: white, or another', () => {
    expect(fit(picture(2, 2, 200, 0, 100, 51), 1, 2)).toEqual([255, 224]);
    expect(fit(picture(2, 2, 200, 0, 100, 51), 1, 2, 1, { background: '#000000' })).toEqual([0, 20]);
    expect(fit(picture(1, 4, 9, 9, 9, 0), 1, 1, 3, { background: '#ff8000' })).toEqual([255, 128, 0]);
  });

  it('turns a border of the other shade over when asked, and leaves its own', () => {
    const light = picture(3, 1, 255, 255, 255, 255, 40, 255, 255, 255, 255);
    const dark = picture(3, 1, 0, 0, 0, 0, 215, 0, 0, 0, 0);
    const lightOnDark = { polarity: 'lightOnDark' } as const;
    expect(fit(light, 3, 3, 1, lightOnDark)).toEqual([...dark.data]);
    expect(fit(dark, 3, 3, 1, lightOnDark)).toEqual([...dark.data]);
    expect(fit(dark, 3, 3, 1, { polarity: 'darkOnLight' })).toEqual([...light.data]);
    expect(fit(light, 3, 3)).toEqual([...light.data]);
    // The bars are turned over too.
    expect(fit(picture(2, 1, 255, 255), 2, 2, 1, lightOnDark)).toEqual([0, 0, 0, 0]);
  });

  it('refuses models of other channels', () => {
    expect(() => fit(picture(1, 1, 5), 1, 1, 4)).toThrow(UsageError);
    expect(() => fit(picture(1, 1, 5), 1, 1, 4)).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: picture: the model takes images of 1×1×4; pictures are made grey (1 channel) or RGB (3).]`,
    );
  });
});
