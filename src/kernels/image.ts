/** Image operations by name: `image.blur(x)`, `image.augment(x, options)`. */
import type { Tensor } from '../engine/tensor.js';
import { filter2d } from './filter2d.js';

export { augment } from './augment.js';
export { filter2d } from './filter2d.js';

/** Weights of the filters that have names, 3×3 row by row. */
export const filterKernels = {
  /** (1/16)·[1 2 1; 2 4 2; 1 2 1] */
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map((weight) => weight / 16),
  /** [0 −1 0; −1 5 −1; 0 −1 0] */
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
} as const;

/** Gaussian blur, five times over by default; zeros outside. Shapes: x [N,H,W,C] → the same. */
export function blur(x: Tensor, iterations = 5): Tensor {
  return filter2d(x, filterKernels.blur, { iterations });
}

/** Sharpens edges; zeros outside. Shapes: x [N,H,W,C] → the same. */
export function sharpen(x: Tensor, iterations = 1): Tensor {
  return filter2d(x, filterKernels.sharpen, { iterations });
}
