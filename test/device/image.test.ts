// Plan: filters, transforms in each fill mode and colours against SciPy's and PyTorch's values
// (test/traces/make_image_values.py); what 4,096 images draw, number by number: range, distribution, independence, and what
// a draw depends on (seed, epoch, key) and does not (batch size, cursor); then the public functions on tensors, at once
// and in programs. Numbers of single images are compared with float64 in ops.test.ts.
import { expect, test } from 'vitest';
import { program, runPrimitive } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import {
  type DrawAttributes,
  type ValueRange,
  augmentColour,
  augmentDraw,
  augmentForward,
  transformSize,
} from '../../src/kernels/augment.js';
import { type AugmentOptions, augmentBatch, image, sum } from '../../src/kernels/index.js';
import { stateSize, stateWords } from '../../src/kernels/step_state.js';
import { permutation as shuffled, streams } from '../../src/random.js';
import imageValues from '../traces/image_values.json' with { type: 'json' };
import { useDevice } from './device.js';

const held = useDevice();

interface Values {
  readonly fill: number;
  readonly images: readonly { readonly shape: number[]; readonly values: number[] }[];
  readonly filters: readonly {
    readonly name: string;
    readonly kernel: number[];
    readonly iterations: number;
    readonly x: number;
    readonly y: number[];
  }[];
  readonly affine: readonly {
    readonly transform: readonly number[];
    readonly mode: 'nearest' | 'constant' | 'reflect' | 'wrap';
    readonly x: number;
    readonly y: number[];
  }[];
  readonly colour: readonly {
    readonly brightness: number;
    readonly contrast: number;
    readonly x: number;
    readonly y: number[];
  }[];
}

const values = imageValues as Values;

/** Fixture image `index` as a batch of one. */
function batchOf(index: number): Tensor {
  const { shape, values: pixels } = values.images[index]!;
  return Tensor.from(Float32Array.from(pixels), [1, ...shape], held.device);
}

/** The largest distance between two lists of the same length. */
function distance(got: ArrayLike<number>, want: ArrayLike<number>): number {
  expect(got.length).toBe(want.length);
  return Array.from(want, (value, i) => Math.abs(got[i]! - value)).reduce((a, b) => (b <= a ? a : b), 0);
}

test.each(values.filters)('SciPy: $name, $iterations times over', async ({ kernel, iterations, x, y }) => {
  const got = await image.filter2d(batchOf(x), kernel, { iterations }).data();
  const largest = Math.max(...y.map(Math.abs), 1);
  // Numbers of 7 digits; up to 25 products a time, which grow with the values.
  expect(distance(got, y)).toBeLessThan(1e-6 * largest);
});

type Matrix = readonly (readonly number[])[];

function times(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => row.map((_, j) => row.reduce((so, value, k) => so + value * b[k]![j]!, 0)));
}

/** The first six words of a row of transforms: centre · rotation · shift · zoom · flip · −centre. */
function transformRow(
  height: number,
  width: number,
  [degrees, down, across, zoomDown, zoomAcross, upsideDown, mirrored]: readonly number[],
): Float32Array<ArrayBuffer> {
  const angle = (degrees! * Math.PI) / 180;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const [cy, cx] = [height / 2 - 0.5, width / 2 - 0.5];
  const shifted = (y: number, x: number): Matrix => [
    [1, 0, y],
    [0, 1, x],
    [0, 0, 1],
  ];
  const scaled = (y: number, x: number): Matrix => [
    [y, 0, 0],
    [0, x, 0],
    [0, 0, 1],
  ];
  const rotation = [
    [cosine, -sine, 0],
    [sine, cosine, 0],
    [0, 0, 1],
  ];
  const flip = scaled(upsideDown ? -1 : 1, mirrored ? -1 : 1);
  const whole = [
    shifted(cy, cx),
    rotation,
    shifted(down!, across!),
    scaled(zoomDown!, zoomAcross!),
    flip,
    shifted(-cy, -cx),
  ].reduce(times);
  const row = new Float32Array(transformSize);
  row.set([...whole[0]!, ...whole[1]!]);
  row.set([1, 1], 8);
  return row;
}

