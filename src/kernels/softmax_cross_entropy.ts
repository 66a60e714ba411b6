/** Cross-entropy of integer labels under the softmax of logits: the loss of classification, fused. */
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Pass, type Spec, sizeOf, type NoAttributes } from '../engine/pass.js';
import { runPass } from '../engine/program.js';
import { type Tensor, describe } from '../engine/tensor.js';
import { multiply } from './arithmetic.js';
import { bytesTouched, clearVariant, gridFor } from './grid.js';

function checkOperands(logits: Spec, labels: Spec): void {
  const fits = logits.shape.length === 2 && labels.shape.length === 1 && labels.shape[0] === logits.shape[0];
  if (!fits) {
    throw new ShapeError(
      `softmaxCrossEntropy: logits ${describe(logits)} and labels ${describe(labels)} do not fit, expected [N,K] and [N].`,
    );
  }
}

export const softmaxCrossEntropyForward: Pass<'logits' | 'labels', 'loss' | 'totals', NoAttributes> = {
  name: 'softmax_cross_entropy/forward',
  inputs: ['logits', 'labels'],
  outputs: ['loss', 'totals'],
  dtypes: { labels: 'u32' },
  shape: ({ logits, labels }) => {
    checkOperands(logits, labels);
    return { loss: { shape: [], dtype: 'f32' }, totals: { shape: [4], dtype: 'f32' } };
  },
  cost: (context) => ({ flops: 5 * sizeOf(context.inputs.logits.shape), bytes: bytesTouched(context) }),
  variants: [
    clearVariant(({ inputs, device }) => {
      const [N, K] = inputs.logits.shape as [number, number];
      const WORKGROUP = Math.min(256, device.maxInvocationsPerWorkgroup);
      return {
        dispatches: [
          { shader: 'softmax_cross_entropy/forward', constants: { N, K, WORKGROUP }, workgroups: [1, 1, 1] },
        ],
      };
    }),
  ],
};

export const softmaxCrossEntropyLogitsGradient: Pass<
  'logits' | 'labels' | 'totals',
  'dlogits',
  NoAttributes
> = {
  name: 'softmax_cross_entropy/logits_gradient',
  inputs: ['logits', 'labels', 'totals'],
  outputs: ['dlogits'],
  dtypes: { labels: 'u32' },
  shape: ({ logits }) => ({ dlogits: logits }),
  cost: (context) => ({ flops: 5 * sizeOf(context.inputs.logits.shape), bytes: bytesTouched(context) }),
  variants: [
    clearVariant(
      ({ inputs, device }) => {
        const [N, K] = inputs.logits.shape as [number, number];
        const { WORKGROUP, workgroups } = gridFor(N, device);
        return {
          dispatches: [
            { shader: 'softmax_cross_entropy/logits_gradient', constants: { N, K, WORKGROUP }, workgroups },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

export const softmaxCrossEntropyOp: Op<'logits' | 'labels', 'loss' | 'totals', NoAttributes> = {
  name: 'softmax_cross_entropy',
  passes: [softmaxCrossEntropyForward, softmaxCrossEntropyLogitsGradient],
  hasUnitGradient: true,
  forward: (inputs) => runPass(softmaxCrossEntropyForward, inputs, {}),
  backward: ({ inputs: { logits, labels }, outputs: { totals }, gradients }) => ({
    logits: () => {
      const { dlogits } = runPass(softmaxCrossEntropyLogitsGradient, { logits, labels, totals }, {});
      return gradients.loss ? multiply(dlogits, gradients.loss) : dlogits;
    },
    labels: null,
  }),
};

/**
 * The mean cross-entropy of integer labels under softmax(logits).
 *
 *   loss = Σ_n (log Σ_k exp(logits[n,k]) − logits[n, label[n]]) / count
 *
 * Rows whose label is not below K (such as 0xffffffff) are ignored: they add nothing to loss, count or gradient.
 * Shapes: logits [N,K], labels [N] u32 → loss [], totals [4] = (Σ losses, correct rows, counted rows, 0).
 * Units: nats. Throws: ShapeError when the operands do not fit.
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): { loss: Tensor; totals: Tensor } {
  return apply(softmaxCrossEntropyOp, { logits, labels }, {});
}
