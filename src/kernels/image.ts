/** Image operations by name: `image.blur(x)`, `image.augment(x, options)`. */
import type { Tensor } from '../engine/tensor.js';
import { filter2d } from './filter2d.js';
import { filterKernels } from './filter_kernels.js';

export { augment } from './augment.js';
export { filter2d } from './filter2d.js';
export { filterKernels } from './filter_kernels.js';

/** Gaussian blur, five times by default, with zero padding. Shapes: x [N,H,W,C] → the same. */
export function blur(x: Tensor, iterations = 5): Tensor {
  return filter2d(x, filterKernels.blur, { iterations });
}

/** Sharpens edges, with zero padding. Shapes: x [N,H,W,C] → the same. */
export function sharpen(x: Tensor, iterations = 1): Tensor {
  return filter2d(x, filterKernels.sharpen, { iterations });
}
