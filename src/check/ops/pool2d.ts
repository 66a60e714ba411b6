/** What the checks of max and average pooling share: their options, and random cases. */
import type { Shape } from '../../engine/primitive.js';
import type { PoolAttributes } from '../../reference/pool2d.js';
import { type Random, oneOf, wholeNumber } from '../draws.js';
import { type WindowOptions, windowAttributes } from '../window.js';

export type PoolCaseOptions = WindowOptions & { readonly poolSize: readonly [number, number] } & Readonly<
    Record<string, string | readonly number[]>
  >;

export function poolAttributes(image: Shape, { poolSize, ...window }: PoolCaseOptions): PoolAttributes {
  return { window: poolSize, ...windowAttributes(image, poolSize, window) };
}

/** Images of at least 5 × 5 pixels, windows of at most 5 × 5, any stride up to 3, and either padding. */
export function randomPool(random: Random): {
  readonly inputs: { readonly x: number[] };
  readonly options: PoolCaseOptions;
} {
  const window = (): [number, number] => [wholeNumber(random, 1, 5), wholeNumber(random, 1, 5)];
  const [N, H, W, C] = [
    wholeNumber(random, 1, 3),
    wholeNumber(random, 5, 12),
    wholeNumber(random, 5, 12),
    wholeNumber(random, 1, 9),
  ];
  const strides: [number, number] = [wholeNumber(random, 1, 3), wholeNumber(random, 1, 3)];
  return {
    inputs: { x: [N, H, W, C] },
    options: { poolSize: window(), strides, padding: oneOf(random, ['same', 'valid']) },
  };
}
