/**
 * A one-shot correction of a dense layer (web/worker/one_shot_layer.ts), by hand:
 *   an image that is orthogonal to the others: their outputs do not change
 *   one that is not: the change is nearly orthogonal to the others, up to the ridge
 *   the image's copies are learned too; an image that is already right changes nothing
 *   an image of zeros, and NaN, cannot be learned
 */
import { describe, expect, it } from 'vitest';
import { array64, zeros64 } from '../../src/reference/array64.js';
import { sureFrom, correctedLayer } from '../../web/worker/one_shot_layer.js';

/** p ≥ 0.9 with two classes needs logits that differ by ln 9, half of it for each. */
const half = Math.log(9) / 2;
const even = zeros64([2, 2]);

function corrected(rows: readonly (readonly number[])[], { weights = even, label = 0, copies = 0 } = {}) {
  const features = array64([rows.length, rows[0]!.length], rows.flat());
  return correctedLayer({ features, weights, label, targets: 1 + copies });
}

describe('a layer learns', () => {
  it('an image orthogonal to the others, at no cost', () => {
    const { weights, logits } = corrected([
      [1, 0],
      [0, 1],
    ])!;
    for (const [i, value] of [half, -half, 0, 0].entries()) expect(weights.values[i]).toBeCloseTo(value, 6);
    expect([...logits.after.values.subarray(2)]).toEqual([0, 0]);
    expect([...logits.before.values]).toEqual([0, 0, 0, 0]);
  });

  it('an image similar to another, by their difference', () => {
    // ΦΦᵀ + ρI = [[2, 1], [1, 1]] + 0.015·I. With V = [½, −½; 0, 0] its solution is ±(1.015, −1)·½ / 1.045225, so Δ is
    // ±(1.015 − 1, 1.015)·½ / 1.045225, scaled until its two rows add up to ±½·ln 9.
    const { weights, logits } = corrected([
      [1, 1],
      [1, 0],
    ])!;
    const [common, own] = [(half * 0.015) / 1.03, (half * 1.015) / 1.03];
    for (const [i, value] of [common, -common, own, -own].entries())
      expect(weights.values[i]).toBeCloseTo(value, 6);
    expect(logits.after.values[2]).toBeCloseTo(common, 6);
  });

  it('an image with its copies', () => {
    const rows = [
      [1, 0, 0],
      [0.9, 0.5, 0],
      [0, 0, 1],
    ];
    const weights = zeros64([3, 2]);
    const shareOf = (copies: number): number => {
      const [a, b] = corrected(rows, { weights, copies })!.logits.after.values.subarray(2, 4);
      return 1 / (1 + Math.exp(b! - a!));
    };
    expect(shareOf(1)).toBeGreaterThan(0.85);
    // Otherwise the copy is one of the images whose outputs should stay.
    expect(shareOf(0)).toBeLessThan(0.55);
  });

  it('nothing from an image that is already right', () => {
    const weights = array64([2, 2], [half + 0.01, -half, 0.25, 1]);
    expect([...corrected([[1, 0]], { weights })!.weights.values]).toEqual([...weights.values]);
  });

  it('the required probability, with more classes', () => {
    const weights = array64([2, 3], [1, 2, 3, -1, 0.5, 4]);
    const { logits } = corrected(
      [
        [1, 0.5],
        [0.25, 1],
      ],
      { weights, label: 1 },
    )!;
    const shares = [...logits.after.values.subarray(0, 3)].map(Math.exp);
    expect(shares[1]! / shares.reduce((sum, share) => sum + share)).toBeCloseTo(sureFrom, 6);
  });

  it('nothing that it cannot separate', () => {
    expect(corrected([[0, 0]])).toBeUndefined();
    expect(corrected([[NaN, 1]])).toBeUndefined();
    expect(corrected([[1, 0]], { weights: array64([2, 2], [Infinity, 0, 0, 0]) })).toBeUndefined();
  });
});
