/** The outcome of a one-shot correction, as text. */
import { probability } from '../../src/report/charts/numbers.js';
import type { CorrectionOutcome } from '../protocol.js';
import { nanText, winnerOf } from './drawing_figures.js';

export function correctionText(
  { before, after, isCorrected, rehearsed, forgotten }: CorrectionOutcome,
  label: number,
  names: readonly string[],
): string {
  const taken = winnerOf(before.probabilities);
  if (!isCorrected) {
    if (taken === -1) return `Not learned. ${nanText} Train again with a smaller learning rate.`;
    const reason =
      forgotten > 0
        ? `the network would get ${forgotten} of ${rehearsed} rechecked training images wrong`
        : 'its last layer cannot separate this drawing from the training images';
    return `Not learned: ${reason}. The network is unchanged; a larger one has more capacity.`;
  }
  const [from, to] = [before, after].map(({ probabilities }) => probability(probabilities[label] as number));
  const cost =
    rehearsed > 0
      ? forgotten > 0
        ? `Now wrong on ${forgotten} of the ${rehearsed} rechecked images.`
        : `Still correct on the ${rehearsed} rechecked images.`
      : 'No training images were available to recheck.';
  return [
    `Learned: ${names[label] ?? label} ${from === to ? `stays at ${to}` : `from ${from} to ${to}`}.`,
    // The prediction before may have been right but less confident, or NaN.
    ...(taken === label || names[taken] === undefined
      ? []
      : [`Before, it was classified as ${names[taken]}.`]),
    cost,
  ].join(' ');
}
