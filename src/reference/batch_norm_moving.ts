/** batch_norm_moving in float64: old·momentum + new·(1 − momentum), of mean and variance. */
import { combine64 } from './arithmetic.js';
import type { Array64 } from './array64.js';
import type { Reference } from './reference.js';

type Changed = 'movingMean' | 'movingVariance';

const moved = (old: Array64, now: Array64, momentum: number): Array64 =>
  combine64(old, now, (a, b) => a * momentum + b * (1 - momentum));

export const batchNormMovingReference: Reference<
  'mean' | 'variance' | Changed,
  Changed,
  { readonly momentum: number }
> = {
  op: 'batch_norm_moving',
  forward: ({ mean, variance, movingMean, movingVariance }, { momentum }) => ({
    movingMean: moved(movingMean, mean, momentum),
    movingVariance: moved(movingVariance, variance, momentum),
  }),
};
