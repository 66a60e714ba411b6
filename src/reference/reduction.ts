/** Shared by reductions: x as [outer, reduced, inner] around a run of adjacent axes. */
import { type Shape, sizeOf } from '../engine/primitive.js';

/** Reduces the axes first … last. */
export type Run = { readonly first: number; readonly last: number };

export function withoutRun(shape: Shape, { first, last }: Run): Shape {
  return shape.filter((_, axis) => axis < first || axis > last);
}

/** Calls `visit` for each element of the result with the flat indices in x of its run. */
export function eachRun(
  shape: Shape,
  { first, last }: Run,
  visit: (result: number, indices: number[]) => void,
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
