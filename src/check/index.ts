/** The checks of all ops, by name: the list behind the tests, gradcheck and the bench. */
import type { Op } from '../engine/op.js';
import type { Primitive } from '../engine/primitive.js';
import { nonDifferentiable, ops } from '../kernels/index.js';
import * as optimizers from '../nn/optimizers/index.js';
import { arithmeticChecks } from './ops/arithmetic.js';
import { augmentCheck } from './ops/augment.js';
import { avgPool2dCheck } from './ops/avg_pool2d.js';
import { batchGatherCheck } from './ops/batch_gather.js';
import { batchGatherChunksCheck } from './ops/batch_gather_chunks.js';
import type { Checkable } from './check_op.js';
import { batchNormCheck } from './ops/batch_norm.js';
import { batchNormInferenceCheck } from './ops/batch_norm_inference.js';
import { batchNormMovingCheck } from './ops/batch_norm_moving.js';
import { concatenateCheck } from './ops/concatenate.js';
import { conv2dCheck } from './ops/conv2d.js';
import { dropoutCheck } from './ops/dropout.js';
import { filter2dCheck } from './ops/filter2d.js';
import { l2PenaltyCheck } from './ops/l2_penalty.js';
import { l2TotalsCheck } from './ops/l2_totals.js';
import { matmulCheck } from './ops/matmul.js';
import { argMaxCheck, maxCheck } from './ops/max.js';
import { maxPool2dCheck } from './ops/max_pool2d.js';
import { microBatchCheck } from './ops/micro_batch.js';
import type { OpCheck } from './op_check.js';
import { reluCheck } from './ops/relu.js';
import { reshapeCheck } from './ops/reshape.js';
import { rmspropCheck } from './ops/rmsprop.js';
import { rooflineCheck } from './ops/roofline.js';
import { sgdCheck } from './ops/sgd.js';
import { sgdMomentumCheck } from './ops/sgd_momentum.js';
import { sigmoidCheck } from './ops/sigmoid.js';
import { softmaxCheck } from './ops/softmax.js';
import { softmaxCrossEntropyCheck } from './ops/softmax_cross_entropy.js';
import { stepStateCheck } from './ops/step_state.js';
import { sumCheck } from './ops/sum.js';
import { transposeCheck } from './ops/transpose.js';

const all: readonly OpCheck[] = [
  ...arithmeticChecks,
  conv2dCheck,
  maxPool2dCheck,
  avgPool2dCheck,
  matmulCheck,
  reluCheck,
  sigmoidCheck,
  dropoutCheck,
  batchNormCheck,
  batchNormInferenceCheck,
  l2PenaltyCheck,
  softmaxCheck,
  softmaxCrossEntropyCheck,
  sumCheck,
  maxCheck,
  argMaxCheck,
  reshapeCheck,
  transposeCheck,
  concatenateCheck,
  filter2dCheck,
  batchGatherCheck,
  batchGatherChunksCheck,
  augmentCheck,
  rmspropCheck,
  sgdCheck,
  sgdMomentumCheck,
  batchNormMovingCheck,
  l2TotalsCheck,
  stepStateCheck,
  microBatchCheck,
  rooflineCheck,
];

export const checks: ReadonlyMap<string, OpCheck> = new Map(all.map((each) => [each.reference.op, each]));

const opOf = (primitive: Primitive): string => primitive.name.split('/')[0]!;
/** Primitives outside any op, including those of the optimizers. */
export const alone = [
  ...nonDifferentiable,
  ...Object.values(optimizers).flatMap(({ primitives }) => primitives),
] as unknown as readonly Primitive[];

/** Everything with a check: the ops, and the primitives that belong to none, grouped by their name prefix. */
export const checkables: readonly Checkable[] = [
  ...(ops as unknown as readonly Op[]),
  ...[...new Set(alone.map(opOf))].map((name) => ({
    name,
    primitives: alone.filter((primitive) => opOf(primitive) === name),
  })),
];
