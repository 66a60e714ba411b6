/** What is said of layers and of the other parts of a step, for people who see them for the first time. */
import { grouped } from '../../src/report/charts/numbers.js';

const ofClasses: Readonly<Record<string, string>> = {
  Input: 'The image as the first layer gets it: a number for each pixel, small and alike in range.',
  Conv2D:
    'Slides small filters over the image; each filter makes a map that lights up where its pattern is found.',
  MaxPooling2D:
    'Keeps the largest of each little square: smaller maps, where a shift by a pixel matters less.',
  AveragePooling2D: 'Takes the mean of each little square: smaller and smoother maps.',
  BatchNormalization:
    'Brings every map to a common range, with a mean and a spread that it learned, so that deeper layers learn faster.',
  Activation: 'Bends the numbers, so that layers upon layers can say more than a single one.',
  Dropout:
    'While training, switches a random share of the numbers off, so that none is relied upon; here it passes all on.',
  Flatten: 'Computes nothing: the same numbers, all maps in one row.',
  Dense: 'Every unit weighs all the numbers before it and adds them up.',
  Softmax: 'Turns the sums into probabilities: each between 0 and 1, together 1.',
};

const ofScopes: Readonly<Record<string, string>> = {
  inputs: 'the batch: gathered, scaled, augmented',
  loss: 'how wrong the answers are',
  optimizer: 'the new weights',
  other: 'not of a single layer',
};

/** One plain sentence on what a layer of this class does. */
export function layerWords(className: string): string {
  return ofClasses[className] ?? 'A layer of its own kind.';
}

/** A few words on a part of a step that is no layer; undefined for layers. */
export function scopeWords(scope: string): string | undefined {
  return ofScopes[scope];
}

/** Whether a layer's output is just its input, so that there is nothing new to see. */
export function passesOn(className: string): boolean {
  return className === 'Dropout';
}

/** `28 × 28 × 32`, `3,136`. */
export function shapeWords(shape: readonly number[]): string {
  return shape.map((extent) => grouped(extent)).join(' × ');
}

/** A value of a filter or a map, to three figures: `0.0312`, `-1.2`, `14.1`. */
export function valueWords(value: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return 'NaN';
  const text = Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replaceAll('-', '−');
}

/** Milliseconds as people read them: `0.42`, `12.3`, `1,204`, and `< 0.01` for what the clock hardly sees. */
export function msWords(ms: number): string {
  if (ms < 0.005) return '< 0.01';
  if (ms < 10) return ms.toFixed(2);
  return ms < 100 ? ms.toFixed(1) : grouped(ms);
}
