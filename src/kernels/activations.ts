/** The ops that layers take as their `activation`, by these names: an export here is also `ops.<name>` of the library. */
export { relu } from './relu.js';
export { sigmoid } from './sigmoid.js';
export { softmax } from './softmax.js';
