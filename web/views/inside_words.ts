/** Explanations of layers and of the other parts of a step, for beginners. */
import { grouped } from '../../src/report/charts/numbers.js';

const ofClasses: Readonly<Record<string, string>> = {
  Input: 'The input of the first layer: one number per pixel and channel, scaled to a small range.',
  Conv2D:
    'Slides small filters over its input; each filter produces a map that is large where its pattern occurs.',
  DepthwiseConv2D: 'Slides a small filter of its own over each map of its input.',
  SeparableConv2D:
    'Slides a small filter over each map of its input, then mixes the maps at each pixel: cheaper than a convolution.',
  Conv2DTranspose:
    'The reverse of a convolution: each pixel of its input adds a small pattern to a larger image.',
  MaxPooling2D:
    'Keeps the maximum of each small square: the maps become smaller, and a shift by a pixel matters less.',
  AveragePooling2D: 'Takes the mean of each small square: the maps become smaller and smoother.',
  BatchNormalization:
    'Scales every map to a common range, with a learned mean and spread, so that deeper layers learn faster.',
  GlobalAveragePooling2D: 'Takes the mean of each whole map: one number per map.',
  GlobalMaxPooling2D: 'Takes the maximum of each whole map: one number per map.',
  LayerNormalization: 'Scales the values of each image to a common range, with a learned mean and spread.',
  GroupNormalization:
    'Scales groups of maps of each image to a common range, with a learned mean and spread.',
  InstanceNormalization: 'Scales every map of each image to a common range, with a learned mean and spread.',
  RMSNormalization: 'Divides the values of each image by their typical size, with a learned factor.',
  UnitNormalization: 'Divides the values of each image by their length, so that only their direction counts.',
  ZeroPadding2D: 'Adds rows and columns of zeros around its input.',
  Cropping2D: 'Removes rows and columns at the edges of its input.',
  UpSampling2D: 'Makes its maps larger, by repeating pixels or by blending neighbours.',
  Resizing: 'Stretches or shrinks its maps to a fixed size.',
  Reshape: 'Computes nothing: arranges the values of its input in another shape.',
  Permute: 'Computes nothing: puts the axes of its input in another order.',
  RepeatVector: 'Repeats its input, one row per step.',
  Embedding: 'Looks up a learned list of numbers for each integer of its input.',
  CategoryEncoding: 'Turns integers into a row of zeros with ones at their positions.',
  Activation: 'Applies a nonlinear function, so that several layers can compute more than a single one.',
  Dropout: 'In training, sets a random share of the values to 0 to reduce overfitting; here it does nothing.',
  RandomBrightness: 'In training, makes each image a little brighter or darker; here it does nothing.',
  RandomContrast: 'In training, changes the contrast of each image; here it does nothing.',
  RandomCrop: 'In training, cuts a random part out of each image; here that at its centre.',
  RandomErasing: 'In training, covers a random rectangle of each image; here it does nothing.',
  RandomFlip: 'In training, shows half of the images as in a mirror; here it does nothing.',
  RandomRotation: 'In training, rotates each image by a random angle; here it does nothing.',
  RandomTranslation: 'In training, moves each image by a random distance; here it does nothing.',
  RandomZoom: 'In training, makes each image a little larger or smaller; here it does nothing.',
  ActivityRegularization:
    'Adds a penalty of its values to the loss, so that they stay small; here it does nothing.',
  Add: 'Adds its inputs, so that layers between them only learn what to change.',
  AlphaDropout:
    'In training, sets a random share of the values to one low value, which keeps mean and spread; here it does nothing.',
  Average: 'Takes the mean of its inputs.',
  Concatenate: 'Computes nothing: puts its inputs side by side.',
  Dot: 'Multiplies its inputs and adds up the products: large where they are alike.',
  ELU: 'Keeps positive values and bends negative ones towards a lower limit.',
  Functional: 'A network in its own right, used as one layer.',
  GaussianDropout: 'In training, multiplies its values by random numbers; here it does nothing.',
  GaussianNoise: 'In training, adds random numbers to its values; here it does nothing.',
  Identity: 'Computes nothing: its output is its input.',
  LeakyReLU: 'Keeps positive values and makes negative ones small.',
  Maximum: 'Takes the largest of its inputs.',
  Minimum: 'Takes the smallest of its inputs.',
  Multiply: 'Multiplies its inputs, so that one can let the other through or not.',
  PReLU: 'Keeps positive values and scales negative ones by a learned factor.',
  ReLU: 'Keeps positive values and sets negative ones to 0.',
  Rescaling: 'Scales its values to another range.',
  Sequential: 'A network in its own right, used as one layer.',
  SpatialDropout2D: 'In training, sets random maps to 0 to reduce overfitting; here it does nothing.',
  Subtract: 'Subtracts its second input from the first.',
  Flatten: 'Computes nothing: arranges the values of all maps in one row.',
  Dense: 'Each unit computes a weighted sum of all its inputs.',
  Softmax: 'Turns the logits into probabilities between 0 and 1 that add up to 1.',
};

const ofScopes: Readonly<Record<string, string>> = {
  inputs: 'the batch: gathered, scaled, augmented',
  loss: 'how wrong the predictions are',
  optimizer: 'updates the weights',
  other: 'not part of a single layer',
};

/** A sentence on what a layer of this class does. */
export function layerWords(className: string): string {
  return ofClasses[className] ?? 'A custom layer.';
}

/** A few words on a part of a step that is not a layer; undefined for layers. */
export function scopeWords(scope: string): string | undefined {
  return ofScopes[scope];
}

/** Whether a layer's output equals its input in a prediction, so that it need not be drawn. */
export function passesOn(className: string): boolean {
  return className === 'Identity' || layerWords(className).endsWith('here it does nothing.');
}

/** Such as `28 × 28 × 32` or `3,136`. */
export function shapeWords(shape: readonly number[]): string {
  return shape.map((extent) => grouped(extent)).join(' × ');
}

/** A value of a filter or a map with three significant digits, such as `0.0312`, `−1.2` or `14.1`. */
export function valueWords(value: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return 'NaN';
  const text = Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replaceAll('-', '−');
}

/** Milliseconds, such as `0.42`, `12.3`, `1,204`, or `< 0.01` for times near the clock's resolution. */
export function msWords(ms: number): string {
  if (ms < 0.005) return '< 0.01';
  if (ms < 10) return ms.toFixed(2);
  return ms < 100 ? ms.toFixed(1) : grouped(ms);
}
