/** Shared by max and average pooling. */
import type { WindowAttributes } from './window.js';

export interface PoolAttributes extends WindowAttributes {
  /** Pixels down and across. */
  readonly window: readonly number[];
}
