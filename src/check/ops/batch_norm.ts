/**
 * Checks of batch_norm. Letters: x as rows of C channels (the last axis), m the number of rows that count, μ and v mean
 * and variance of a channel over them, σ = √(v + ε), x̂ = (x − μ)/σ.
 */
import { type Attributes, sizeOf } from '../../engine/primitive.js';
import { batchNorm, batchNormOp } from '../../kernels/batch_norm.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { type Array64, type Arrays, array64, fill64, map64 } from '../../reference/array64.js';
import { batchNormReference, batchStatistics64, overRows, rowsOf } from '../../reference/batch_norm.js';
import type { BatchNormAttributes } from '../../reference/batch_norm_inference.js';
import { tolerance } from '../../rounding.js';
import { type Draw, drawPositive, drawSigned, wholeNumber } from '../draws.js';
import { channelsAstray } from '../non_finite.js';
import { type Case, opCheck } from '../op_check.js';

type Input = 'x' | 'gamma' | 'beta' | 'state';
type Output = 'y' | 'mean' | 'variance';

const at = ({ values }: Array64, index: number): number => values[index] as number;

/** E[d²] in units of the variance. */
const far = 130;

/**
 * The magnitudes that bound the rounding errors, per channel. Statistics are sums of d = x − x[0]; the first value is added
 * to the mean once, and so counts like one rounding of the sum, not like all of them.
 *   mean:     Σ|d|/m + |x[0]|·(one rounding)
 *   variance: Σd²/m, from which (Σd/m)² is subtracted
 * A first value farther away than `far` must have no influence: then d = x − μ.
 */
function magnitudes64(inputs: Arrays<Input>, dy: Array64, { epsilon }: BatchNormAttributes) {
  const { x, gamma, beta, state } = inputs;
  const C = x.shape.at(-1) as number;
  const m = rowsOf(x, state);
  const one = tolerance(1) / tolerance(m);
  const statistics = batchStatistics64(x, state);
  const perRow = (term: (i: number, c: number) => number): Array64 =>
    map64(overRows(x, m, term), (sum) => sum / m);
  const fromFirst = perRow((i, c) => (at(x, i) - at(x, c)) ** 2);
  const origin = map64(statistics.mean, (mu, c) =>
    at(fromFirst, c) > far * at(statistics.variance, c) ? mu : at(x, c),
  );
  const away = perRow((i, c) => Math.abs(at(x, i) - at(origin, c)));
  const mean = map64(away, (sum, c) => sum + (Math.abs(at(x, c)) + Math.abs(at(statistics.mean, c))) * one);
  const variance = perRow((i, c) => (at(x, i) - at(origin, c)) ** 2);
  const sigma = map64(statistics.variance, (v) => Math.sqrt(v + epsilon));
  /** 1 + the relative error of σ due to an error of the variance. */
  const spread = map64(variance, (v, c) => 1 + v / at(sigma, c) ** 2);
  /** The magnitude of x̂: x − μ, the error of μ, and that of σ. */
  const normalised = map64(x, (value, i) => {
    const c = i % C;
    const centred = Math.abs(value - at(statistics.mean, c));
    return ((centred + Math.abs(value) * one) * at(spread, c) + at(mean, c)) / at(sigma, c);
  });
  const y = map64(normalised, (value, i) => value * Math.abs(at(gamma, i % C)) + Math.abs(at(beta, i % C)));
  const dbeta = overRows(x, m, (i) => Math.abs(at(dy, i)));
  const dgamma = overRows(x, m, (i) => Math.abs(at(dy, i)) * at(normalised, i));
  const dx = map64(x, (_, i) => {
    const c = i % C;
    const shares = (at(dbeta, c) + at(normalised, i) * at(dgamma, c)) / m;
    return ((Math.abs(at(gamma, c)) * at(spread, c)) / at(sigma, c)) * (Math.abs(at(dy, i)) + shares);
  });
  return {
    outputs: { y, mean, variance },
    gradients: { x: dx, gamma: dgamma, beta: dbeta },
  };
}

/** The state of a step whose batch starts at `cursor` in an epoch of `epochSize` samples. */
const stateOf =
  (cursor: number, epochSize: number): Draw =>
  () => {
    const values = new Float64Array(stateSize);
    values[stateWords.cursor] = cursor;
    values[stateWords.epochSize] = epochSize;
    return { shape: [stateSize], dtype: 'u32', values };
  };

/** Every sample counts. */
const wholeBatch = stateOf(0, 0xffffffff);