test.each(values.affine)('SciPy: transform $transform, $mode', async ({ transform, mode, x, y }) => {
  const batch = batchOf(x);
  const [, height, width] = batch.shape as [number, number, number];
  const transforms = Tensor.from(transformRow(height, width, transform), [1, transformSize], held.device);
  const attributes = {
    fill: mode,
    fillValue: values.fill,
    low: 0,
    high: 1,
    eraseValue: 0,
    eraseNoise: false,
  };
  const got = await runPrimitive(augmentForward, { x: batch, transforms }, attributes).y.data();
  // Places up to 60 pixels from 0, of f32: 4e-6 a rounding, some three of them, at slopes of up to 1 both ways.
  expect(distance(got, y)).toBeLessThan(2e-5);
});

test.each(values.colour)(
  'PyTorch: brightness $brightness, contrast $contrast',
  async ({ brightness, contrast, x, y }) => {
    const batch = batchOf(x);
    const row = new Float32Array(transformSize);
    row.set([brightness, contrast], 8);
    const transforms = Tensor.from(row, [1, transformSize], held.device);
    const [low, high]: ValueRange = [0, 1];
    const sums = sum(batch, { axis: [1, 2, 3] });
    const attributes = { low, high, row: y.length };
    const got = await runPrimitive(augmentColour, { x: batch, transforms, sums }, attributes).y.data();
    expect(distance(got, y)).toBeLessThan(1e-6);
  },
);

// ---- draws ----

const many = 4096;
const everything: DrawAttributes = {
  batch: many,
  height: 28,
  width: 20,
  rotation: 0.7,
  shift: [2.8, 5],
  zoom: [0.75, 1.5],
  verticalFlip: true,
  horizontalFlip: true,
  crop: 3,
  brightness: 0.4,
  contrast: 0.6,
  erase: 0.3,
  eraseArea: [0.05, 0.25],
  eraseAspect: 0.5,
};

interface Where {
  readonly seed?: number;
  readonly epoch?: number;
  readonly cursor?: number;
  readonly keys?: Uint32Array<ArrayBuffer>;
}

const inOrder = (count: number): Uint32Array<ArrayBuffer> => Uint32Array.from({ length: count }, (_, i) => i);

function operandsAt({ seed = 3, epoch = 0, cursor = 0, keys = inOrder(many) }: Where): {
  permutation: Tensor;
  state: Tensor;
} {
  const state = new Uint32Array(stateSize);
  state[stateWords.seed] = seed;
  state[stateWords.epoch] = epoch;
  state[stateWords.cursor] = cursor;
  state[stateWords.epochSize] = keys.length;
  return {
    permutation: Tensor.from(keys, [keys.length], held.device),
    state: Tensor.from(state, [stateSize], held.device),
  };
}

async function draw(attributes: DrawAttributes, where: Where = {}): Promise<Float32Array[]> {
  const { transforms } = runPrimitive(augmentDraw, operandsAt(where), attributes);
  const words = (await transforms.data()) as Float32Array;
  return Array.from({ length: attributes.batch }, (_, n) =>
    words.slice(n * transformSize, (n + 1) * transformSize),
  );
}

/** What was drawn, read back out of the rows; turns are below a quarter, so that the signs tell the flips. */
function readRow(row: Float32Array): Record<string, number> {
  const [m0, m1, m2, m3, m4, m5] = row as unknown as number[];
  const [zoomDown, zoomAcross] = [Math.hypot(m0!, m3!), Math.hypot(m1!, m4!)];
  const [isUpsideDown, isMirrored] = [m0! < 0, m4! < 0];
  const angle = Math.atan2(isUpsideDown ? -m3! : m3!, Math.abs(m0!));
  // The centre goes to itself and the turned shift.
  const [cy, cx] = [everything.height / 2 - 0.5, everything.width / 2 - 0.5];
  const [y, x] = [m0! * cy + m1! * cx + m2! - cy, m3! * cy + m4! * cx + m5! - cx];
  return {
    angle,
    down: Math.cos(angle) * y + Math.sin(angle) * x,
    across: Math.cos(angle) * x - Math.sin(angle) * y,
    zoomDown,
    zoomAcross,
    isUpsideDown: Number(isUpsideDown),
    isMirrored: Number(isMirrored),
    cropDown: row[6]!,
    cropAcross: row[7]!,
    brightness: row[8]!,
    contrast: row[9]!,
    isErased: Number(row[12]! > 0),
    noise: row[14]!,
  };
}

