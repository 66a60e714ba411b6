/**
 * Photographs of digits with a shadow: each is prepared as without it, counted by kind of shadow; a plain one as before.
 */
import { beforeAll, expect, it } from 'vitest';
import type { ImageSet } from '../../src/data/dataset.js';
import { digitImage } from '../../src/data/digit_image.js';
import type { Picture } from '../../src/data/picture.js';
import { interpolateTo } from '../../src/data/resample.js';
import { loadDataset } from '../../src/node/datasets.js';

let digits: ImageSet;
beforeAll(async () => {
  digits = (await loadDataset('digits', { offline: true })).test;
});

const [width, height] = [240, 200];
/** The light on a point, from 0 to 1. */
type Light = (x: number, y: number) => number;
const smooth = (value: number): number => 1 / (1 + Math.exp(-value));

const shadows: Readonly<Record<string, Light>> = {
  none: () => 1,
  soft: (x, y) => 1 - 0.6 * Math.exp(-((x - 0.3) ** 2 + (y - 0.6) ** 2) / 0.05),
  corner: (x, y) => 1 - 0.65 * smooth((0.75 - x - y) * 14),
  side: (x) => 1 - 0.6 * smooth((x - 0.62) * 40),
  vignette: (x, y) => 1 - 0.75 * Math.min(1, ((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.4),
};

/** Dark ink, 130 pixels high, on light paper. */
function photograph(index: number, light: Light): Picture {
  const values = Float32Array.from(digits.image(index));
  const ink = interpolateTo({ values, width: 28, height: 28 }, 130, 130).values;
  const [left, top] = [40 + ((index * 7) % 60), 20 + ((index * 5) % 45)];
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isInside = x >= left && x < left + 130 && y >= top && y < top + 130;
    const share = isInside ? ink[(y - top) * 130 + x - left]! / 255 : 0;
    const grain = ((x * 31 + y * 17) % 7) - 3;
    return Math.round(Math.max(0, Math.min(255, (225 - 175 * share) * light(x / width, y / height) + grain)));
  });
  return { data, width, height, channels: 1 };
}

const prepared = new Map<number, Uint8Array>();
function withoutShadow(index: number): Uint8Array {
  const plain = prepared.get(index) ?? digitImage(photograph(index, () => 1));
  prepared.set(index, plain);
  return plain;
}

/** Of twenty photographs, those whose image is nearly that without the shadow. */
function rightOnes(light: Light): number {
  let count = 0;
  for (let n = 0; n < 20; n++) {
    const index = n * 37 + 5;
    const plain = withoutShadow(index);
    let own: Uint8Array;
    try {
      own = digitImage(photograph(index, light));
    } catch {
      continue;
    }
    const distance = own.reduce((sum, value, i) => sum + Math.abs(value - plain[i]!), 0) / 784;
    if (distance < 16) count++;
  }
  return count;
}

it('are removed', () => {
  expect(Object.fromEntries(Object.entries(shadows).map(([name, light]) => [name, rightOnes(light)])))
    .toMatchInlineSnapshot(`
    {
      "corner": 19,
      "none": 20,
      "side": 18,
      "soft": 19,
      "vignette": 11,
    }
  `);
}, 60_000);
