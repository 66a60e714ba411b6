/** Which answers are right. */
import type { Tensor } from '../../engine/tensor.js';
import { argMax } from '../../kernels/arg_max.js';
import { cast } from '../../kernels/cast.js';
import { equal } from '../../kernels/comparison.js';

/** 1 where the largest value along the last axis is that of the label, below 2²⁴, else 0. Shapes: [N,…,K], labels [N,…]. */
export function hits(output: Tensor, labels: Tensor): Tensor {
  return equal(cast(argMax(output, { axis: -1 }), 'f32'), cast(labels, 'f32'));
}
