/** All layers, as a separate script, which the first model that holds a layer of another class than the built-in ones loads. */
export { layerClasses } from '../../src/nn/layers/class_names.js';

/** As in same_build.ts, but of this script. */
export const build: string = '%build%';
