/**
 * batch_gather in float64: x[b] = images[i] · scale + offset, and the image's label, where i is permutation[cursor + b]
 * modulo the number of images; past the end of the epoch x is 0 and the label 0xffffffff.
 */
import { sizeOf } from '../engine/primitive.js';
import { stateWords } from '../state_words.js';
import { type Array64, type Arrays, fill64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type Input = 'images' | 'labels' | 'permutation' | 'state';
export type GatherAttributes = { readonly batch: number; readonly scale: number; readonly offset: number };

export function gather64(
  { images, labels, permutation, state }: Arrays<Input>,
  { batch, scale, offset }: GatherAttributes,
): { x: Array64; y: Array64 } {
  const row = sizeOf(images.shape.slice(1));
  const x = zeros64([batch, ...images.shape.slice(1)]);
  const y: Array64 = fill64([batch], () => 0xffffffff, 'u32');
  const cursor = state.values[stateWords.cursor] as number;
  const epochSize = state.values[stateWords.epochSize] as number;
  for (let b = 0; b < batch && cursor + b < epochSize; b++) {
    const sample = (permutation.values[cursor + b] as number) % (images.shape[0] as number);
    y.values[b] = labels.values[sample] as number;
    for (let i = 0; i < row; i++)
      x.values[b * row + i] = (images.values[sample * row + i] as number) * scale + offset;
  }
  return { x, y };
}

export const batchGatherReference: Reference<Input, 'x' | 'y', GatherAttributes> = {
  op: 'batch_gather',
  forward: gather64,
};
