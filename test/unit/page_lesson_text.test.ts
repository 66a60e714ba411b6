/** What the page says of a lesson: what was learned, and what it cost; or why nothing was, and what that leaves. */
import { expect, it } from 'vitest';
import type { LessonOutcome, Prediction } from '../../web/protocol.js';
import { lessonText } from '../../web/views/drawing_lesson.js';

function prediction(...probabilities: number[]): Prediction {
  return {
    input: new Uint8Array(1),
    probabilities: Float32Array.from(probabilities),
    ms: 1,
    by: 'device',
  };
}

function text(given: Partial<LessonOutcome>): string {
  const [before, after] = [prediction(0.98, 0.02), prediction(0.1, 0.9)];
  const learned = { before, after, isLearned: true, rehearsed: 255, forgotten: 0 };
  return lessonText({ ...learned, ...given }, 1, ['zero', 'one']);
}

it.each<[Partial<LessonOutcome>, string]>([
  [
    {},
    'Learned: one from 2.0 % to 90.0 %. Before, it was taken for zero. Still correct on the 255 rechecked images.',
  ],
  [
    { forgotten: 3 },
    'Learned: one from 2.0 % to 90.0 %. Before, it was taken for zero. Now wrong on 3 of the 255 rechecked images.',
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
    'Learned: one from 2.0 % to 90.0 %. Before, it was taken for zero. No training images are here to recheck.',
  ],
  [
    { isLearned: false, forgotten: 24 },
    'Not learned: the network would get 24 of 255 rechecked training images wrong. The network is unchanged; a larger one has more room.',
  ],
  [
    { isLearned: false },
    'Not learned: the network cannot tell this drawing from what it knows. The network is unchanged; a larger one has more room.',
  ],
])('%o', (given, expected) => {
  expect(text(given)).toBe(expected);
});
