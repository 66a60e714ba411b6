/** All layers and activations, in a separate script that is loaded with the first model that needs more than the built-in models do. */
export { layerClasses } from '../../src/nn/layers/class_names.js';
export { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
export * as activations from '../../src/kernels/activations.js';

/** The build of this script; see same_build.ts. */
export const build: string = '%build%';
