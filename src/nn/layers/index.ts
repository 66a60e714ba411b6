/** The layers, and how a saved model's layers are made again. */
import { ModelError } from '../../errors.js';
import { activation } from './activation.js';
import { add } from './add.js';
import { averagePooling2d } from './average_pooling2d.js';
import { batchNormalization } from './batch_normalization.js';
import { conv2d } from './conv2d.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { flatten } from './flatten.js';
import type { Layer } from './layer.js';
import { maxPooling2d } from './max_pooling2d.js';

export { activation } from './activation.js';
export { add } from './add.js';
export { averagePooling2d } from './average_pooling2d.js';
export { batchNormalization } from './batch_normalization.js';
export { conv2d } from './conv2d.js';
export { dense } from './dense.js';
export { dropout } from './dropout.js';
export { flatten } from './flatten.js';
export { maxPooling2d } from './max_pooling2d.js';

const byClassName: Readonly<Record<string, (config: never) => Layer>> = {
  Activation: activation,
  Add: add,
  AveragePooling2D: averagePooling2d,
  BatchNormalization: batchNormalization,
  Conv2D: conv2d,
  Dense: dense,
  Dropout: dropout,
  Flatten: flatten,
  MaxPooling2D: maxPooling2d,
};

/** Throws: ModelError for a class that this version does not know. */
export function layerFromConfig(className: string, config: object): Layer {
  const make = Object.hasOwn(byClassName, className) ? byClassName[className] : undefined;
  if (!make)
    throw new ModelError(
      `model: layer class '${className}' is unknown, expected one of ${Object.keys(byClassName).join(', ')}.`,
    );
  return make(config as never);
}
