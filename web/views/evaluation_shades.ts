/**
 * Colour strength of a cell of the confusion matrix, in percent over the background of the page.
 *
 * Correct cells are subdued, mistakes stand out: their strength grows with the square root of their share of the
 * row, so that one in a hundred is visible, and reaches its maximum at a quarter. The maximum is half of the colour, so
 * that text stays readable in both colour schemes.
 */
const full = 50;
const faintest = 12;
/** Strength of a correct cell at a share of 1. */
const quiet = 20;
/** The share of a row at which a mistake has its full colour. */
const most = 0.25;

/** `share`: share of the images of the row, 0 … 1. */
export function strengthOf(share: number, isRight: boolean): number {
  if (share === 0) return 0;
  if (isRight) return quiet * (0.4 + 0.6 * share);
  return faintest + (full - faintest) * Math.min(1, Math.sqrt(share / most));
}
