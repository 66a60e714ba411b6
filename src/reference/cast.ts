/** cast in float64, where all dtypes have the same numbers. */
import type { Reference } from './reference.js';

type CastAttributes = { readonly dtype: 'f32' | 'f16' };

/** y = x, up to the rounding of its dtype. */
export const castReference: Reference<'x', 'y', CastAttributes> = {
  op: 'cast',
  forward: ({ x }, { dtype }) => ({ y: { ...x, values: x.values.slice(), dtype } }),
  backward: ({ x }, { y: dy }) => ({ x: { ...dy, values: dy.values.slice(), dtype: x.dtype } }),
};
