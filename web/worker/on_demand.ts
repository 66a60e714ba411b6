/** What few visits need, as a separate script: it measures kernels, corrects the model, and reads the user's files. */
export { datasetFromFiles } from '../../src/browser/dropped_files.js';
export { readPicture } from '../../src/browser/read_picture.js';
export { correct } from './one_shot_correction.js';
export { measure } from './tuner.js';

/** As in on_demand_script.ts. */
export const build: string = '%build%';