/** The numbers drawn, each as a list over the images. */
async function drawnNumbers(): Promise<Record<string, number[]>> {
  const rows = (await draw(everything)).map(readRow);
  return Object.fromEntries(Object.keys(rows[0]!).map((name) => [name, rows.map((row) => row[name]!)]));
}

const mean = (list: readonly number[]): number => list.reduce((so, value) => so + value, 0) / list.length;

/** The largest distance between the share of draws below a number and what it should be (Kolmogorov, Smirnov). */
function distributionError(list: readonly number[], low: number, high: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return Math.max(
    ...sorted.map((value, i) => Math.abs((value - low) / (high - low) - (i + 0.5) / list.length)),
  );
}

const ranges = {
  angle: [-0.7, 0.7],
  down: [-2.8, 2.8],
  across: [-5, 5],
  zoomDown: [0.75, 1.5],
  zoomAcross: [0.75, 1.5],
  brightness: [0.6, 1.4],
  contrast: [0.4, 1.6],
  noise: [0, 1],
} as const;

test('every number is drawn evenly from its range', async () => {
  const drawn = await drawnNumbers();
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const list = drawn[name]!;
    // Beyond the range by no more than rounding of places of up to 30 pixels; to within a hundredth of its ends.
    expect(Math.min(...list), name).toBeGreaterThanOrEqual(low - 1e-5);
    expect(Math.max(...list), name).toBeLessThanOrEqual(high + 1e-5);
    expect(Math.min(...list), name).toBeLessThan(low + 0.01 * (high - low));
    expect(Math.max(...list), name).toBeGreaterThan(high - 0.01 * (high - low));
    const five = 5 / Math.sqrt(many);
    expect(Math.abs(mean(list) - (low + high) / 2), name).toBeLessThan((five * (high - low)) / Math.sqrt(12));
    // A larger error than 2.8 / √n has a chance of 3·10⁻⁷, as five standard deviations have.
    expect(distributionError(list, low, high), name).toBeLessThan(2.8 / Math.sqrt(many));
  }
});

test('flips, erasing and crops come as often as asked', async () => {
  const drawn = await drawnNumbers();
  const share = (name: string, expected: number): void =>
    expect(Math.abs(mean(drawn[name]!) - expected), name).toBeLessThan(
      5 * Math.sqrt((expected * (1 - expected)) / many),
    );
  share('isUpsideDown', 0.5);
  share('isMirrored', 0.5);
  share('isErased', 0.3);
  for (const name of ['cropDown', 'cropAcross'])
    for (let pixels = -3; pixels <= 3; pixels++) {
      const count = drawn[name]!.filter((value) => value === pixels).length;
      expect(Math.abs(count / many - 1 / 7), `${name} ${pixels}`).toBeLessThan(5 * Math.sqrt(6 / 49 / many));
    }
  expect(drawn['cropDown']!.every((value) => Number.isInteger(value) && Math.abs(value) <= 3)).toBe(true);
});

test('no two numbers of an image hang together', async () => {
  const drawn = await drawnNumbers();
  const standard = Object.entries(drawn).map(([name, list]) => {
    const centre = mean(list);
    const deviation = Math.sqrt(mean(list.map((value) => (value - centre) ** 2)));
    return { name, list: list.map((value) => (value - centre) / deviation) };
  });
  for (const [i, a] of standard.entries())
    for (const b of standard.slice(i + 1)) {
      const correlation = mean(a.list.map((value, n) => value * b.list[n]!));
      expect(Math.abs(correlation), `${a.name} and ${b.name}`).toBeLessThan(5 / Math.sqrt(many));
    }
});