const shapes = (...x: readonly number[]): Record<Input, readonly number[]> => ({
  x,
  gamma: [x.at(-1) as number],
  beta: [x.at(-1) as number],
  state: [stateSize],
});

const options: BatchNormAttributes = { epsilon: 1e-3 };

type NormCase = Case<Input, Output, BatchNormAttributes>;

const norm = (name: string, x: readonly number[], more: Partial<NormCase> = {}): NormCase => ({
  name,
  inputs: shapes(...x),
  options,
  ...more,
});

/** The batch ends after `count` of its samples; the others do not contribute to a loss. */
const part = (name: string, x: readonly number[], count: number): NormCase =>
  norm(name, x, { draw: { state: stateOf(96, 96 + count) }, isSmooth: false });

/** Channels with mean `mean` and standard deviation about 1. */
const around =
  (mean: number): Draw =>
  (random, shape) =>
    map64(drawSigned(random, shape), (value) => Math.fround(mean + 1.7 * value));

const primitive = <K extends string>(inputs: Arrays<K>, attributes: Attributes = {}) => ({
  inputs,
  attributes,
});

export const batchNormCheck = opCheck<Input, Output, BatchNormAttributes>({
  op: batchNormOp,
  reference: batchNormReference,
  inputs: {
    x: { draw: drawSigned },
    gamma: { draw: drawPositive },
    beta: { draw: drawSigned },
    state: { dtype: 'u32', draw: wholeBatch },
  },
  outputs: ['y', 'mean', 'variance'],
  differentiable: ['y'],
  magnitudes: (inputs, { y: dy }, given) => magnitudes64(inputs, dy, given),
  terms: ({ x }) => {
    const rows = sizeOf(x.slice(0, -1));
    return { y: rows, mean: rows, variance: rows, x: rows, gamma: rows, beta: rows };
  },
  // The mean is the first value plus a mean of differences from it: for infinities that is NaN, as in Welford's form.
  mayBeNaN: ({ x }) => {
    const C = x.shape.at(-1) as number;
    const channels = channelsAstray(x, (index) => index % C);
    return { mean: (c) => channels.has(c) };
  },
  // Divisions and roots, each accurate to 2.5 units in the last place, are chained.
  roundings: { y: 16, mean: 8, variance: 8, x: 24, gamma: 16, beta: 4 },
  call: ({ x, gamma, beta, state }, { epsilon }) => batchNorm(x, { gamma, beta, state, epsilon }),
  primitives: {
    'batch_norm/statistics': ({ inputs: { x, state }, outputs: { mean, variance } }) => ({
      ...primitive({ x, state }),
      results: { mean, variance },
    }),
    'batch_norm/normalise': ({ inputs: { x, gamma, beta }, options: given, outputs }) => ({
      ...primitive({ x, mean: outputs.mean.value, variance: outputs.variance.value, gamma, beta }, given),
      results: { y: outputs.y },
    }),
    'batch_norm/gradient_sums': ({ inputs, options: given, outputs, outputGradients, gradients }) => {
      const { x, gamma, state } = inputs;
      const [mean, variance] = [outputs.mean.value, outputs.variance.value];
      return {
        ...primitive({ x, dy: outputGradients.y, mean, variance, gamma, state }, given),
        results: { dgamma: gradients.gamma!, dbeta: gradients.beta! },
      };
    },
    'batch_norm/counted': ({ inputs: { x, state } }) => {
      const C = x.shape.at(-1) as number;
      const value = map64(x, (held, i) => (i < rowsOf(x, state) * C ? held : 0));
      return {
        inputs: { x, state },
        attributes: { perSample: sizeOf(x.shape.slice(1)) },
        results: { y: { value, magnitude: map64(value, Math.abs).values, tolerance: 0 } },
      };
    },
    'batch_norm/rows': ({ inputs: { x, state } }) => {
      const value = array64([], [Math.max(rowsOf(x, state), 1)]);
      return {
        inputs: { state },
        attributes: { samples: x.shape[0] as number, pixels: sizeOf(x.shape.slice(1, -1)) },
        results: { y: { value, magnitude: map64(value, Math.abs).values, tolerance: 0 } },
      };
    },
    'batch_norm/input_gradient': ({ inputs, options: given, outputs, outputGradients, gradients }) => {
      const { x, gamma, state } = inputs;
      const m = rowsOf(x, state);
      const sigma = map64(outputs.variance.value, (v) => Math.sqrt(v + given.epsilon));
      const scale = map64(gamma, (value, c) => value / at(sigma, c));
      const shift = map64(gradients.beta!.value, (value) => value / m);
      const slope = map64(gradients.gamma!.value, (value, c) => value / m / at(sigma, c));
      const coefficients = array64(
        [3, x.shape.at(-1) as number],
        [...scale.values, ...shift.values, ...slope.values],
      );
      return {
        ...primitive({ x, dy: outputGradients.y, mean: outputs.mean.value, coefficients, state }),
        results: { dx: gradients.x! },
      };
    },
  },
  cases: [
    {
      // Channel 0: 1, 3, 5, 7: μ = 4, v = 5. Channel 1: 0, 0, 0, 8: μ = 2, v = 12. With ε = 4: σ = 3 and 4.
      ...norm('by hand', [2, 2, 2]),
      options: { epsilon: 4 },
      byHand: {
        inputs: {
          x: [1, 0, 3, 0, 5, 0, 7, 8],
          gamma: [3, 2],
          beta: [10, -1],
          state: [0, 0, 0, 0xffffffff, 0, 0, 0, 0],
        },
        outputs: { y: [7, -2, 9, -2, 11, -2, 13, 2], mean: [4, 2], variance: [5, 12] },
        // Σ y does not change with x.
        gradients: { x: [0, 0, 0, 0, 0, 0, 0, 0], gamma: [0, 0], beta: [4, 4] },
      },
    },
    norm('odd sizes', [3, 5, 7, 3]),
    norm('rows of a dense layer', [65, 33]),
    norm('one channel', [37, 1]),
    norm('one row: variance 0', [1, 6], { isSmooth: false }),
    norm('a constant channel', [4, 3, 3, 2], {
      draw: { x: (_, shape) => fill64(shape, (i) => (i % 2 === 0 ? 0.75 : -3)) },
      isSmooth: false,
    }),
    norm('mean 1000, deviation 1', [8, 7, 3], { draw: { x: around(1000) }, isSecondOrder: true }),
    norm('mean −10⁵, deviation 1', [40, 5, 5, 3], { draw: { x: around(-1e5) }, isSmooth: false }),
    norm('the first value far from all others', [16, 9, 4], {
      draw: { x: (random, shape) => map64(drawSigned(random, shape), (v, i) => (i < 4 ? 60 : v)) },
    }),
    norm('the first value 1000 deviations away', [64, 12, 12, 3], {
      draw: { x: (random, shape) => map64(drawSigned(random, shape), (v, i) => (i < 3 ? 1000 : v)) },
      isSmooth: false,
    }),
    { ...part('part of the batch', [8, 3, 3, 5], 5), isSecondOrder: true },
    part('one sample of the batch', [7, 2, 2, 3], 1),
    part('a part that ends within a slice', [128, 14, 14, 8], 71),
    norm('below a slice', [127, 9]),
    norm('above a slice', [129, 9]),
    norm('slices of few channels', [64, 12, 12, 2]),
    norm('more channels than slices need', [130, 600]),
  ],
  random: (random) => ({
    inputs: shapes(
      wholeNumber(random, 1, 9),
      wholeNumber(random, 1, 9),
      wholeNumber(random, 2, 9),
      wholeNumber(random, 1, 17),
    ),
    options: { epsilon: 10 ** -wholeNumber(random, 1, 4) },
  }),
  bench: [
    norm('paper-bn conv2', [128, 28, 28, 32]),
    norm('paper-bn conv4', [128, 14, 14, 64]),
    norm('paper-bn dense', [128, 256]),
  ],
  wrongCalls: [
    {
      name: 'one axis',
      inputs: { ...shapes(4), state: { shape: [stateSize], dtype: 'u32' } },
      call: ({ x, gamma, beta, state }) => batchNorm(x, { gamma, beta, state }),
    },
    {
      name: 'gamma of other channels',
      inputs: { ...shapes(8, 4), gamma: [5], state: { shape: [stateSize], dtype: 'u32' } },
      call: ({ x, gamma, beta, state }) => batchNorm(x, { gamma, beta, state }),
    },
    {
      name: 'no state',
      inputs: { ...shapes(8, 4), state: { shape: [4], dtype: 'u32' } },
      call: ({ x, gamma, beta, state }) => batchNorm(x, { gamma, beta, state }),
    },
    {
      name: 'epsilon below 0',
      inputs: { ...shapes(8, 4), state: { shape: [stateSize], dtype: 'u32' } },
      call: ({ x, gamma, beta, state }) => batchNorm(x, { gamma, beta, state, epsilon: -1 }),
    },
  ],
});
