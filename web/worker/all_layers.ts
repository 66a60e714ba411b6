/** Every layer, as a separate script: for models of files that hold others than the built-in ones. */
export { layerClasses } from '../../src/nn/layers/class_names.js';

/** As in same_build.ts, but of this script. */
export const build: string = '%build%';
