/** Every layer that users call, as `layers`; class_names.ts lists them for files. */
export { activation } from './activation.js';
export { add } from './add.js';
export { averagePooling2d } from './average_pooling2d.js';
export { batchNormalization } from './batch_normalization.js';
export { concatenate } from './concatenate.js';
export { conv2d } from './grouped_conv2d.js';
export { conv2dTranspose } from './conv2d_transpose.js';
export { dense } from './dense.js';
export { depthwiseConv2d } from './depthwise_conv2d.js';
export { dropout } from './dropout.js';
export { flatten } from './flatten.js';
export { maxPooling2d } from './max_pooling2d.js';
export { separableConv2d } from './separable_conv2d.js';
