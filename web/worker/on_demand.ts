/** What few visits need, as a script of its own: what measures kernels, and what reads files of one's own. */
export { datasetFromFiles } from '../../src/browser/dropped_files.js';
export { measure } from './tuner.js';

/** As in on_demand_script.ts. */
export const build: string = '%build%';
