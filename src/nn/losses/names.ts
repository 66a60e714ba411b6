/** The names of losses, as in Keras, in camelCase. */
import type * as all from './index.js';

export type LossName = keyof typeof all;
