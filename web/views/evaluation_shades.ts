/**
 * How strongly a cell of the confusion matrix is coloured, in percent of its colour on the page's own background.
 *
 * What is right stays quiet, mistakes stand out: their strength grows with the square root of their share of the row, so
 * that one in a hundred can be told from none, and is full where a quarter of a class goes wrong. At full strength it is
 * half of the colour: letters in the page's ink stay readable on it, in the light and in the dark.
 */
const full = 50;
const faintest = 12;
/** Of what is right, where all of a class is. */
const quiet = 20;
/** The share of a row at which a mistake has its full colour. */
const most = 0.25;

/** `share`: of the images of the row's class, 0 … 1. */
export function strengthOf(share: number, isRight: boolean): number {
  if (share === 0) return 0;
  if (isRight) return quiet * (0.4 + 0.6 * share);
  return faintest + (full - faintest) * Math.min(1, Math.sqrt(share / most));
}
