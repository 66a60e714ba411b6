/**
 * Schedules as functions of the step: each by hand on a short training; oneCycle against PyTorch 1.13's OneCycleLR
 * (SGD, cos), printed by it; warm-up by steps, by share, of a constant; wrong use; the table of an epoch's rates.
 */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import {
  type Schedule,
  cosineDecay,
  exponentialDecay,
  oneCycle,
  piecewiseConstant,
  ratesOf,
  stepDecay,
  warmup,
} from '../../src/nn/training/schedules.js';

/** The rates of a whole training. */
function rates(schedule: Schedule, totalSteps: number, stepsPerEpoch = totalSteps): number[] {
  return Array.from({ length: totalSteps }, (_, step) => schedule(step, { totalSteps, stepsPerEpoch }));
}

/** The largest difference between two lists of one length. */
function distance(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
}

/** Rates of up to 1, after a few operations in float64. */
const rounding = 1e-15;

describe('stepDecay', () => {
  it('multiplies every second epoch', () => {
    expect(rates(stepDecay({ rate: 8, factor: 0.5, every: 2 }), 10, 2)).toEqual([
      8, 8, 8, 8, 4, 4, 4, 4, 2, 2,
    ]);
  });

  it('multiplies every epoch, by default, and takes fractions of epochs', () => {
    expect(rates(stepDecay({ rate: 1, factor: 0.5 }), 6, 3)).toEqual([1, 1, 1, 0.5, 0.5, 0.5]);
    expect(rates(stepDecay({ rate: 1, factor: 0.5, every: 0.5 }), 4, 4)).toEqual([1, 1, 0.5, 0.5]);
  });

  it('refuses periods that are none', () => {
    for (const every of [0, -1, Number.NaN]) {
      expect(() => stepDecay({ rate: 1, factor: 0.5, every })).toThrow(UsageError);
      expect(() => exponentialDecay({ rate: 1, factor: 0.5, every })).toThrow(UsageError);
    }
  });
});

describe('exponentialDecay', () => {
  it('has fallen by the factor after each period', () => {
    const found = rates(exponentialDecay({ rate: 1, factor: 0.25, every: 2 }), 9, 2);
    // 4 steps per period: a root of the factor per step, 1/√2.
    expect(
      distance(
        found,
        Array.from({ length: 9 }, (_, step) => Math.SQRT1_2 ** step),
      ),
    ).toBeLessThan(rounding);
    expect([found[0], found[4], found[8]]).toEqual([1, 0.25, 0.0625]);
  });
});

describe('piecewiseConstant', () => {
  it('changes at the boundaries', () => {
    const schedule = piecewiseConstant({ boundaries: [1, 2.5], rates: [3, 2, 1] });
    expect(rates(schedule, 8, 2)).toEqual([3, 3, 2, 2, 2, 1, 1, 1]);
  });

  it('refuses what does not fit', () => {
    expect(() => piecewiseConstant({ boundaries: [1], rates: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: schedules.piecewiseConstant: 1 rates for 1 boundaries, expected 2.]`,
    );
    expect(() =>
      piecewiseConstant({ boundaries: [2, 2], rates: [1, 2, 3] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: schedules.piecewiseConstant: the boundaries are 2, 2, expected epochs above 0 that rise.]`,
    );
    expect(() => piecewiseConstant({ boundaries: [0], rates: [1, 2] })).toThrow(UsageError);
  });
});

describe('oneCycle', () => {
  it('is that of PyTorch with its defaults', () => {
    expect(
      distance(
        rates(oneCycle({ peak: 0.1 }), 10),
        [
          0.0040000000000000036, 0.052000000000000005, 0.1, 0.09504846320134738, 0.0811745653949763,
          0.06112620219362893, 0.03887419780637107, 0.0188258346050237, 0.004951936798652629, 4e-7,
        ],
      ),
    ).toBeLessThan(rounding);
  });

  it('is that of PyTorch when the peak lies between two steps', () => {
    const options = { peak: 0.01, warmup: 0.25, startDivisor: 10, endDivisor: 100 };
    expect(
      distance(
        rates(oneCycle(options), 13),
        [
          0.0009999999999999992, 0.004718583200498812, 0.009728616793536588, 0.00985485437804313,
          0.009226724477291256, 0.00816406465109891, 0.0067762514107774655, 0.005206128370846529,
          0.0036153037677373193, 0.0021675165900778776, 0.0010117833967995128, 0.0002670604724740084, 1e-5,
        ],
      ),
    ).toBeLessThan(rounding);
  });

  it('has finite rates however short the training', () => {
    for (const total of [1, 2, 3, 4]) {
      const found = rates(oneCycle({ peak: 1 }), total);
      expect(found.every((rate) => rate > 0 && rate <= 1)).toBe(true);
    }
  });

  it('refuses a share that is none', () => {
    expect(() => oneCycle({ peak: 1, warmup: 2 })).toThrow(UsageError);
  });
});

describe('warmup', () => {
  it('rises to a constant', () => {
    expect(rates(warmup(1, { steps: 3 }), 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  it('then begins another schedule, planned for what is left', () => {
    const inner: Schedule = (step, { totalSteps, stepsPerEpoch }) =>
      100 * totalSteps + 10 * stepsPerEpoch + step;
    // 20 % of 10 steps; the rest is 8 long.
    const found = rates(warmup(inner, { share: 0.2 }), 10, 5);
    expect(distance(found.slice(0, 2), [850 / 3, (850 * 2) / 3])).toBeLessThan(1000 * rounding);
    expect(found.slice(2)).toEqual([850, 851, 852, 853, 854, 855, 856, 857]);
  });

  it('is nothing for no steps', () => {
    expect(rates(warmup(2, { steps: 0 }), 2)).toEqual([2, 2]);
  });

  it('refuses what is no length', () => {
    for (const steps of [-1, 1.5, Number.NaN]) expect(() => warmup(1, { steps })).toThrow(UsageError);
    for (const share of [-0.1, 1]) expect(() => warmup(1, { share })).toThrow(UsageError);
    expect(() => warmup(1, { steps: 1, share: 0.5 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: schedules.warmup: steps is 1 and share is 0.5, expected one of them.]`,
    );
    expect(() => warmup(1, {} as { steps: number })).toThrow(UsageError);
  });
});

describe('cosineDecay', () => {
  it('rises, then falls along half a cosine', () => {
    // Two steps of warm-up out of six: 1/3, 2/3, then cos over four steps.
    const falling = [0, 1, 2, 3].map((i) => (1 + Math.cos((Math.PI * i) / 4)) / 2);
    expect(
      distance(rates(cosineDecay({ peak: 1, warmup: 1 / 3 }), 6), [1 / 3, 2 / 3, ...falling]),
    ).toBeLessThan(rounding);
  });

  it('ends at the last rate', () => {
    const schedule = cosineDecay({ peak: 1, last: 0.1 });
    expect(schedule(10, { totalSteps: 10, stepsPerEpoch: 10 })).toBeCloseTo(0.1, 12);
    expect(schedule(99, { totalSteps: 10, stepsPerEpoch: 10 })).toBeCloseTo(0.1, 12);
  });
});

it('an epoch has a table of its rates in float64', () => {
  const length = { totalSteps: 6, stepsPerEpoch: 3 };
  expect(ratesOf(stepDecay({ rate: 0.1, factor: 0.5 }), 3, 3, length)).toEqual([0.05, 0.05, 0.05]);
  expect(ratesOf(0.1, 3, 2, length)).toEqual([0.1, 0.1]);
});
