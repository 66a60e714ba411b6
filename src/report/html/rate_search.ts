/** `find_rate.html`: the curve of a search for a learning rate, as a picture and a table. */
import { type RateSearchCurve, rateSearchChart, rateText } from '../charts/rate_search_chart.js';
import { figure, paragraph, table } from './elements.js';
import { page } from './page.js';

export interface RateSearchPage {
  readonly search: RateSearchCurve;
  /** What was trained. */
  readonly subtitle: string;
  readonly version: string;
}

export function rateSearchPage({ search, subtitle, version }: RateSearchPage): string {
  const { rates, losses, smoothed } = search;
  const rows = rates.map((rate, i) => [
    String(i + 1),
    rateText(rate),
    losses[i]!.toFixed(4),
    smoothed[i]!.toFixed(4),
  ]);
  const caption =
    'The loss of each step, while the rate grows exponentially. The suggestion is the rate with the steepest fall of the smoothed loss.';
  return page({
    title: 'Learning rate',
    subtitle,
    lead: paragraph(rateSuggestion(search)),
    sections: [
      { id: 'curve', title: 'Curve', html: figure(rateSearchChart(search), caption) },
      {
        id: 'steps',
        title: 'Steps',
        html: table({
          caption: 'Rate and loss of each step',
          head: ['step', 'rate', 'loss', 'smoothed'],
          rows,
          numeric: [0, 1, 2, 3],
          isCaptionHidden: true,
        }),
      },
    ],
    footer: `Written by shadegrad ${version}. This page is one file and fetches nothing.`,
  });
}

/** One sentence. */
export function rateSuggestion({ suggestion }: RateSearchCurve): string {
  return suggestion === undefined
    ? 'The loss never falls, so there is no suggestion: try a wider range of rates, or more steps.'
    : `Suggested learning rate: ${rateText(suggestion)}; peak of a schedule: about ${rateText(3 * suggestion)}.`;
}
