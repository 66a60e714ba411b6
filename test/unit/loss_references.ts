/** The references with which the losses and metrics can be interpreted. */
import { checks } from '../../src/check/index.js';
import { type Array64, fill64, map64 } from '../../src/reference/array64.js';
import { referencesOf } from '../../src/reference/interpreter.js';

/** The parts of softmax_cross_entropy, of which the losses use two by themselves. */
const select = {
  op: 'softmax_cross_entropy/select',
  forward: ({ x, labels }: Arrays, { classes: K, isAtLabels, otherwise }: Selection) => ({
    y: map64(x!, (value, i) => (isKept(labels!, i, K, isAtLabels) ? value : otherwise)),
  }),
  backward: ({ labels }: Arrays, { y: dy }: Arrays, { classes: K, isAtLabels }: Selection) => ({
    x: map64(dy!, (value, i) => (isKept(labels!, i, K, isAtLabels) ? value : 0)),
  }),
};
const shares = {
  op: 'softmax_cross_entropy/weights',
  forward: ({ labels, totals }: Arrays, { classes }: Selection) => ({
    y: fill64(labels!.shape, (i) => (labels!.values[i]! < classes ? 1 / totals!.values[2]! : 0)),
  }),
  backward: () => ({}),
};
type Arrays = Readonly<Record<string, Array64>>;
type Selection = { readonly classes: number; readonly isAtLabels: boolean; readonly otherwise: number };

function isKept({ values }: Array64, i: number, K: number, isAtLabels: boolean): boolean {
  const label = values[Math.floor(i / K)]!;
  return isAtLabels ? label === i % K : label < K;
}

/** Of every op that the checks know, and of those parts. */
export const lossReferences = referencesOf([
  ...[...checks.values()].map(({ reference }) => reference),
  select,
  shares,
]);
