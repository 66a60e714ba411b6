/**
 * The preparation that is chosen for images: MNIST and what is framed like it, the same dark on light, framed by boxes as in
 * EMNIST; clothes that fill the image; photographs; and what earlier models get.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { earlierPreparation, preparationFor } from '../../src/data/choose_preparation.js';
import { ImageSet } from '../../src/data/dataset.js';
import { preparePicture } from '../../src/data/prepare_picture.js';
import { loadDataset } from '../../src/node/datasets.js';
import { randomFrom } from '../../src/check/draws.js';

let digits: ImageSet;
beforeAll(async () => {
  digits = (await loadDataset('digits', { offline: true })).test.take(600, { seed: 1 });
});

/** The set with other pixels. */
function withPixels(images: Uint8Array, side = 28): ImageSet {
  const { labels, classNames } = digits;
  return new ImageSet({ images, labels, classNames, height: side, width: side, channels: 1 });
}

const mnist = { fit: 'digit', polarity: 'lightOnDark', background: '#ffffff', box: 20, centre: 'mass' };

describe('preparationFor', () => {
  it('finds the framing of MNIST, whatever the set is called, and its negative', () => {
    expect(preparationFor(digits)).toEqual(mnist);
    expect(preparationFor(withPixels(digits.images.map((value) => 255 - value)))).toEqual({
      ...mnist,
      polarity: 'darkOnLight',
    });
  });

  it('finds ink in boxes of another size, in the middle of the image', () => {
    // A bar 24 long and 6 wide, with a dot at one end that moves the centre of mass.
    const images = new Uint8Array(600 * 784);
    for (let n = 0; n < 600; n++) {
      for (let y = 2; y < 26; y++)
        for (let x = 11; x < 17; x++) images[n * 784 + y * 28 + x] = y < 10 ? 255 : 60;
    }
    expect(preparationFor(withPixels(images))).toEqual({ ...mnist, box: 24, centre: 'box' });
  });

  it('keeps the shades of clothes on black, and inverts pictures on white', () => {
    const images = new Uint8Array(600 * 784);
    const random = randomFrom(3, 600);
    for (let n = 0; n < 600; n++) {
      // From the top to the bottom, of many widths.
      const half = 4 + Math.floor(random() * 8);
      for (let y = 1; y < 27; y++)
        for (let x = 14 - half; x < 14 + half; x++) images[n * 784 + y * 28 + x] = 90 + 10 * (y % 8);
    }
    expect(preparationFor(withPixels(images))).toEqual({
      fit: 'contain',
      polarity: 'lightOnDark',
      background: '#ffffff',
    });
  });

  it('leaves photographs as they are', () => {
    const random = randomFrom(4, 600);
    const plain = { fit: 'contain', polarity: 'any', background: '#ffffff' };
    const noise = Uint8Array.from({ length: 600 * 784 }, () => Math.floor(random() * 256));
    expect(preparationFor(withPixels(noise))).toEqual(plain);
    const { labels, classNames } = digits;
    const inColour = { images: new Uint8Array(600 * 48), height: 4, width: 4, channels: 3 };
    expect(preparationFor(new ImageSet({ ...inColour, labels, classNames }))).toEqual(plain);
  });
});

describe('preparePicture', () => {
  it('keeps pictures that are in the style of the model', () => {
    for (let i = 0; i < 15; i++) {
      const data = digits.image(i);
      const picture = { data, width: 28, height: 28, channels: 1 } as const;
      const shape = { height: 28, width: 28, channels: 1 };
      expect(preparePicture(picture, shape, preparationFor(digits))).toEqual(data);
      const negative = { ...picture, data: data.map((value) => 255 - value) };
      const dark = { ...preparationFor(digits), polarity: 'darkOnLight' } as const;
      expect(preparePicture(negative, shape, dark)).toEqual(negative.data);
      // Dark on light becomes light on dark for the other one.
      const other = preparePicture(negative, shape, preparationFor(digits));
      const distance = other.reduce((sum, value, at) => sum + Math.abs(value - data[at]!), 0) / 784;
      expect(distance).toBeLessThan(40);
    }
  });
});

it('earlier models of ten digits get the framing of MNIST, others none', () => {
  const ten = [...'0123456789'];
  expect(earlierPreparation({ channels: 1, classNames: ten })).toMatchObject({ fit: 'digit' });
  for (const model of [
    { channels: 3, classNames: ten },
    { channels: 1, classNames: ['0', '1'] },
  ])
    expect(earlierPreparation(model)).toMatchObject({ fit: 'contain', polarity: 'any' });
});
