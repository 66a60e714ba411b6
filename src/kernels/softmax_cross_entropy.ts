/** Cross-entropy of integer labels under the softmax of logits: the loss of classification, fused. */
import forwardWgsl from '../../shaders/softmax_cross_entropy/forward.wgsl';
import forwardTogetherWgsl from '../../shaders/softmax_cross_entropy/forward_together.wgsl';
import logitsGradientWgsl from '../../shaders/softmax_cross_entropy/logits_gradient.wgsl';
import rowWgsl from '../../shaders/softmax_cross_entropy/row.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { ShapeError } from '../errors.js';
import { type Bypass, type Op, apply, opOf } from '../engine/op.js';
import {
  type Dispatch,
  type NoAttributes,
  type Primitive,
  type PrimitiveContext,
  type Spec,
  type Variant,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, describe } from '../engine/tensor.js';
import { add, divide, multiply, negate } from './arithmetic.js';
import { elementwisePrimitive } from './elementwise.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { reshape } from './reshape.js';
import { softmax, softmaxGradientOp } from './softmax.js';

registerShaders({
  'softmax_cross_entropy/forward': forwardWgsl,
  'softmax_cross_entropy/forward_together': forwardTogetherWgsl,
  'softmax_cross_entropy/logits_gradient': logitsGradientWgsl,
  'softmax_cross_entropy/row': rowWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

function checkOperands(logits: Spec, labels: Spec): void {
  const fits = logits.shape.length === 2 && labels.shape.length === 1 && labels.shape[0] === logits.shape[0];
  if (!fits) {
    throw new ShapeError(
      `softmaxCrossEntropy: logits ${describe(logits)} and labels ${describe(labels)} do not fit, expected [N,K] and [N].`,
    );
  }
}

type Context = PrimitiveContext<'logits' | 'labels', 'dlogits' | 'loss' | 'totals', NoAttributes>;

/** Above this, one workgroup takes longer than a second dispatch. */
const mostInOneWorkgroup = 16_384;

function together(
  family: 'software' | 'gpu',
): Variant<'logits' | 'labels', 'dlogits' | 'loss' | 'totals', NoAttributes> {
  return {
    name: `${family}_together`,
    family,
    hasEpilogue: true,
    supports: ({ inputs }) => sizeOf(inputs.logits.shape) <= mostInOneWorkgroup,
    lower: (context) => ({ dispatches: [oneWorkgroup('softmax_cross_entropy/forward_together', context)] }),
  };
}

function oneWorkgroup(shader: string, { inputs, device }: Context): Dispatch {
  const [N, K] = inputs.logits.shape as [number, number];
  const WORKGROUP = Math.min(256, device.maxInvocationsPerWorkgroup);
  return { shader, constants: { N, K, WORKGROUP }, workgroups: [1, 1, 1] };
}

/** The gradient is computed with the loss, which already computes most of it. */
export const softmaxCrossEntropyForward: Primitive<
  'logits' | 'labels',
  'dlogits' | 'loss' | 'totals',
  NoAttributes
> = {
  name: 'softmax_cross_entropy/forward',
  inputs: ['logits', 'labels'],
  outputs: ['dlogits', 'loss', 'totals'],
  types: () => ({ labels: 'u32' }),
  shape: ({ logits, labels }) => {
    checkOperands(logits, labels);
    return { dlogits: logits.shape, loss: [], totals: [4] };
  },
  cost: (context) => ({ flops: 10 * sizeOf(context.inputs.logits.shape), bytes: bytesTouched(context) }),
  variants: [
    together('software'),
    together('gpu'),
    baselineVariant(
      (context) => {
        const [N, K] = context.inputs.logits.shape as [number, number];
        const { WORKGROUP, workgroups } = gridFor(N, context.device);
        return {
          dispatches: [
            oneWorkgroup('softmax_cross_entropy/forward', context),
            { shader: 'softmax_cross_entropy/logits_gradient', constants: { N, K, WORKGROUP }, workgroups },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

type Classes = { readonly classes: number };

/** How much each row counts in the mean: 1 / count, or 0 if it is ignored. */
export const softmaxCrossEntropyWeights = elementwisePrimitive<'labels' | 'totals', Classes>(
  'softmax_cross_entropy/weights',
  ['labels', 'totals'],
  {
    whole: ['totals'],
    expression: ({ labels, totals }, { classes }) =>
      `select(0.0, 1.0 / max(${totals}[2], 1.0), ${labels} < ${classes}u)`,
  },
  () => ({ labels: 'u32' }),
);

/** Constant: a change of the logits does not change which rows count. */
const weightsOp: Op<'labels' | 'totals', 'y', Classes> = opOf(softmaxCrossEntropyWeights, () => ({
  labels: null,
  totals: null,
}));

type Selection = Classes & {
  /** Whether to keep the elements at the labels only, instead of all in the rows that count. */
  readonly isAtLabels: boolean;
  readonly otherwise: number;
};

/** x in the rows that count or at their labels, and `otherwise` elsewhere, whatever x holds there. */
export const softmaxCrossEntropySelect = elementwisePrimitive<'x' | 'labels', Selection>(
  'softmax_cross_entropy/select',
  ['x', 'labels'],
  {
    whole: ['labels'],
    expression: ({ x, labels }, { classes, isAtLabels, otherwise }, index, scalar) => {
      const label = `${labels}[${index} / ${classes}u]`;
      const isKept = isAtLabels ? `${label} == ${index} % ${classes}u` : `${label} < ${classes}u`;
      return `select(${scalar(otherwise)}, ${x}, ${isKept})`;
    },
  },
  () => ({ labels: 'u32' }),
);

const selectOp: Op<'x' | 'labels', 'y', Selection> = opOf(
  softmaxCrossEntropySelect,
  ({ inputs: { labels }, attributes, gradients }) => ({
    x: () => selected(gradients.y as Tensor, labels, attributes.isAtLabels),
    labels: null,
  }),
);

function selected(x: Tensor, labels: Tensor, isAtLabels = false, otherwise = 0): Tensor {
  return apply(selectOp, { x, labels }, { classes: x.shape.at(-1) as number, isAtLabels, otherwise }).y;
}

/** The elements of x at the labels, and 0 elsewhere; a row of zeros for a label that is not below K. Shapes: x [N,…,K], labels [N,…]. */
export function atLabels(x: Tensor, labels: Tensor): Tensor {
  return selected(x, labels, true);
}

/** See `softmaxCrossEntropyWeights`; `totals` are those of the loss. Shapes: labels [N] → [N,1]. */
export function rowShares(labels: Tensor, totals: Tensor, classes: number): Tensor {
  return reshape(apply(weightsOp, { labels, totals }, { classes }).y, [-1, 1]);
}

export const softmaxCrossEntropyOp: Op<'logits' | 'labels', 'dlogits' | 'loss' | 'totals', NoAttributes> = {
  name: 'softmax_cross_entropy',
  primitives: [softmaxCrossEntropyForward, softmaxCrossEntropyWeights, softmaxCrossEntropySelect],
  unitGradientOf: 'loss',
  nonDifferentiable: { totals: ['logits', 'labels'] },
  forward: (inputs) => runPrimitive(softmaxCrossEntropyForward, inputs, {}),
  backward: ({ inputs: { logits, labels }, outputs: { dlogits, totals }, gradients }) => ({
    logits: () => {
      const first = gradients.loss ? selected(multiply(dlogits, gradients.loss), labels) : dlogits;
      if (!gradients.dlogits) return first;
      // dlogits = weights · (softmax(logits) − one-hot labels)
      const weights = rowShares(labels, totals, logits.shape[1] as number);
      const dp = selected(multiply(gradients.dlogits, weights), labels);
      return add(first, apply(softmaxGradientOp, { y: softmax(selected(logits, labels)), dy: dp }, {}).dx);
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
  const { loss, totals } = apply(softmaxCrossEntropyOp, { logits, labels }, {});
  return { loss, totals };
}

/**
 * The same loss, of probabilities = softmax(logits). It reads the logits, and has the gradients by both if they are asked for.
 *
 * Shapes: probabilities and logits [N,K], labels [N] u32. Throws: ShapeError when the operands do not fit.
 */
export function probabilitiesCrossEntropy(
  probabilities: Tensor,
  logits: Tensor,
  labels: Tensor,
): { loss: Tensor; totals: Tensor } {
  const bypass: Bypass<'dlogits' | 'loss' | 'totals'> = {
    tensor: probabilities,
    gradient: ({ totals }, gradients) => {
      const weights = rowShares(labels, totals, logits.shape[1] as number);
      // loss = −Σ weights · log p[n, label[n]]
      const slopes = divide(weights, selected(probabilities, labels, true, 1));
      const dp = negate(gradients.loss ? multiply(slopes, gradients.loss) : slopes);
      const first = selected(dp, labels, true);
      if (!gradients.dlogits) return first;
      // dlogits = weights · (p − one-hot labels)
      return add(first, selected(multiply(gradients.dlogits, weights), labels));
    },
  };
  const { loss, totals } = apply(softmaxCrossEntropyOp, { logits, labels }, {}, bypass);
  return { loss, totals };
}
