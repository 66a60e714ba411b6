/** All losses, by their names in `compile`. */
export { sparseCategoricalCrossentropy } from './sparse_categorical_crossentropy.js';
