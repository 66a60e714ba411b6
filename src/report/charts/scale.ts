/** Maps values to positions on a chart, and chooses round values along an axis. */

export interface Scale {
  readonly ticks: readonly number[];
  /** The position of a value, in pixels. */
  at(value: number): number;
}

/**
 * Round values that cover min … max: multiples of 1, 2 or 5 times a power of ten, about `count` of them.
 *
 * The first is at or below min, the last at or above max.
 */
export function niceTicks(min: number, max: number, count = 5): number[] {
  const span = max > min ? max - min : Math.max(Math.abs(max), 1);
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999)!;
  // Multiples of an integer step, so that 0.1 + 0.2 shows as 0.3; the slack allows for values a rounding error off a multiple.
  const first = Math.floor(min / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(max / step - 1e-9));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(digits)) + 0);
}

/** Linear, with the first and last tick at `from` and `to`. */
export function linearScale(
  min: number,
  max: number,
  from: number,
  to: number,
  { count = 5, cap = Infinity }: { readonly count?: number; readonly cap?: number } = {},
): Scale {
  const ticks = niceTicks(min, max, count).filter((tick, i) => i < 2 || tick <= cap);
  const low = ticks[0]!;
  const high = ticks.at(-1)!;
  return { ticks, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** Logarithmic; ticks at 1, 2 and 5 times powers of ten, or only at the powers if there are many. */
export function logScale(min: number, max: number, from: number, to: number): Scale {
  const powers = Array.from(
    { length: Math.ceil(Math.log10(max)) - Math.floor(Math.log10(min)) + 1 },
    (_, i) => Math.floor(Math.log10(min)) + i,
  );
  const factors = powers.length > 4 ? [1] : [1, 2, 5];
  const all = powers.flatMap((power) =>
    factors.map((factor) => Number((factor * 10 ** power).toPrecision(1))),
  );
  const below = all.findLast((tick) => tick <= min) ?? all[0]!;
  const above = all.find((tick) => tick >= max) ?? all.at(-1)!;
  const ticks = all.filter((tick) => tick >= below && tick <= above);
  const [low, high] = [Math.log10(below), Math.log10(above)];
  return { ticks, at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from) };
}
