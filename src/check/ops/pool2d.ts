/** What the checks of max and average pooling share: their options, and random cases. */
import type { Shape } from '../../engine/primitive.js';
import type { PoolAttributes } from '../../reference/pool2d.js';
import { type Random, oneOf, wholeNumber } from '../draws.js';
import { type WindowOptions, windowAttributes } from '../window.js';

export type PoolCaseOptions = WindowOptions & {
  readonly poolSize: readonly [number, number];
  readonly ceilMode?: boolean;
} & Readonly<Record<string, string | boolean | readonly number[]>>;

export function poolAttributes(
  image: Shape,
  { poolSize, ceilMode = false, ...window }: PoolCaseOptions,
): PoolAttributes {
  const attributes = { window: poolSize, ...windowAttributes(image, poolSize, window) };
  if (!ceilMode || window.padding === 'same') return attributes;
  const beyond = poolSize.map((extent, axis) => {
    const stride = window.strides[axis] as number;
    // Source: PyTorch, a window that begins in the image and holds a pixel that no other window before it ended with.
    let last = 0;
    while (last + extent < image[axis + 1]! && last + stride < image[axis + 1]!) last += stride;
    return Math.max(last + extent - image[axis + 1]!, 0);
  });
  return { ...attributes, pads: [0, 0, ...beyond] };
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
    options: {
      poolSize: window(),
      strides,
      padding: oneOf(random, ['same', 'valid']),
      ceilMode: random() < 0.5,
    },
  };
}
