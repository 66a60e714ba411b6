/** What the page says about a one-shot correction: what was learned and what it cost, or why nothing was learned. */
import { expect, it } from 'vitest';
import type { CorrectionOutcome, Prediction } from '../../web/protocol.js';
import { correctionText } from '../../web/views/drawing_correction_text.js';

function prediction(...probabilities: number[]): Prediction {
  return {
    input: new Uint8Array(1),
    probabilities: Float32Array.from(probabilities),
    ms: 1,
    by: 'device',
  };
}

function text(given: Partial<CorrectionOutcome>): string {
  const [before, after] = [prediction(0.98, 0.02), prediction(0.1, 0.9)];
  const learned = { before, after, isCorrected: true, rehearsed: 255, forgotten: 0 };
  return correctionText({ ...learned, ...given }, 1, ['zero', 'one']);
}

it.each<[Partial<CorrectionOutcome>, string]>([
  [
    {},
    'Learned: one from 2.0 % to 90.0 %. Before, it was classified as zero. Still correct on the 255 rechecked images.',
  ],
  [
    { forgotten: 3 },
    'Learned: one from 2.0 % to 90.0 %. Before, it was classified as zero. Now wrong on 3 of the 255 rechecked images.',
  ],
  [
    { before: prediction(0.4, 0.6) },
    'Learned: one from 60.0 % to 90.0 %. Still correct on the 255 rechecked images.',
  ],
  [
    { before: prediction(0.1, 0.9) },
    'Learned: one stays at 90.0 %. Still correct on the 255 rechecked images.',
  ],
  [
    { rehearsed: 0 },
    'Learned: one from 2.0 % to 90.0 %. Before, it was classified as zero. No training images were available to recheck.',
  ],
  [
    { isCorrected: false, forgotten: 24 },
    'Not learned: the network would get 24 of 255 rechecked training images wrong. The network is unchanged; a larger one has more capacity.',
  ],
  [
    { isCorrected: false },
    'Not learned: its last layer cannot separate this drawing from the training images. The network is unchanged; a larger one has more capacity.',
  ],
])('%o', (given, expected) => {
  expect(text(given)).toBe(expected);
});
