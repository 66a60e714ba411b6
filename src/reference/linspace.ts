/** linspace in float64: start + i · step. */
import { fill64 } from './array64.js';
import type { Reference } from './reference.js';

type LinspaceAttributes = { readonly start: number; readonly step: number; readonly count: number };

export const linspaceReference: Reference<never, 'y', LinspaceAttributes> = {
  op: 'linspace',
  forward: (_, { start, step, count }) => ({ y: fill64([count], (i) => start + i * step) }),
  backward: () => ({}),
};
