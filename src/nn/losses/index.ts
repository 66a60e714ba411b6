/** Every loss. `compile` takes what these functions return; the few that it takes by name are in ../task.ts. */
export { sparseCategoricalCrossentropy } from './sparse_categorical_crossentropy.js';
