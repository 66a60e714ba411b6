/** How far rounding alone may take an f32 result. */

const unitRoundoff = 2 ** -24;

/**
 * How far an f32 result may lie from the exact one, as a share of Σ|terms|.
 *
 *   tolerance = 2⁻²⁴ · (4·√terms + roundings)
 *
 * Rounding errors of a sum of n terms stay below n · 2⁻²⁴ · Σ|terms| in any order, with or without fused
 * multiply-add, and below λ·√n · 2⁻²⁴ · Σ|terms| with a probability near 1 for λ = 4 (Higham and Mary 2019,
 * "A new approach to probabilistic rounding error analysis"). The second bound is used since it still sees
 * one missing term among thousands. Exact results (copies, counts) have no terms and no roundings.
 */
export function tolerance(terms: number, roundings = 4): number {
  return unitRoundoff * (4 * Math.sqrt(terms) + roundings);
}
