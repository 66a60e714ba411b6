/**
 * All ops, and the registry from which tests, gradcheck, the bench and the docs are generated. A bundle that does not use
 * the registry does not contain it, because loading this module computes nothing.
 */
import type { Op } from '../engine/op.js';
import type { Primitive } from '../engine/primitive.js';
import { argMaxOp } from './arg_max.js';
import * as arithmetic from './arithmetic.js';
import { avgPool2dOp } from './avg_pool2d.js';
import { augmentColour, augmentDraw, augmentForward } from './augment.js';
import { batchGatherForward } from './batch_gather.js';
import { batchGatherChunksForward } from './batch_gather_chunks.js';
import { batchNormOp } from './batch_norm.js';
import { batchNormInferenceOp } from './batch_norm_inference.js';
import { batchNormMovingForward } from './batch_norm_moving.js';
import { concatenateOp } from './concatenate.js';
import { conv2dOp } from './conv2d.js';
import { dropoutOp } from './dropout.js';
import { filter2dOp } from './filter2d.js';
import { l2PenaltyOp } from './l2_penalty.js';
import { l2TotalsForward } from './l2_totals.js';
import { matmulOp } from './matmul.js';
import { maxOp } from './max.js';
import { maxPool2dOp } from './max_pool2d.js';
import { microBatchAccumulate } from './micro_batch.js';
import { reluOp } from './relu.js';
import { reshapeOp } from './reshape.js';
import { rooflineCopy, rooflineMultiplyAdd, rooflineRead } from './roofline.js';
import { sigmoidOp } from './sigmoid.js';
import { softmaxOp } from './softmax.js';
import { softmaxCrossEntropyOp } from './softmax_cross_entropy.js';
import { endStepPrimitive } from './step_state.js';
import { sumOp } from './sum.js';
import { transposeOp } from './transpose.js';

/** Every differentiable op. */
export const ops: readonly Op<never, never, never>[] = [
  arithmetic.addOp,
  arithmetic.subtractOp,
  arithmetic.multiplyOp,
  arithmetic.divideOp,
  arithmetic.negateOp,
  arithmetic.expOp,
  arithmetic.logOp,
  arithmetic.squareOp,
  arithmetic.sqrtOp,
  arithmetic.scaleOp,
  arithmetic.divideByOp,
  arithmetic.divideIntoOp,
  arithmetic.fillOp,
  conv2dOp,
  maxPool2dOp,
  avgPool2dOp,
  matmulOp,
  reluOp,
  sigmoidOp,
  dropoutOp,
  batchNormOp,
  batchNormInferenceOp,
  l2PenaltyOp,
  softmaxOp,
  softmaxCrossEntropyOp,
  sumOp,
  maxOp,
  argMaxOp,
  reshapeOp,
  transposeOp,
  concatenateOp,
  filter2dOp,
];

/** Primitives outside any op: they move data or update it in place, and have no gradient. */
export const nonDifferentiable: readonly Primitive<never, never, never>[] = [
  batchGatherForward,
  // Represents the primitives for other numbers of buffers.
  /* @__PURE__ */ batchGatherChunksForward(2),
  augmentDraw,
  augmentColour,
  augmentForward,
  batchNormMovingForward,
  l2TotalsForward,
  endStepPrimitive,
  microBatchAccumulate,
  rooflineMultiplyAdd,
  rooflineCopy,
  rooflineRead,
] as unknown as readonly Primitive<never, never, never>[];

export { argMax } from './arg_max.js';
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
export { augmentBatch } from './augment.js';
export { type AugmentOptions, type ErasingOptions, checkAugmentOptions } from '../augment_options.js';
export { avgPool2d } from './avg_pool2d.js';
export { batchGather } from './batch_gather.js';
export { batchGatherChunks } from './batch_gather_chunks.js';
export { batchNorm } from './batch_norm.js';
export { batchNormInference } from './batch_norm_inference.js';
export { batchNormMoving } from './batch_norm_moving.js';
export { concatenate } from './concatenate.js';
export { conv2d } from './conv2d.js';
export { dropout } from './dropout.js';
export * as image from './image.js';
export { l2Penalty } from './l2_penalty.js';
export { l2Totals } from './l2_totals.js';
export { matmul } from './matmul.js';
export { max } from './max.js';
export { maxPool2d } from './max_pool2d.js';
export { mean } from './mean.js';
export { accumulate } from './micro_batch.js';
export { relu } from './relu.js';
export { flatten, reshape } from './reshape.js';
export { sigmoid } from './sigmoid.js';
export { softmax } from './softmax.js';
export { softmaxCrossEntropy } from './softmax_cross_entropy.js';
export { sum } from './sum.js';
export { transpose } from './transpose.js';
