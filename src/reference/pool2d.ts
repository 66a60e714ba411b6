/** What max- and average pooling share. */
import type { WindowAttributes } from './window.js';

export interface PoolAttributes extends WindowAttributes {
  /** Pixels down and across. */
  readonly window: readonly number[];
}
