/** Bounds of rounding errors of f32 results. */

const unitRoundoff = 2 ** -24;

/**
 * The largest error of an f32 result due to rounding, relative to Σ|terms|.
 *
 *   tolerance = 2⁻²⁴ · (4·√terms + roundings)
 *
 * Rounding errors of a sum of n terms stay below n · 2⁻²⁴ · Σ|terms| in any order, with or without fused
 * multiply-add, and below λ·√n · 2⁻²⁴ · Σ|terms| with a probability near 1 for λ = 4 (Higham and Mary 2019,
 * "A new approach to probabilistic rounding error analysis"). The second bound is used because it still detects one
 * missing term among thousands. Exact results (copies, counts) have no terms and no roundings.
 */
export function tolerance(terms: number, roundings = 4): number {
  return unitRoundoff * (4 * Math.sqrt(terms) + roundings);
}
