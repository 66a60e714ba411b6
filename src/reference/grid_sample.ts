/** grid_sample in float64: y is a weighted sum of the pixels of x around each position of the grid. */
import { type Array64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

export type GridSampleAttributes = {
  readonly isLinear: boolean;
  readonly isBorder: boolean;
  readonly alignsCorners: boolean;
};

/** A pixel along one axis, with its weight and the derivative of that by the coordinate. */
interface Tap {
  readonly pixel: number;
  readonly weight: number;
  readonly slope: number;
}

/** The pixels inside x around a coordinate; undefined if it is NaN. */
function tapsOf(
  coordinate: number,
  extent: number,
  { isLinear, isBorder, alignsCorners }: GridSampleAttributes,
): readonly Tap[] | undefined {
  if (Number.isNaN(coordinate)) return undefined;
  const scale = (alignsCorners ? extent - 1 : extent) / 2;
  const free = (coordinate + 1) * scale - (alignsCorners ? 0 : 0.5);
  const at = isBorder ? Math.min(Math.max(free, 0), extent - 1) : free;
  if (!Number.isFinite(at)) return [];
  const slope = isBorder && (free <= 0 || free >= extent - 1) ? 0 : scale;
  const low = Math.floor(at);
  const isUp = at - low > 0.5 || (at - low === 0.5 && low % 2 !== 0);
  const taps = isLinear
    ? [
        { pixel: low, weight: 1 - (at - low), slope: -slope },
        { pixel: low + 1, weight: at - low, slope },
      ]
    : [{ pixel: isUp ? low + 1 : low, weight: 1, slope: 0 }];
  return taps.filter(({ pixel }) => pixel >= 0 && pixel < extent);
}

type Visit = (
  indices: { readonly x: number; readonly y: number; readonly grid: number },
  row: Tap,
  column: Tap,
) => void;

/** Calls `visit` with every pixel of every sample, and `unknown` with each sample at NaN. */
function samples(
  [, H, W, C]: readonly number[],
  { shape, values }: Array64,
  attributes: GridSampleAttributes,
  visit: Visit,
  unknown: (y: number, grid: number) => void,
): void {
  const perImage = shape[1]! * shape[2]!;
  for (let sample = 0; sample < shape[0]! * perImage; sample++) {
    const columns = tapsOf(values[2 * sample]!, W!, attributes);
    const rows = tapsOf(values[2 * sample + 1]!, H!, attributes);
    const n = Math.floor(sample / perImage);
    for (let c = 0; c < C!; c++) {
      const y = sample * C! + c;
      if (!rows || !columns) unknown(y, 2 * sample);
      else
        for (const row of rows)
          for (const column of columns)
            visit(
              { x: ((n * H! + row.pixel) * W! + column.pixel) * C! + c, y, grid: 2 * sample },
              row,
              column,
            );
    }
  }
}

/** A weight of 0 leaves its pixel out, which may be NaN. */
const product = (weight: number, value: number): number => (weight === 0 ? 0 : weight * value);

export const gridSampleReference: Reference<'x' | 'grid', 'y', GridSampleAttributes> = {
  op: 'grid_sample',
  forward: ({ x, grid }, attributes) => {
    const y = zeros64([...grid.shape.slice(0, 3), x.shape[3]!]);
    samples(
      x.shape,
      grid,
      attributes,
      (at, row, column) => (y.values[at.y]! += product(row.weight * column.weight, x.values[at.x]!)),
      (at) => (y.values[at] = NaN),
    );
    return { y };
  },
  backward: ({ x, grid }, { y: dy }, attributes) => {
    const dx = zeros64(x.shape);
    // Σ_c dy · ∂y/∂coordinate, of which an element of y is a sum over pixels.
    const slopes = [zeros64(dy.shape), zeros64(dy.shape)] as const;
    samples(
      x.shape,
      grid,
      attributes,
      (at, row, column) => {
        dx.values[at.x]! += product(row.weight * column.weight, dy.values[at.y]!);
        slopes[0].values[at.y]! += product(row.weight * column.slope, x.values[at.x]!);
        slopes[1].values[at.y]! += product(row.slope * column.weight, x.values[at.x]!);
      },
      (at) => slopes.forEach(({ values }) => (values[at] = NaN)),
    );
    if (!attributes.isLinear) return { x: dx };
    const dgrid = zeros64(grid.shape);
    const C = x.shape[3]!;
    dy.values.forEach((value, i) => {
      slopes.forEach(({ values }, k) => (dgrid.values[2 * Math.floor(i / C) + k]! += value * values[i]!));
    });
    return { x: dx, grid: dgrid };
  },
};
