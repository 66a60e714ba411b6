/** Every metric. `compile` takes what these functions return, and their names. */
export { accuracy } from './accuracy.js';
export { auc } from './auc.js';
export { balancedAccuracy } from './precision_recall.js';
export { binaryAccuracy } from './accuracy.js';
export { categoricalAccuracy } from './accuracy.js';
export { f1Score } from './precision_recall.js';
export { meanAbsoluteError } from './mean_errors.js';
export { meanSquaredError } from './mean_errors.js';
export { precision } from './precision_recall.js';
export { recall } from './precision_recall.js';
export { rootMeanSquaredError } from './mean_errors.js';
export { sparseCategoricalAccuracy } from './accuracy.js';
export { topKCategoricalAccuracy } from './top_k.js';
