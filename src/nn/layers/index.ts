/** The layers. */
import { activation } from './activation.js';
import { add } from './add.js';
import { averagePooling2d } from './average_pooling2d.js';
import { batchNormalization } from './batch_normalization.js';
import { concatenate } from './concatenate.js';
import { conv2d } from './conv2d.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { flatten } from './flatten.js';
import { maxPooling2d } from './max_pooling2d.js';
import type { LayerMaker } from './registry.js';

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

/** All layers by Keras's class names, for `registerLayers`. */
export const layerClasses: Readonly<Record<string, LayerMaker>> = {
  Activation: activation,
  Add: add,
  AveragePooling2D: averagePooling2d,
  BatchNormalization: batchNormalization,
  Concatenate: concatenate,
  Conv2D: conv2d,
  Dense: dense,
  Dropout: dropout,
  Flatten: flatten,
  MaxPooling2D: maxPooling2d,
};
