/**
 * Compares results with expected values.
 *
 * The error of an element is |got − want| / Σ|terms|. Rounding errors of a sum grow with the sum of the absolute values of
 * its terms, not with the result, which cancellation may bring near 0: an element-wise relative error would be
 * meaningless there, and an error relative to the largest element would hide a wrong small one. If nothing is summed,
 * Σ|terms| is |want|.
 */
import { type Spec, sizeOf } from '../engine/primitive.js';
import type { Array64 } from '../reference/array64.js';
import type { ReadBack } from './guarded_run.js';
import type { Expected } from './op_check.js';
import type { Row } from './row.js';

export function compare(got: ReadBack, expected: Expected): Pick<Row, 'error' | 'at' | 'ok'> {
  const { value, tolerance } = expected;
  let worst = 0;
  let error = 0;
  got.values.forEach((have, i) => {
    const relative = errorOf(have, expected, i);
    if (relative > error) [worst, error] = [i, relative];
  });
  const index = indexOf(worst, value.shape);
  const at = `[${index.join(',')}] ${short(got.values[worst] as number)} for ${short(value.values[worst] as number)}`;
  if (got.overrun !== undefined)
    return { error: Infinity, at: `wrote ${got.overrun} words past the end`, ok: false };
  return { error, at, ok: error <= tolerance };
}

/** |have − want| / Σ|terms|; Infinity if only one is finite, or if they are neither both NaN nor the same infinity. */
function errorOf(have: number, { value, magnitude, mayBeNaN }: Expected, index: number): number {
  const want = value.values[index] as number;
  if (have === want || (Number.isNaN(have) && (Number.isNaN(want) || mayBeNaN?.(index)))) return 0;
  if (!Number.isFinite(have) || !Number.isFinite(want)) return Infinity;
  // An infinite sum says nothing about terms that the infinity does not reach.
  const terms = magnitude[index] as number;
  const size = Number.isFinite(terms) ? terms : Math.abs(want);
  // If all terms are 0, the result is exactly 0; the floor only avoids 0 / 0.
  return Math.abs(have - want) / Math.max(size, 1e-30);
}

export function indexOf(flat: number, shape: readonly number[]): number[] {
  return shape.map((extent, axis) => Math.floor(flat / sizeOf(shape.slice(axis + 1))) % extent);
}

export function short(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toPrecision(7);
}

export function shapesOf(inputs: Readonly<Record<string, Spec>>): string {
  return Object.values(inputs)
    .map(({ shape }) => `[${shape.join(',')}]`)
    .join(' ');
}

/** ‖got − want‖ / ‖want‖ */
export function compareNorm(got: ReadBack, want: Array64, allowed: number): Pick<Row, 'error' | 'at' | 'ok'> {
  if (got.overrun !== undefined)
    return { error: Infinity, at: `wrote ${got.overrun} words past the end`, ok: false };
  let [difference, norm, worst, largest] = [0, 0, 0, -1];
  want.values.forEach((value, i) => {
    const distance = Math.abs((got.values[i] as number) - value);
    difference += distance ** 2;
    norm += value ** 2;
    if (!(distance <= largest)) [worst, largest] = [i, distance];
  });
  const error = Math.sqrt(difference / norm);
  const at = `[${indexOf(worst, want.shape).join(',')}] ${short(got.values[worst] as number)} for ${short(want.values[worst] as number)}`;
  return { error, at, ok: error <= allowed };
}
