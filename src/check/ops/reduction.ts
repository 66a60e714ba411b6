/** What the checks of reductions share: their axes and cases. */
import type { Shape } from '../../engine/primitive.js';
import type { Run } from '../../reference/reduction.js';
import { map64 } from '../../reference/array64.js';
import { type Draw, type Random, drawSigned, wholeNumber } from '../draws.js';

export function axesOf({ first, last }: Run): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export function randomRun(random: Random): { shape: number[]; run: Run } {
  const shape = Array.from({ length: wholeNumber(random, 1, 4) }, () => wholeNumber(random, 1, 17));
  const first = wholeNumber(random, 0, shape.length - 1);
  return { shape, run: { first, last: wholeNumber(random, first, shape.length - 1) } };
}

/** Odd sizes, every position of the run, and sums long enough to be split into slices. */
export const runCases: readonly { readonly name: string; readonly x: Shape; readonly options: Run }[] = [
  { name: 'the last axis', x: [3, 5, 7], options: { first: 2, last: 2 } },
  { name: 'the first axis', x: [3, 5, 7], options: { first: 0, last: 0 } },
  { name: 'the middle', x: [3, 5, 7, 2], options: { first: 1, last: 2 } },
  { name: 'all', x: [3, 5, 7], options: { first: 0, last: 2 } },
  { name: 'an axis of 1', x: [4, 1, 5], options: { first: 1, last: 1 } },
  { name: 'a scalar', x: [1], options: { first: 0, last: 0 } },
  { name: 'below four terms', x: [3, 70], options: { first: 0, last: 0 } },
  { name: 'all of many', x: [10_007], options: { first: 0, last: 0 } },
  { name: 'many rows of few columns', x: [2049, 10], options: { first: 0, last: 0 } },
  { name: 'rows of 129', x: [65, 129], options: { first: 1, last: 1 } },
];

/** Uniform in [28, 92): exp would overflow unless the largest is subtracted, and its shares stay above the least f32. */
export const drawLarge: Draw = (random, shape) =>
  map64(drawSigned(random, shape), (value) => Math.fround(60 + 32 * value));

/** A few of them, for ops of which each kernel costs as much as that of a sum and runs alike. */
export const fewRunCases = runCases.filter(({ name }) =>
  ['the last axis', 'the middle', 'a scalar', 'rows of 129'].includes(name),
);
