/** reshape in float64: the same elements in the same order. */
import type { Shape } from '../engine/primitive.js';
import type { Reference } from './reference.js';

export const reshapeReference: Reference<'x', 'y', { readonly shape: Shape }> = {
  op: 'reshape',
  forward: ({ x }, { shape }) => ({ y: { ...x, shape } }),
  backward: ({ x }, { y: dy }) => ({ x: { ...dy, shape: x.shape } }),
};
