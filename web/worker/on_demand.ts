/**
 * What a visit can begin without, as a separate script: it reads data sets and the user's files, prepares trainings, tests
 * and inspects the model, corrects it, and measures kernels.
 */
export { fetchDataset } from '../../src/browser/datasets.js';
export { datasetFromFiles } from '../../src/browser/dropped_files.js';
export { terminateOnNaN, warnOnDivergence } from '../../src/nn/callbacks/index.js';
export { modelsByName } from '../../src/nn/models.js';
export { batchSizeOf, callbacksOf, fitOptionsOf, modelOf } from '../../src/recipe/parts.js';
export { readPicture } from '../../src/browser/read_picture.js';
export { Previewer } from './data_preview.js';
export { evaluating } from './evaluating.js';
export { imagesToTest } from './evaluating_images.js';
export { inspecting } from './inspecting.js';
export { correct } from './one_shot_correction.js';
export { split } from './split.js';
export { measure } from './tuner.js';

/** As in same_build.ts, but of this script. */
export const build: string = '%build%';
