/** What came of a lesson, in words. */
import type { LessonOutcome } from '../protocol.js';
import { percentOf, winnerOf } from './drawing_figures.js';

export function lessonText(
  { before, after, isLearned, rehearsed, forgotten }: LessonOutcome,
  label: number,
  names: readonly string[],
): string {
  const of = `of ${rehearsed} training images`;
  if (!isLearned) {
    const reason =
      forgotten > 0
        ? `it would cost ${forgotten} ${of}`
        : 'the network cannot tell this drawing from what it knows';
    return `Not learned: ${reason}. The network is as it was; a larger one has more room.`;
  }
  const [from, to] = [before, after].map(({ probabilities }) => percentOf(probabilities[label] as number));
  const taken = winnerOf(before.probabilities);
  const cost =
    rehearsed > 0
      ? `It cost ${forgotten || 'none'} ${of}.`
      : 'What it cost is not known: there are no training images here.';
  return [
    `Learned: ${names[label] ?? label} ${from === to ? `stays at ${to}` : `from ${from} to ${to}`}.`,
    // It may have been right, and less sure, or have answered with no numbers.
    ...(taken === label || names[taken] === undefined ? [] : [`Before, it was taken for ${names[taken]}.`]),
    cost,
  ].join(' ');
}
