/** Every optimizer: an export here lets users call it, and files name it. */
export { rmsprop } from './rmsprop.js';
export { sgd } from './sgd.js';
