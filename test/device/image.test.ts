// Plan: filters, transforms in each fill mode and colours against SciPy's and PyTorch's values
// (test/traces/make_image_values.py).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runPass } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { type ValueRange, augmentColour, augmentForward, transformSize } from '../../src/kernels/augment.js';
import { image, sum } from '../../src/kernels/index.js';
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

const values = JSON.parse(
  readFileSync(new URL('../traces/image_values.json', import.meta.url), 'utf8'),
) as Values;

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
  const got = await runPass(augmentForward, { x: batch, transforms }, attributes).y.data();
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
    const got = await runPass(augmentColour, { x: batch, transforms, sums }, attributes).y.data();
    expect(distance(got, y)).toBeLessThan(1e-6);
  },
);
