/**
 * The numbers behind the page's curves.
 * Running mean: by hand; no bias at the start; a constant stays; NaN is ignored; repeated steps replace the earlier ones.
 * Indices: below, at, between and above the numbers; an empty list.
 * Points to draw: all of few; the extremes of many; at most four per column; NaN is ignored.
 * Limits: NaN and infinities are ignored; positive numbers only.
 */
import { expect, test } from 'vitest';
import { StepSeries, drawnPlaces, limitsOf, nearestPlace, placeOf } from '../../web/views/curves_series.js';

function seriesOf(values: readonly number[]): StepSeries {
  const series = new StepSeries();
  values.forEach((value, i) => series.add(i + 1, value));
  return series;
}

test('the mean of three steps, by hand', () => {
  // β = 29/30: m₁ = 3/30, m₂ = 29/30·3/30 + 6/30 = 267/900, m₃ = 29/30·267/900 + 9/30 = 15843/27000
  // 1 − βᵗ: 1/30, 59/900, 2611/27000
  const { means } = seriesOf([3, 6, 9]);
  expect(means[0]).toBeCloseTo(3, 12);
  expect(means[1]).toBeCloseTo(267 / 59, 12);
  expect(means[2]).toBeCloseTo(15843 / 2611, 12);
});

test('the mean of equal numbers is that number from the first step on', () => {
  for (const mean of seriesOf(Array<number>(200).fill(2.3)).means) expect(mean).toBeCloseTo(2.3, 12);
});

test('an overflow is kept but not part of the mean', () => {
  const { values, means } = seriesOf([Number.NaN, 2, Infinity, 2]);
  expect(values).toEqual([Number.NaN, 2, Infinity, 2]);
  expect(means[0]).toBeNaN();
  expect(means.slice(1)).toEqual([2, 2, 2]);
});

test('repeated steps replace the earlier ones from the first on', () => {
  const series = seriesOf([5, 4, 3, 2, 1]);
  series.add(3, 7);
  series.add(4, 8);
  const plain = seriesOf([5, 4, 7, 8]);
  expect(series.steps).toEqual([1, 2, 3, 4]);
  expect(series.values).toEqual([5, 4, 7, 8]);
  expect(series.means).toEqual(plain.means);
  series.clear();
  expect(series.length).toBe(0);
});

test('indices in an ascending list', () => {
  const list = [2, 4, 8];
  expect([1, 2, 3, 8, 9].map((value) => placeOf(list, value))).toEqual([0, 0, 1, 2, 3]);
  expect([1, 2, 3, 3.5, 6.5, 99].map((value) => nearestPlace(list, value))).toEqual([0, 0, 0, 1, 2, 2]);
  expect(nearestPlace([], 1)).toBe(-1);
});

test('few points are all drawn', () => {
  expect(drawnPlaces([1, 2, 3], [5, Number.NaN, 6], 10)).toEqual([0, 2]);
  expect(drawnPlaces([], [], 10)).toEqual([]);
});

test('of many points the extremes are drawn, in order, at most four per column', () => {
  const xs = Array.from({ length: 5_000 }, (_, i) => i);
  const ys = xs.map((x) => Math.sin(x / 40));
  ys[1_234] = 50;
  ys[3_210] = -50;
  ys[4_000] = Number.NaN;
  const places = drawnPlaces(xs, ys, 100);
  expect(places.length).toBeLessThanOrEqual(4 * 101);
  expect(places).toContain(0);
  expect(places).toContain(1_234);
  expect(places).toContain(3_210);
  expect(places).toContain(4_999);
  expect(places).not.toContain(4_000);
  expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
});

test('limits', () => {
  const lists = [
    [Number.NaN, 3, -1],
    [Infinity, 0.5],
  ];
  expect(limitsOf(lists)).toEqual({ min: -1, max: 3 });
  expect(limitsOf(lists, true)).toEqual({ min: 0.5, max: 3 });
  expect(limitsOf([[Number.NaN], []])).toBeNull();
});
