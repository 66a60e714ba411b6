/** All optimizers: an export here can be called by users and named in files. */
export { rmsprop } from './rmsprop.js';
export { sgd } from './sgd.js';
