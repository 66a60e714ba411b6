/** What few visits need, as a script of its own: what measures kernels, teaches drawings, and reads the user's files. */
export { datasetFromFiles } from '../../src/browser/dropped_files.js';
export { readPicture } from '../../src/browser/read_picture.js';
export { learn } from './learning.js';
export { measure } from './tuner.js';

/** As in on_demand_script.ts. */
export const build: string = '%build%';
