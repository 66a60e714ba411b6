/** All optimizers: an export here can be called by users and named in files. */
export { adadelta } from './adadelta.js';
export { adagrad } from './adagrad.js';
export { adam, adamW } from './adam.js';
export { adamax } from './adamax.js';
export { lion } from './lion.js';
export { muon } from './muon.js';
export { nadam } from './nadam.js';
export { rmsprop } from './rmsprop.js';
export { sgd } from './sgd.js';
