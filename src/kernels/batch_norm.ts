/**
 * Batch normalisation in training: normalises each channel of a batch to mean 0 and standard deviation 1, then scales and shifts.
 *
 * Letters: N samples of PIXELS rows with C channels each (C is the last axis), m rows that count, μ and v the channel's
 * mean and variance over them, σ = √(v + ε), x̂ = (x − μ)/σ.
 */
import gradientSumsWgsl from '../../shaders/batch_norm/gradient_sums.wgsl';
import gradientSumsReduceWgsl from '../../shaders/batch_norm/gradient_sums_reduce.wgsl';
import inputGradientWgsl from '../../shaders/batch_norm/input_gradient.wgsl';
import normaliseWgsl from '../../shaders/batch_norm/normalise.wgsl';
import statisticsWgsl from '../../shaders/batch_norm/statistics.wgsl';
import statisticsReduceWgsl from '../../shaders/batch_norm/statistics_reduce.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import {
  type DeviceTraits,
  type Dispatch,
  type Lowering,
  type NoAttributes,
  type Primitive,
  type Shape,
  type Spec,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe, tensorRule } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type BatchNormOperands, batchNormRules, checkBatchNorm } from './batch_norm_inference.js';
import { add, divide, multiply, sqrt, square, subtract } from './arithmetic.js';
import { elementwisePrimitive } from './elementwise.js';
import { gradientsOf, stopGradient } from './grad.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { stateSize, stateWords } from './step_state.js';
import { sum } from './sum.js';
import { foldSlices } from './sum_gpu.js';
import { stateWordsWgsl } from '../state_words.js';

registerShaders({
  'batch_norm/gradient_sums': gradientSumsWgsl,
  'batch_norm/gradient_sums_reduce': gradientSumsReduceWgsl,
  'batch_norm/input_gradient': inputGradientWgsl,
  'batch_norm/normalise': normaliseWgsl,
  'batch_norm/statistics': statisticsWgsl,
  'batch_norm/statistics_reduce': statisticsReduceWgsl,
  'floats/non_finite': nonFiniteWgsl,
  'step_state/words': stateWordsWgsl(),
});

type Epsilon = { readonly epsilon: number };

interface Extents {
  readonly N: number;
  readonly PIXELS: number;
  readonly C: number;
}

function extentsOf(shape: Shape): Extents {
  const [N, C] = [shape[0] as number, shape.at(-1) as number];
  return { N, PIXELS: sizeOf(shape) / (N * C), C };
}

/** Number of slices of a sum, so that few channels still give `wanted` partial sums of at least 64 rows each, none empty. */
function slicesOf({ N, PIXELS, C }: Extents, wanted: number): number {
  const slices = Math.min(Math.ceil(wanted / C), Math.floor((N * PIXELS) / 64));
  return slices <= 1 ? 1 : Math.ceil((N * PIXELS) / Math.ceil((N * PIXELS) / slices));
}

type SlicedSums = 'batch_norm/statistics' | 'batch_norm/gradient_sums';

/** Two sums per channel: `shader` sums each slice, `<shader>_reduce` sums the slices of a channel. */
function slicedSums(
  shader: SlicedSums,
  extents: Extents,
  device: DeviceTraits,
  ofReduce: Readonly<Record<string, number>> = {},
): Lowering {
  const SLICES = slicesOf(extents, 512);
  return {
    scratch: { partial: 8 * SLICES * extents.C },
    dispatches: [
      perChannel(shader, SLICES, { ...extents, SLICES }, device),
      perChannel(`${shader}_reduce`, 1, { ...extents, ...ofReduce, SLICES }, device),
    ],
  };
}

/**
 * The same for a GPU: many more slices, which many invocations add in a dispatch between the two. One invocation per
 * channel would wait for hundreds of sequential loads.
 */
