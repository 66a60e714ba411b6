/** Muon: orthogonalised momentum for matrices, and AdamW for the other parameters. */
import type { Tensor } from '../../engine/tensor.js';
import { add, divide, scale, sqrt, subtract, multiply } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { l2Penalty } from '../../kernels/l2_penalty.js';
import { matmul } from '../../kernels/matmul.js';
import { reshape } from '../../kernels/reshape.js';
import { belowOne, countOrZero, finite, flag, notNegative, orNull, positive } from '../../options.js';
import { adamScalars, adamUpdate } from './adam.js';
import { defineOptimizer } from './define_optimizer.js';
import { matches, patternsRule } from './shared_options.js';

export interface MuonOptions {
  /** The factor of the old momentum of matrices. Default 0.95. */
  readonly momentum?: number;
  /** Nesterov momentum. Default true. */
  readonly nesterov?: boolean;
  /** Newton–Schulz iterations. Default 5. */
  readonly nsSteps?: number;
  /** The coefficients of an iteration. Default 3.4445, −4.775 and 2.0315. */
  readonly muonA?: number;
  readonly muonB?: number;
  readonly muonC?: number;
  /** The root mean square of a step, over the rate: 0.2 suits the rates and the decay of Adam; null: 1/√(the longer side). */
  readonly rmsRate?: number | null;
  /** Parameters in whose path (`conv2d/kernel`) one of these regular expressions is found are updated by AdamW. Default none. */
  readonly excludeLayers?: readonly (string | RegExp)[];
  /** Whether AdamW updates embeddings, too. Default true. */
  readonly excludeEmbeddings?: boolean;
  /** Of AdamW: the factors of the old means, ε, and its rate over that of matrices. Default 0.9, 0.999, 1e-7 and 1. */
  readonly adamBeta1?: number;
  readonly adamBeta2?: number;
  readonly epsilon?: number;
  readonly adamLrRatio?: number;
}

/**
 * The Newton–Schulz iteration for the nearest orthogonal matrix: x ← a·x + (b·x·xᵀ + c·(x·xᵀ)²)·x from x / ‖x‖, on the shorter side.
 *
 * Shapes: x [R,C] → [R,C], with singular values near 1.
 */
function orthogonalised(
  x: Tensor,
  { muonA, muonB, muonC, nsSteps }: Pick<Required<MuonOptions>, 'muonA' | 'muonB' | 'muonC' | 'nsSteps'>,
): Tensor {
  const [rows, columns] = x.shape as readonly [number, number];
  const isWide = rows <= columns;
  let now = divide(x, add(sqrt(l2Penalty(x, 1)), 1e-7));
  for (let i = 0; i < nsSteps; i++) {
    const product = matmul(now, now, isWide ? { transposeB: true } : { transposeA: true });
    const both = add(scale(matmul(product, product), muonC), scale(product, muonB));
    now = add(isWide ? matmul(both, now) : matmul(now, both), scale(now, muonA));
  }
  return now;
}

/**
 * Muon. Matrices, and the kernels of convolutions as matrices [height·width·inputs, outputs], are updated one by one:
 *
 *   m ← μ·m + g;   p ← p − lr · rmsRate·√max(rows, columns) · orthogonal(g + μ·m)   (or orthogonal(m) without Nesterov)
 *
 * The other parameters, and what `excludeLayers` names, take a step of AdamW at once. Decoupled weight decay, 0.004 by default,
 * applies to both. Keras leaves the kernels of convolutions to AdamW: exclude their layers for that; it has a second option for
 * the decay of AdamW.
 *
 * Throws: UsageError for values out of range.
 * Source: Jordan et al. 2024, Muon; Liu et al. 2025 for rmsRate; Keras for the form and the defaults.
 */
export const muon = defineOptimizer<MuonOptions>({
  name: 'muon',
  rules: () => ({
    momentum: belowOne,
    nesterov: flag,
    nsSteps: countOrZero,
    muonA: finite,
    muonB: finite,
    muonC: finite,
    rmsRate: orNull(positive),
    excludeLayers: patternsRule,
    excludeEmbeddings: flag,
    adamBeta1: belowOne,
    adamBeta2: belowOne,
    epsilon: notNegative,
    adamLrRatio: positive,
  }),
  defaults: {
    momentum: 0.95,
    nesterov: true,
    nsSteps: 5,
    muonA: 3.4445,
    muonB: -4.775,
    muonC: 2.0315,
    rmsRate: 0.2,
    excludeLayers: [],
    excludeEmbeddings: true,
    adamBeta1: 0.9,
    adamBeta2: 0.999,
    epsilon: 1e-7,
    adamLrRatio: 1,
    weightDecay: 0.004,
  },
  learningRate: 1e-3,
  scalars: ({ adamBeta1: beta1, adamBeta2: beta2, epsilon, adamLrRatio }) => {
    const { corrected_rate, ...others } = adamScalars({
      beta1,
      beta2,
      epsilon,
      epsilonPlacement: 'uncorrected',
    });
    return {
      learning_rate: ({ learningRate }) => learningRate,
      corrected_rate: (step) => adamLrRatio * corrected_rate(step),
      ...others,
    };
  },
  slots: () => ['mean', 'mean_square'],
  isMatrix: ({ name, shape }, { excludeLayers, excludeEmbeddings }) =>
    shape.length > 1 && !(excludeEmbeddings && /embedding/i.test(name)) && !matches(excludeLayers, name),
  update: (operands, options) => {
    const { parameters, gradients, slots, scalar, isMatrix } = operands;
    const { momentum, nesterov, rmsRate, adamBeta1: beta1, adamBeta2: beta2 } = options;
    if (!isMatrix) return adamUpdate(operands, { beta1, beta2, amsgrad: false });
    const mean = add(gradients, scale(slots['mean']!, momentum));
    assign(slots['mean']!, mean);
    const { shape } = parameters;
    const columns = shape.at(-1)!;
    const rows = parameters.size / columns;
    const direction = nesterov ? add(scale(mean, momentum), gradients) : mean;
    const step = reshape(orthogonalised(reshape(direction, [rows, columns]), options), shape);
    const size = rmsRate === null ? 1 : rmsRate * Math.sqrt(Math.max(rows, columns));
    return subtract(parameters, multiply(scale(step, size), scalar('learning_rate')));
  },
});
