/**
 * The code that is not needed at the start of a visit, as a separate script: reading data sets, the user's files and saved
 * sessions, preparing trainings, testing, inspecting and correcting the model, and measuring kernels.
 */
export { fetchDataset } from '../../src/browser/datasets.js';
export { datasetFromFiles } from '../../src/browser/dropped_files.js';
export { modelsByName } from '../../src/nn/models.js';
export { optimizerOf } from '../../src/recipe/optimizer_of.js';
export { batchSizeOf } from '../../src/recipe/parts.js';
export { readPicture } from '../../src/browser/read_picture.js';
export { Previewer } from './data_preview.js';
export { evaluating } from './evaluating.js';
export { imagesToTest } from './evaluating_images.js';
export { inspecting } from './inspecting.js';
export { correct } from './one_shot_correction.js';
export { checkSession } from './saved_session_check.js';
export { split } from './split.js';
export { fitTraining } from './training_fit.js';
export { preparedPicture } from './predicting_pictures.js';
export { measure } from './tuner.js';

/** The build of this script (same_build.ts). */
export const build: string = '%build%';
