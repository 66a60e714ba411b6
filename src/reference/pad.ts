/** pad in float64: every element of y is an element of x or the value. */
import { type Array64, fill64, flatOf, indicesOf, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type PadAttributes = {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly mode: string;
  readonly value: number;
};

/** The index in a row of `extent` elements that stands at index i before, in or after it; −1 if none does. */
function sourceOf(i: number, extent: number, mode: string): number {
  if (i >= 0 && i < extent) return i;
  const first = [...Array(extent).keys()];
  switch (mode) {
    case 'edge':
      return i < 0 ? 0 : extent - 1;
    case 'symmetric': // … c b a | a b c | c b a …
      return i < 0 ? first[-1 - i]! : first.toReversed()[i - extent]!;
    case 'reflect': // … c b | a b c | b a …
      return i < 0 ? first[-i]! : first.toReversed()[i - extent + 1]!;
    default:
      return -1;
  }
}

/** The flat index in x of each element of y, −1 for the value. */
function sources(x: readonly number[], { before, after, mode }: PadAttributes): Array64 {
  const y = x.map((extent, axis) => before[axis]! + extent + after[axis]!);
  return fill64(y, (flat) => {
    const from = indicesOf(y, flat).map((j, axis) => sourceOf(j - before[axis]!, x[axis]!, mode));
    return from.includes(-1) ? -1 : flatOf(x, from);
  });
}

export const padReference: Reference<'x', 'y', PadAttributes> = {
  op: 'pad',
  forward: ({ x }, attributes) => {
    const from = sources(x.shape, attributes);
    return {
      y: fill64(from.shape, (j) => (from.values[j]! < 0 ? attributes.value : x.values[from.values[j]!]!)),
    };
  },
  backward: ({ x }, { y: dy }, attributes) => {
    const dx = zeros64(x.shape);
    sources(x.shape, attributes).values.forEach((i, j) => {
      if (i >= 0) dx.values[i]! += dy.values[j]!;
    });
    return { x: dx };
  },
};
