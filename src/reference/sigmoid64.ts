/** The mathematics of sigmoid in float64: y = 1 / (1 + e⁻ˣ). */
import { type Array64, map64 } from './reference.js';

export function sigmoid64(x: Array64): Array64 {
  return map64(x, (value) => 1 / (1 + Math.exp(-value)));
}

/** dx = y·(1 − y)·dy, and y·(1 + y)·|dy|, whose rounding errors it has. */
export function sigmoidBackward64(y: Array64, dy: Array64): Array64 {
  return map64(y, (value, i) => value * (1 - value) * (dy.values[i] as number));
}