function foldedSums(
  shader: SlicedSums,
  extents: Extents,
  device: DeviceTraits,
  ofReduce: Readonly<Record<string, number>> = {},
): Lowering {
  const SLICES = slicesOf(extents, 65_536);
  return {
    scratch: { partial: 8 * SLICES * extents.C, folded: 8 * extents.C },
    dispatches: [
      perChannel(shader, SLICES, { ...extents, SLICES }, device),
      foldSlices(SLICES, 2 * extents.C, { from: 'partial', to: 'folded' }, device),
      {
        ...perChannel(`${shader}_reduce`, 1, { ...extents, ...ofReduce, SLICES: 1 }, device),
        bindings: { partial: 'folded' },
      },
    ],
  };
}

/** One invocation per channel and slice. */
function perChannel(
  shader: string,
  slices: number,
  constants: Extents & Readonly<Record<string, number>>,
  device: DeviceTraits,
): Dispatch {
  const { WORKGROUP, workgroups } = gridFor(slices * constants.C, device);
  return { shader, constants: { ...constants, WORKGROUP }, workgroups };
}

/** Blocks of rows, one invocation each per channel: enough for every core even with a small batch. */
function blocksOf({ N, PIXELS, C }: Extents, device: DeviceTraits) {
  const rows = N * PIXELS;
  const ROWS = device.family === 'software' ? Math.min(64, Math.ceil(rows / 64)) : 4;
  const { WORKGROUP, workgroups } = gridFor(Math.ceil(rows / ROWS) * C, device);
  return { constants: { ROWS, WORKGROUP }, workgroups };
}

const channels = (x: Spec): Shape => x.shape.slice(-1);

