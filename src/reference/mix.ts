/** mix_images, mix_rows and mix_labels in float64. */
import { stateWords } from '../state_words.js';
import { type Arrays, fill64 } from './array64.js';
import type { Reference } from './reference.js';

type Input = 'x' | 'other' | 'draws' | 'state';

/** blend, top, bottom, left, right, share of a sample of the batch. */
function drawsOf({ draws, state }: Arrays<Input>, n: number): readonly number[] {
  const place = state.values[stateWords.cursor]! + n;
  return [...draws.values.subarray(6 * place, 6 * place + 6)];
}

export type MixImagesOptions = { readonly height: number; readonly width: number; readonly channels: number };

export const mixImagesReference: Reference<Input, 'y', MixImagesOptions> = {
  op: 'mix_images',
  forward: (all, { height, width, channels }) => ({
    y: fill64(all.x.shape, (i) => {
      const [n, p, q] = [height * width * channels, width * channels, channels].map((size) =>
        Math.floor(i / size),
      );
      const [blend, top, bottom, left, right] = drawsOf(all, n!) as [number, number, number, number, number];
      const [row, column] = [p! % height, q! % width];
      const [own, other] = [all.x.values[i]!, all.other.values[i]!];
      const isInside = row >= top && row < bottom && column >= left && column < right;
      if (!isInside) return own;
      return blend === 0 ? other : blend * own + (1 - blend) * other;
    }),
  }),
};

export const mixRowsReference: Reference<Input, 'y', { readonly perSample: number }> = {
  op: 'mix_rows',
  forward: (all, { perSample }) => ({
    y: fill64(all.x.shape, (i) => {
      const share = drawsOf(all, Math.floor(i / perSample))[5]!;
      return share * all.x.values[i]! + (1 - share) * all.other.values[i]!;
    }),
  }),
};

export const mixLabelsReference: Reference<Input, 'y', Readonly<Record<string, never>>> = {
  op: 'mix_labels',
  forward: (all) => ({
    y: fill64(all.x.shape, (n) => (drawsOf(all, n)[5]! >= 0.5 ? all.x : all.other).values[n]!, 'u32'),
  }),
};
