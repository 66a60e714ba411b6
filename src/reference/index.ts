/** Every reference by the name of its op: tests, gradcheck and the bench are made from this list. */
import type { Op } from '../engine/op.js';
import type { Primitive } from '../engine/primitive.js';
import { nonDifferentiable, ops } from '../kernels/index.js';
import { arithmeticReferences } from './arithmetic.js';
import { augmentReference } from './augment.js';
import { avgPool2dReference } from './avg_pool2d.js';
import { batchGatherReference } from './batch_gather.js';
import { batchGatherChunksReference } from './batch_gather_chunks.js';
import type { Checkable } from './check.js';
import { batchNormReference } from './batch_norm.js';
import { batchNormInferenceReference } from './batch_norm_inference.js';
import { batchNormMovingReference } from './batch_norm_moving.js';
import { conv2dReference } from './conv2d.js';
import { dropoutReference } from './dropout.js';
import { filter2dReference } from './filter2d.js';
import { l2PenaltyReference } from './l2_penalty.js';
import { l2TotalsReference } from './l2_totals.js';
import { matmulReference } from './matmul.js';
import { argMaxReference, maxReference } from './max.js';
import { maxPool2dReference } from './max_pool2d.js';
import { microBatchReference } from './micro_batch.js';
import type { Reference } from './reference.js';
import { reluReference } from './relu.js';
import { reshapeReference } from './reshape.js';
import { rmspropReference } from './rmsprop.js';
import { rooflineReference } from './roofline.js';
import { sgdReference } from './sgd.js';
import { sgdMomentumReference } from './sgd_momentum.js';
import { sigmoidReference } from './sigmoid.js';
import { softmaxReference } from './softmax.js';
import { softmaxCrossEntropyReference } from './softmax_cross_entropy.js';
import { stepStateReference } from './step_state.js';
import { sumReference } from './sum.js';
import { transposeReference } from './transpose.js';

const all: readonly Reference[] = [
  ...arithmeticReferences,
  conv2dReference,
  maxPool2dReference,
  avgPool2dReference,
  matmulReference,
  reluReference,
  sigmoidReference,
  dropoutReference,
  batchNormReference,
  batchNormInferenceReference,
  l2PenaltyReference,
  softmaxReference,
  softmaxCrossEntropyReference,
  sumReference,
  maxReference,
  argMaxReference,
  reshapeReference,
  transposeReference,
  filter2dReference,
  batchGatherReference,
  batchGatherChunksReference,
  augmentReference,
  rmspropReference,
  sgdReference,
  sgdMomentumReference,
  batchNormMovingReference,
  l2TotalsReference,
  stepStateReference,
  microBatchReference,
  rooflineReference,
];

export const references: ReadonlyMap<string, Reference> = new Map(all.map((each) => [each.op, each]));

const opOf = (primitive: Primitive): string => primitive.name.split('/')[0]!;
const alone = nonDifferentiable as unknown as readonly Primitive[];

/** What has a reference: the ops, and the primitives that stand alone, gathered by the op in their names. */
export const checkables: readonly Checkable[] = [
  ...(ops as unknown as readonly Op[]),
  ...[...new Set(alone.map(opOf))].map((name) => ({
    name,
    primitives: alone.filter((primitive) => opOf(primitive) === name),
  })),
];
