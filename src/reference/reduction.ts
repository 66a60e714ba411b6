/** What the references of reductions share: x around a run of neighbouring axes, as [outer, reduced, inner]. */
import { type Shape, sizeOf } from '../engine/primitive.js';
import { type Random, wholeNumber } from './reference.js';

/** Reduces the axes first … last. */
export type Run = { readonly first: number; readonly last: number };

export function withoutRun(shape: Shape, { first, last }: Run): Shape {
  return shape.filter((_, axis) => axis < first || axis > last);
}

/** Calls `visit` with the flat place in x of every element of the run, per element of the result. */
export function eachRun(
  shape: Shape,
  { first, last }: Run,
  visit: (result: number, places: number[]) => void,
): void {
  const inner = sizeOf(shape.slice(last + 1));
  const reduced = sizeOf(shape.slice(first, last + 1));
  const outer = sizeOf(shape.slice(0, first));
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      visit(
        o * inner + i,
        Array.from({ length: reduced }, (_, r) => (o * reduced + r) * inner + i),
      );
}

export function axesOf({ first, last }: Run): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export function randomRun(random: Random): { shape: number[]; run: Run } {
  const shape = Array.from({ length: wholeNumber(random, 1, 4) }, () => wholeNumber(random, 1, 17));
  const first = wholeNumber(random, 0, shape.length - 1);
  return { shape, run: { first, last: wholeNumber(random, first, shape.length - 1) } };
}

/** Odd sizes, each place of the run, and sums long enough to be cut into slices. */
export const runCases: readonly { readonly name: string; readonly x: Shape; readonly options: Run }[] = [
  { name: 'the last axis', x: [3, 5, 7], options: { first: 2, last: 2 } },
  { name: 'the first axis', x: [3, 5, 7], options: { first: 0, last: 0 } },
  { name: 'the middle', x: [3, 5, 7, 2], options: { first: 1, last: 2 } },
  { name: 'all', x: [3, 5, 7], options: { first: 0, last: 2 } },
  { name: 'an axis of 1', x: [4, 1, 5], options: { first: 1, last: 1 } },
  { name: 'a number', x: [1], options: { first: 0, last: 0 } },
  { name: 'below four terms', x: [3, 70], options: { first: 0, last: 0 } },
  { name: 'all of many', x: [10_007], options: { first: 0, last: 0 } },
  { name: 'many rows of few columns', x: [2049, 10], options: { first: 0, last: 0 } },
  { name: 'rows of 129', x: [65, 129], options: { first: 1, last: 1 } },
];
