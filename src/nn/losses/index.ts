/** Every loss. `compile` takes what these functions return, and their names. */
export { binaryCrossentropy } from './binary_crossentropy.js';
export { categoricalCrossentropy } from './categorical_crossentropy.js';
export { categoricalHinge } from './categorical_hinge.js';
export { cosineSimilarity } from './cosine_similarity.js';
export { hinge } from './hinge.js';
export { huber } from './huber.js';
export { klDivergence } from './kl_divergence.js';
export { logCosh } from './log_cosh.js';
export { meanAbsoluteError } from './mean_absolute_error.js';
export { meanAbsolutePercentageError } from './mean_absolute_percentage_error.js';
export { meanSquaredError } from './mean_squared_error.js';
export { meanSquaredLogarithmicError } from './mean_squared_logarithmic_error.js';
export { multiMargin } from './multi_margin.js';
export { poisson } from './poisson.js';
export { sparseCategoricalCrossentropy } from './sparse_categorical_crossentropy.js';
export { squaredHinge } from './squared_hinge.js';
