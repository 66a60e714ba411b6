/** Every op, as users call it. */
export * from './activations.js';
export { all, any } from './any.js';
export { argMax } from './arg_max.js';
export { argMin } from './arg_min.js';
export {
  add,
  divide,
  exp,
  fill,
  log,
  multiply,
  negate,
  scale,
  sqrt,
  square,
  subtract,
} from './arithmetic.js';
export { assign } from './assign.js';
export { augmentBatch } from './augment.js';
export type { AugmentOptions, ErasingOptions } from '../augment_options.js';
export { avgPool2d } from './avg_pool2d.js';
export { batchGather } from './batch_gather.js';
export { batchGatherChunks } from './batch_gather_chunks.js';
// Over leading axes, too: that of matmul.ts, for layers, is of two matrices.
export { matmul } from './batch_matmul.js';
export { batchNorm } from './batch_norm.js';
export { batchNormInference } from './batch_norm_inference.js';
export { batchNormMoving } from './batch_norm_moving.js';
export { cast } from './cast.js';
export {
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from './comparison.js';
export { concatenate } from './concatenate.js';
export { conv2dTranspose } from './conv2d_transpose.js';
export { countedRows } from './counted_rows.js';
export { cumsum } from './cumsum.js';
export { depthwiseConv2d } from './depthwise_conv2d.js';
export { dropout } from './dropout.js';
export { einsum } from './einsum.js';
export { erf } from './erf.js';
export { expandDims, squeeze } from './expand_dims.js';
export { expm1 } from './exponentials.js';
export { clip, maximum, minimum } from './extremes.js';
export { gather } from './gather.js';
export { gridSample } from './grid_sample.js';
export { conv2d } from './grouped_conv2d.js';
export * as image from './image.js';
export { l2Penalty } from './l2_penalty.js';
export { l2Totals } from './l2_totals.js';
export { labelGather } from './label_gather.js';
export { linspace } from './linspace.js';
export { prelu } from './leaky_relu.js';
export { log1p } from './log1p.js';
export { logSoftmax } from './log_softmax.js';
export { logSumExp } from './log_sum_exp.js';
export { max } from './max.js';
export { maxPool2d } from './max_pool2d.js';
export { mean } from './mean.js';
export { accumulate } from './micro_batch.js';
export { min } from './min.js';
export { oneHot } from './one_hot.js';
export { pad } from './pad.js';
export { pow, reciprocal, rsqrt } from './power.js';
export { prod } from './prod.js';
export { randomNormal } from './random_normal.js';
export { randomUniform } from './random_uniform.js';
export { flatten, reshape } from './reshape.js';
export { resize } from './resize.js';
export { abs, ceil, floor, round, sign } from './rounding.js';
export { rowGather } from './row_gather.js';
export { separableConv2d } from './separable_conv2d.js';
export { reverse, slice } from './slice.js';
export { softmaxCrossEntropy } from './softmax_cross_entropy.js';
export { split, unstack } from './split.js';
export { stack } from './stack.js';
export { sum } from './sum.js';
export { takeAlongAxis } from './take_along_axis.js';
export { repeat, tile } from './tile.js';
export { topK } from './top_k.js';
export { transpose } from './transpose.js';
export { cos, sin, tan } from './trigonometry.js';
export { std, variance } from './variance.js';
