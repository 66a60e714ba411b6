/**
 * Colours of the confusion matrix (web/views/evaluation_shades.ts): nothing is not coloured; mistakes grow with their share,
 * stand out from what is right when a quarter of a class goes wrong, and every letter on every shade has the contrast 4.5
 * that WCAG asks for (level AA), in the light and in the dark.
 */
import { expect, it } from 'vitest';
import { colours } from '../../src/report/charts/palette.js';
import { strengthOf } from '../../web/views/evaluation_shades.js';

const shares = [0.0005, 0.01, 0.05, 0.1, 0.25, 0.5, 1];

it('grows with the share, from nothing at all', () => {
  for (const isRight of [true, false]) {
    expect(strengthOf(0, isRight)).toBe(0);
    const strengths = shares.map((share) => strengthOf(share, isRight));
    expect(strengths).toEqual([...strengths].sort((a, b) => a - b));
    expect(strengths[0]).toBeGreaterThan(5);
  }
  expect(strengthOf(0.01, false)).toBeGreaterThan(strengthOf(0.0005, false) + 3);
  expect(strengthOf(0.25, false)).toBeGreaterThan(2 * strengthOf(1, true));
});

const rgb = (hex: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
const luminance = (channels: readonly number[]): number =>
  channels
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i]!, 0);

it.each(['light', 'dark'] as const)('leaves letters readable in the %s', (theme) => {
  const of = (name: keyof typeof colours): number[] => rgb(colours[name][theme]);
  for (const isRight of [true, false]) {
    for (const share of shares) {
      const strength = strengthOf(share, isRight) / 100;
      const paper = of('paper');
      const ground = of(isRight ? 'blue' : 'orange').map(
        (value, i) => strength * value + (1 - strength) * paper[i]!,
      );
      const [low, high] = [luminance(ground), luminance(of('ink'))].sort((a, b) => a - b);
      expect((high! + 0.05) / (low! + 0.05)).toBeGreaterThan(4.5);
    }
  }
});
