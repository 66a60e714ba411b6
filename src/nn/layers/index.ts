/** Every layer that users call, as `layers`; class_names.ts lists them for files. */
export { activation } from './activation.js';
export { add } from './add.js';
export { averagePooling2d } from './average_pooling2d.js';
export { batchNormalization } from './batch_normalization.js';
export { concatenate } from './concatenate.js';
export { conv2d } from './conv2d.js';
export { dense } from './dense.js';
export { dropout } from './dropout.js';
export { flatten } from './flatten.js';
export { maxPooling2d } from './max_pooling2d.js';
