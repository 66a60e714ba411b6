/** Comparisons, the larger and the smaller of two, limits, powers, and the choice by a condition, in float64. */
import type { NoAttributes } from '../engine/primitive.js';
import { binary, combine64, reduceTo64 } from './arithmetic.js';
import { type Array64, fill64, map64 } from './array64.js';
import type { Reference } from './reference.js';

/* @__NO_SIDE_EFFECTS__ */
function comparison(op: string, holds: (a: number, b: number) => boolean) {
  return binary(op, { value: (a, b) => (holds(a, b) ? 1 : 0), partials: () => [0, 0], isChoice: true });
}

export const equalReference = /* @__PURE__ */ comparison('equal', (a, b) => a === b);
export const notEqualReference = /* @__PURE__ */ comparison('not_equal', (a, b) => a !== b);
export const greaterReference = /* @__PURE__ */ comparison('greater', (a, b) => a > b);
export const greaterEqualReference = /* @__PURE__ */ comparison('greater_equal', (a, b) => a >= b);
export const lessReference = /* @__PURE__ */ comparison('less', (a, b) => a < b);
export const lessEqualReference = /* @__PURE__ */ comparison('less_equal', (a, b) => a <= b);

/** The part of the gradient that the larger of two has: half at a tie, all of it where one is NaN. */
function share(a: number, b: number): number {
  if (a === b) return 0.5;
  return a < b ? 0 : 1;
}

export const maximumReference = /* @__PURE__ */ binary('maximum', {
  value: (a, b) => Math.max(a, b),
  partials: (a, b) => [share(a, b), share(b, a)],
  isChoice: true,
});

export const minimumReference = /* @__PURE__ */ binary('minimum', {
  value: (a, b) => Math.min(a, b),
  partials: (a, b) => [share(b, a), share(a, b)],
  isChoice: true,
});

type Limits = { readonly min: number; readonly max: number };

export const clipReference: Reference<'x', 'y', Limits> = {
  op: 'clip',
  forward: ({ x }, { min, max }) => ({ y: map64(x, (value) => Math.min(Math.max(value, min), max)) }),
  backward: ({ x }, { y: dy }, { min, max }) => ({
    x: map64(x, (value, i) => (value >= min && value <= max ? (dy.values[i] as number) : 0)),
  }),
};

/** aᵇ as IEEE 754 has it; JavaScript makes NaN of 1 to the power of NaN and of ±1 to the power of infinity. */
function pow64(a: number, b: number): number {
  const isOne = a === 1 || (a === -1 && Math.abs(b) === Infinity);
  return isOne ? 1 : a ** b;
}

export const powReference = /* @__PURE__ */ binary('pow', {
  value: pow64,
  partials: (a, b) => [b === 0 ? 0 : b * pow64(a, b - 1), a === 0 && b >= 0 ? 0 : pow64(a, b) * Math.log(a)],
});

/** An element that the condition did not choose has the gradient 0, whatever dy is. */
export const whereReference: Reference<'condition' | 'a' | 'b', 'y', NoAttributes> = {
  op: 'where',
  forward: ({ condition, a, b }) => ({ y: where64(condition, a, b) }),
  backward: ({ condition, a, b }, { y: dy }) => {
    const zero = fill64([], () => 0);
    return {
      a: reduceTo64(where64(condition, dy, zero), a.shape),
      b: reduceTo64(where64(condition, zero, dy), b.shape),
    };
  },
};

function where64(condition: Array64, a: Array64, b: Array64): Array64 {
  const whole = combine64(
    combine64(condition, a, () => 0),
    b,
    () => 0,
  );
  const stretched = (x: Array64): Array64 => combine64(whole, x, (_, value) => value);
  const [chosen, first, second] = [condition, a, b].map(stretched) as [Array64, Array64, Array64];
  return map64(first, (value, i) => (chosen.values[i] === 0 ? (second.values[i] as number) : value));
}