test('an erased rectangle lies inside the image, as large and as long as asked', async () => {
  const rows = await draw({ ...everything, erase: 1 });
  const rectangles = rows.map((row) => row.slice(10, 14) as unknown as [number, number, number, number]);
  for (const [top, left, height, width] of rectangles) {
    expect([top, left, height, width].every(Number.isInteger)).toBe(true);
    expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
    expect(top + height).toBeLessThanOrEqual(28);
    expect(left + width).toBeLessThanOrEqual(20);
    // Sides are rounded, each by half a pixel at most.
    expect((height - 0.5) * (width - 0.5)).toBeLessThanOrEqual(0.25 * 560);
    expect((height + 0.5) * (width + 0.5)).toBeGreaterThanOrEqual(0.05 * 560);
    expect((height + 0.5) / (width - 0.5)).toBeGreaterThanOrEqual(0.5);
    expect((height - 0.5) / (width + 0.5)).toBeLessThanOrEqual(2);
  }
  // Of areas between 5 and 25 per cent; rounding changes the mean by less than a hundredth.
  const share = mean(rectangles.map(([, , height, width]) => (height * width) / 560));
  expect(Math.abs(share - 0.15)).toBeLessThan(0.01);
  expect(Math.max(...rectangles.map(([top, , height]) => top + height))).toBe(28);
  expect(Math.max(...rectangles.map(([, left, , width]) => left + width))).toBe(20);
  expect(Math.min(...rectangles.map(([top]) => top))).toBe(0);
});

test('what is off changes nothing', async () => {
  const off = { rotation: 0, shift: [0, 0], zoom: [1, 1], crop: 0, brightness: 0, contrast: 0, erase: 0 };
  const rows = await draw({ ...everything, ...off, batch: 100, verticalFlip: false, horizontalFlip: false });
  for (const row of rows) {
    expect(Array.from(row.slice(0, 6), (value) => value + 0)).toEqual([1, 0, 0, 0, 1, 0]);
    expect(Array.from(row.slice(6, 10))).toEqual([0, 0, 1, 1]);
    expect(row[12]).toBe(0);
  }
});

test('the random values of an image do not depend on its batch, and differ by epoch and seed', async () => {
  const keys = shuffled(300, 7, streams.shuffle) as Uint32Array<ArrayBuffer>;
  const all = await draw({ ...everything, batch: 300 }, { keys: inOrder(300) });
  const batch = await draw({ ...everything, batch: 37 }, { keys, cursor: 101 });
  expect(batch).toEqual(batch.map((_, b) => all[keys[101 + b]!]!));
  const others = await Promise.all([
    draw({ ...everything, batch: 300 }, { keys: inOrder(300), epoch: 1 }),
    draw({ ...everything, batch: 300 }, { keys: inOrder(300), seed: 4 }),
    // The same images a second time in one epoch.
    draw({ ...everything, batch: 300 }, { keys: inOrder(600), cursor: 300 }),
  ]);
  const angles = [all, ...others].map((rows) => rows.map((row) => readRow(row)['angle']!));
  expect(new Set(angles.flat()).size).toBeGreaterThan(1195);
});

test('sine and cosine are good to a millionth, all the way round', async () => {
  const still = { ...everything, rotation: Math.PI, shift: [0, 0], zoom: [1, 1] };
  const rows = await draw({ ...still, verticalFlip: false, horizontalFlip: false });
  const again = await draw({ ...still, rotation: 1, verticalFlip: false, horizontalFlip: false });
  rows.forEach((row, n) => {
    // The same image turns π times as far.
    const angle = Math.PI * Math.atan2(again[n]![3]!, again[n]![0]!);
    expect(Math.hypot(row[0]! - Math.cos(angle), row[3]! - Math.sin(angle))).toBeLessThan(3e-6);
    expect(Math.abs(Math.hypot(row[0]!, row[3]!) - 1)).toBeLessThan(1e-6);
  });
});

// ---- on tensors ----

/** Numbers that an f32 holds, different in every pixel. */
function pictures(shape: readonly number[]): Tensor {
  const size = shape.reduce((so, extent) => so * extent, 1);
  return Tensor.from(
    Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 4093) / 4096),
    shape,
    held.device,
  );
}

const options: AugmentOptions = {
  rotation: 20,
  widthShift: 0.1,
  heightShift: 0.2,
  zoom: 0.2,
  horizontalFlip: true,
  verticalFlip: true,
  padAndCrop: 2,
  brightness: 0.2,
  contrast: 0.2,
  erasing: { value: 'noise' },
};

