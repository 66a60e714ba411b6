/** Every loss, under the name by which `compile` takes it. */
export { sparseCategoricalCrossentropy } from './sparse_categorical_crossentropy.js';
