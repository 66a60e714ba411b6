/** one_hot in float64: 1 at the label, 0 elsewhere. */
import { fill64 } from './array64.js';
import type { Reference } from './reference.js';

/** `labels` has a last axis of extent 1. */
export const oneHotReference: Reference<'labels', 'y', { readonly classes: number }> = {
  op: 'one_hot',
  forward: ({ labels }, { classes }) => ({
    y: fill64([...labels.shape.slice(0, -1), classes], (i) =>
      labels.values[Math.floor(i / classes)] === i % classes ? 1 : 0,
    ),
  }),
  backward: () => ({}),
};