test.each(['nearest', 'constant', 'reflect', 'wrap'] as const)(
  '%s: nothing asked, nothing done',
  async (fill) => {
    const x = pictures([5, 7, 9, 3]);
    const want = await x.data();
    expect(await image.augment(x, { fill, fillValue: 0.5 }).data()).toEqual(want);
    expect(await image.augment(x, { fill, erasing: { probability: 0 }, zoom: [1, 1] }).data()).toEqual(want);
  },
);

test('augment: the same seed and epoch give the same pictures, others do not; at once or in a program', async () => {
  const x = pictures([6, 9, 8, 1]);
  const pixels = async (at: { seed?: number; epoch?: number }): Promise<string> =>
    (await image.augment(x, options, at).data()).join(' ');
  const first = await pixels({});
  expect(await pixels({ seed: 0, epoch: 0 })).toBe(first);
  const recorded = program((input) => image.augment(input, options), held.device);
  for (let run = 0; run < 2; run++) expect((await recorded.call(x).data()).join(' ')).toBe(first);
  expect(
    new Set([first, await pixels({ seed: 1 }), await pixels({ epoch: 1 }), await pixels({ epoch: 2 })]).size,
  ).toBe(4);
  expect(
    first
      .split(' ')
      .map(Number)
      .every((value) => value >= 0 && value <= 1),
  ).toBe(true);
});

test('augment: a shuffled batch of a training step shows each image as augment alone shows it', async () => {
  const [count, row] = [12, 8 * 8];
  const x = pictures([count, 8, 8, 1]);
  const alone = await image.augment(x, options, { seed: 5, epoch: 3 }).data();
  const keys = shuffled(count, 1, streams.shuffle) as Uint32Array<ArrayBuffer>;
  const pixels = await x.data();
  const batch = Float32Array.from({ length: 4 * row }, (_, i) => {
    return pixels[keys[6 + Math.floor(i / row)]! * row + (i % row)]!;
  });
  const operands = operandsAt({ seed: 5, epoch: 3, cursor: 6, keys });
  const y = augmentBatch({ x: Tensor.from(batch, [4, 8, 8, 1], held.device), ...operands }, options);
  const got = await y.data();
  for (let b = 0; b < 4; b++) {
    const key = keys[6 + b]!;
    expect(got.slice(b * row, (b + 1) * row)).toEqual(alone.slice(key * row, (key + 1) * row));
  }
});

test('augment: refused options are named, and images may be of any number', async () => {
  expect(() => image.augment(pictures([2, 4, 4, 1]), { rotation: 270 })).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: augment: rotation is 270, expected a number from 0 to 180.]`,
  );
  expect(() => image.augment(pictures([4, 4, 1]), {})).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: augment: x is [4,4,1], expected four axes [N,H,W,C].]`,
  );
  for (const count of [1, 63, 64, 65])
    expect((await image.augment(pictures([count, 3, 2, 1]), options).data()).length).toBe(count * 6);
});

test('blur and sharpen are filters by name, at once and in a program', async () => {
  const x = pictures([3, 7, 6, 2]);
  const { blur: weights, sharpen: edges } = image.filterKernels;
  const five = await image.filter2d(x, weights, { iterations: 5 }).data();
  expect(await image.blur(x).data()).toEqual(five);
  expect(await image.blur(x, 1).data()).toEqual(await image.filter2d(x, weights).data());
  const sharp = await image.filter2d(x, edges).data();
  expect(await image.sharpen(x).data()).toEqual(sharp);
  const both = program((input) => [image.blur(input), image.sharpen(input)], held.device).call(x);
  expect(await Promise.all(both.map((y) => y.data()))).toEqual([five, sharp]);
});

test('blur keeps what is far from the edges, and lets it fade at them', async () => {
  const white = Tensor.from(new Float32Array(15 * 15).fill(1), [1, 15, 15, 1], held.device);
  const got = await image.blur(white, 2).data();
  const at = (h: number, w: number): number => got[h * 15 + w]!;
  expect(at(7, 7)).toBe(1);
  // An edge keeps (1 + 2)/4 at first, then (2·3/4 + 1)/4; a corner loses both ways.
  expect(at(0, 7)).toBe(5 / 8);
  expect(at(0, 0)).toBe(25 / 64);
});