export const batchNormStatistics: Primitive<'x' | 'state', 'mean' | 'variance', NoAttributes> = {
  name: 'batch_norm/statistics',
  inputs: ['x', 'state'],
  outputs: ['mean', 'variance'],
  types: () => ({ state: 'u32' }),
  shape: ({ x }) => ({ mean: channels(x), variance: channels(x) }),
  cost: (context) => ({ flops: 4 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    {
      name: 'gpu',
      family: 'gpu',
      hasEpilogue: false,
      supports: ({ inputs: { x } }) => slicesOf(extentsOf(x.shape), 65_536) > 8,
      lower: ({ inputs: { x }, device }) => foldedSums('batch_norm/statistics', extentsOf(x.shape), device),
    },
    baselineVariant(({ inputs: { x }, device }) =>
      slicedSums('batch_norm/statistics', extentsOf(x.shape), device),
    ),
  ],
};

export const batchNormNormalise: Primitive<'x' | 'mean' | 'variance' | 'gamma' | 'beta', 'y', Epsilon> = {
  name: 'batch_norm/normalise',
  inputs: ['x', 'mean', 'variance', 'gamma', 'beta'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => ({ flops: 3 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, attributes: { epsilon }, device }) => {
        const extents = extentsOf(x.shape);
        const { constants, workgroups } = blocksOf(extents, device);
        const all = { ...extents, EPSILON: epsilon, ...constants };
        return { dispatches: [{ shader: 'batch_norm/normalise', constants: all, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

export const batchNormGradientSums: Primitive<
  'x' | 'dy' | 'mean' | 'variance' | 'gamma' | 'state',
  'dgamma' | 'dbeta' | 'coefficients',
  Epsilon
> = {
  name: 'batch_norm/gradient_sums',
  inputs: ['x', 'dy', 'mean', 'variance', 'gamma', 'state'],
  outputs: ['dgamma', 'dbeta', 'coefficients'],
  types: () => ({ state: 'u32' }),
  shape: ({ x }) => ({
    dgamma: channels(x),
    dbeta: channels(x),
    // γ/σ, dβ/m and dγ/(σ·m), the factors of the gradient of x.
    coefficients: [3, x.shape.at(-1) as number],
  }),
  cost: (context) => ({ flops: 4 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    {
      name: 'gpu',
      family: 'gpu',
      hasEpilogue: false,
      supports: ({ inputs: { x } }) => slicesOf(extentsOf(x.shape), 65_536) > 8,
      lower: ({ inputs: { x }, attributes: { epsilon }, device }) =>
        foldedSums('batch_norm/gradient_sums', extentsOf(x.shape), device, { EPSILON: epsilon }),
    },
    baselineVariant(({ inputs: { x }, attributes: { epsilon }, device }) =>
      slicedSums('batch_norm/gradient_sums', extentsOf(x.shape), device, { EPSILON: epsilon }),
    ),
  ],
};

export const batchNormInputGradient: Primitive<
  'x' | 'dy' | 'mean' | 'coefficients' | 'state',
  'dx',
  NoAttributes
> = {
  name: 'batch_norm/input_gradient',
  inputs: ['x', 'dy', 'mean', 'coefficients', 'state'],
  outputs: ['dx'],
  types: () => ({ state: 'u32' }),
  shape: ({ x }) => ({ dx: x.shape }),
  cost: (context) => ({ flops: 5 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, device }) => {
        const extents = extentsOf(x.shape);
        const { constants, workgroups } = blocksOf(extents, device);
        const all = { ...extents, ...constants };
        return { dispatches: [{ shader: 'batch_norm/input_gradient', constants: all, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

type SampleSize = {
  /** Elements of one sample. */
  readonly perSample: number;
};

/** x in the samples that count, 0 in those after the end of the epoch, whatever they hold. */
export const batchNormCounted = elementwisePrimitive<'x' | 'state', SampleSize>(
  'batch_norm/counted',
  ['x', 'state'],
  {
    whole: ['state'],
    expression: ({ x, state }, { perSample }, index) =>
      `select(0.0, ${x}, ${index} / ${perSample}u < ${state}[${stateWords.epochSize}] - ${state}[${stateWords.cursor}])`,
  },
  () => ({ state: 'u32' }),
);

const countedOp: Op<'x' | 'state', 'y', SampleSize> = opOf(
  batchNormCounted,
  ({ inputs: { state }, attributes, gradients }) => ({
    x: () => apply(countedOp, { x: gradients.y as Tensor, state }, attributes).y,
    state: null,
  }),
);

type BatchSize = { readonly samples: number; readonly pixels: number };

/** The number m of rows that count, at least 1. */
export const batchNormRows: Primitive<'state', 'y', BatchSize> = {
  ...elementwisePrimitive<'state', BatchSize>(
    'batch_norm/rows',
    ['state'],
    {
      whole: ['state'],
      expression: ({ state }, { samples, pixels }) =>
        `f32(max(min(${samples}u, ${state}[${stateWords.epochSize}] - ${state}[${stateWords.cursor}]) * ${pixels}u, 1u))`,
    },
    () => ({ state: 'u32' }),
  ),
  shape: () => ({ y: [] }),
};

const rowsOp = opOf(batchNormRows, () => ({ state: null }));

type GradientOperand = 'x' | 'dy' | 'mean' | 'variance' | 'gamma' | 'state';

/** dβ = Σ dy;  dγ = Σ dy·x̂;  dx = γ/σ · (dy − dβ/m − x̂·dγ/m) */
const batchNormGradientOp: Op<GradientOperand, 'dx' | 'dgamma' | 'dbeta', Epsilon> = {
  name: 'batch_norm/gradient',
  primitives: [batchNormGradientSums, batchNormInputGradient],
  forward: ({ x, dy, mean, variance, gamma, state }, attributes) => {
    const { dgamma, dbeta, coefficients } = runPrimitive(
      batchNormGradientSums,
      { x, dy, mean, variance, gamma, state },
      attributes,
    );
    const { dx } = runPrimitive(batchNormInputGradient, { x, dy, mean, coefficients, state }, {});
    return { dx, dgamma, dbeta };
  },
  // μ and v are functions of x, through which the gradient of x already flows here.
  backward: ({ inputs: { x, dy, mean, gamma, state }, attributes, gradients }) => ({
    mean: null,
    variance: null,
    state: null,
    ...gradientsOf({ x, dy, gamma }, gradients, (operands) =>
      writtenOut({ ...operands, origin: stopGradient(mean), state }, attributes),
    ),
  }),
};

/**
 * The gradients once more, of ops that can be differentiated. They do not change when all of x is shifted: `origin`, a
 * constant, keeps the digits of x where its mean is large.
 */
function writtenOut(
  { x, dy, gamma, origin, state }: Readonly<Record<'x' | 'dy' | 'gamma' | 'origin' | 'state', Tensor>>,
  { epsilon }: Epsilon,
): Record<'dx' | 'dgamma' | 'dbeta', Tensor> {
  const { N, PIXELS, C } = extentsOf(x.shape);
  // Selects instead of multiplying by 0 and 1: samples that do not count may hold NaN and infinity.
  const counted = (terms: Tensor): Tensor =>
    apply(countedOp, { x: terms, state }, { perSample: PIXELS * C }).y;
  const m = apply(rowsOp, { state }, { samples: N, pixels: PIXELS }).y;
  const perChannel = (terms: Tensor): Tensor => sum(terms, { axis: x.shape.slice(1).map((_, axis) => axis) });
  const shifted = counted(subtract(x, origin));
  const mean = divide(perChannel(shifted), m);
  const centred = counted(subtract(shifted, mean));
  const sigma = sqrt(add(divide(perChannel(square(centred)), m), epsilon));
  const normalised = divide(centred, sigma);
  const countedDy = counted(dy);
  const dbeta = perChannel(countedDy);
  const dgamma = perChannel(multiply(countedDy, normalised));
  const shares = divide(add(dbeta, multiply(normalised, dgamma)), m);
  const dx = counted(multiply(divide(gamma, sigma), subtract(countedDy, shares)));
  return { dx, dgamma, dbeta };
}

export const batchNormOp: Op<'x' | 'gamma' | 'beta' | 'state', 'y' | 'mean' | 'variance', Epsilon> = {
  name: 'batch_norm',
  primitives: [
    batchNormStatistics,
    batchNormNormalise,
    batchNormGradientSums,
    batchNormInputGradient,
    batchNormCounted,
    batchNormRows,
  ],
  nonDifferentiable: { mean: ['x', 'state'], variance: ['x', 'state'] },
  forward: ({ x, gamma, beta, state }, attributes) => {
    const { mean, variance } = runPrimitive(batchNormStatistics, { x, state }, {});
    const { y } = runPrimitive(batchNormNormalise, { x, mean, variance, gamma, beta }, attributes);
    return { y, mean, variance };
  },
  backward: ({ inputs: { x, gamma, state }, outputs, attributes, gradients }) => {
    const dy = gradients.y as Tensor;
    // Gradients of the gradient flow to x directly.
    const [mean, variance] = [stopGradient(outputs.mean), stopGradient(outputs.variance)];
    let recorded: Record<'dx' | 'dgamma' | 'dbeta', Tensor> | undefined;
    const all = (): Record<'dx' | 'dgamma' | 'dbeta', Tensor> =>
      (recorded ??= apply(batchNormGradientOp, { x, dy, mean, variance, gamma, state }, attributes));
    return {
      x: () => all().dx,
      gamma: () => all().dgamma,
      beta: () => all().dbeta,
      state: null,
    };
  },
};

/**
 * Batch normalisation by the statistics of the batch itself, over all axes but the last.
 *
 *   y = γ·(x − μ)/√(v + ε) + β,  μ = Σ x / m,  v = Σ (x − μ)² / m
 *
 * Only samples before the end of the epoch count: the first min(N, epochSize − cursor) by the step's state, so that
 * a partial batch has the statistics and gradients of its samples alone; dx of the other rows is 0. With an epochSize
 * of 0xffffffff, all rows count. Gradients flow through y only.
 * Shapes: x [N,…,C], gamma [C], beta [C], state the step's state → y like x, mean [C], variance [C] (biased).
 * Throws: ShapeError when the operands do not fit; UsageError for ε below 0.
 * Source: Ioffe and Szegedy 2015.
 */
export function batchNorm(
  x: Tensor,
  operands: BatchNormOperands & { readonly state: Tensor },
): { y: Tensor; mean: Tensor; variance: Tensor } {
  checkTensors('batchNorm', { x });
  checkCall('batchNorm', operands, () => ({ state: tensorRule(), ...batchNormRules() }));
  const { gamma, beta, state, epsilon = 1e-3 } = operands;
  checkBatchNorm('batchNorm', x, { gamma, beta });
  if (state.size !== stateSize)
    throw new ShapeError(`batchNorm: state is ${describe(state)}, expected the step's state [${stateSize}].`);
  return apply(batchNormOp, { x, gamma, beta, state }, { epsilon });
}
