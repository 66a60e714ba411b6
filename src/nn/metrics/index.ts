/** Every metric. `compile` takes what these functions return, and their names. */
export { accuracy } from './accuracy.js';
export { binaryAccuracy } from './accuracy.js';
export { categoricalAccuracy } from './accuracy.js';
export { meanAbsoluteError } from './mean_errors.js';
export { meanSquaredError } from './mean_errors.js';
export { rootMeanSquaredError } from './mean_errors.js';
export { sparseCategoricalAccuracy } from './accuracy.js';
