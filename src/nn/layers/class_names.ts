/** The layers by the names that files have for them. Apart from index.ts, so that `layers.dense` brings no other layer. */
import { activation } from './activation.js';
import { add } from './add.js';
import { averagePooling2d } from './average_pooling2d.js';
import { batchNormalization } from './batch_normalization.js';
import { concatenate } from './concatenate.js';
import { conv2d } from './grouped_conv2d.js';
import { conv2dTranspose } from './conv2d_transpose.js';
import { dense } from './dense.js';
import { depthwiseConv2d } from './depthwise_conv2d.js';
import { dropout } from './dropout.js';
import { flatten } from './flatten.js';
import { maxPooling2d } from './max_pooling2d.js';
import type { LayerMaker } from './registry.js';
import { separableConv2d } from './separable_conv2d.js';

/** Every layer by Keras's class name, for `registerLayers`. */
export const layerClasses: Readonly<Record<string, LayerMaker>> = {
  Activation: activation,
  Add: add,
  AveragePooling2D: averagePooling2d,
  BatchNormalization: batchNormalization,
  Concatenate: concatenate,
  Conv2D: conv2d,
  Conv2DTranspose: conv2dTranspose,
  Dense: dense,
  DepthwiseConv2D: depthwiseConv2d,
  Dropout: dropout,
  Flatten: flatten,
  MaxPooling2D: maxPooling2d,
  SeparableConv2D: separableConv2d,
};
