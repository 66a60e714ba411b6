/** Checks of batch_norm_inference. Letters: C channels (the last axis), μ and v given, σ = √(v + ε). */
import { sizeOf } from '../../engine/primitive.js';
import { batchNormInference, batchNormInferenceOp } from '../../kernels/batch_norm_inference.js';
import { map64 } from '../../reference/array64.js';
import {
  type BatchNormAttributes,
  batchNormInference64,
  batchNormInferenceGradients64,
  batchNormInferenceReference,
} from '../../reference/batch_norm_inference.js';
import { drawPositive, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Input = 'x' | 'gamma' | 'beta' | 'mean' | 'variance';

const shapes = (...x: readonly number[]): Record<Input, readonly number[]> => {
  const C = [x.at(-1) as number];
  return { x, gamma: C, beta: C, mean: C, variance: C };
};

const options: BatchNormAttributes = { epsilon: 1e-3 };

export const batchNormInferenceCheck = opCheck<Input, 'y', BatchNormAttributes>({
  op: batchNormInferenceOp,
  reference: batchNormInferenceReference,
  inputs: {
    x: { draw: drawSigned },
    gamma: { draw: drawSigned },
    beta: { draw: drawSigned },
    mean: { draw: drawSigned },
    variance: { draw: drawPositive },
  },
  outputs: ['y'],
  // The same on absolute values, with x − μ as |x| + |μ|.
  magnitudes: (inputs, { y: dy }, given) => {
    const { x, gamma, beta, mean, variance } = inputs;
    const absolute = {
      x: map64(x, Math.abs),
      gamma: map64(gamma, Math.abs),
      beta: map64(beta, Math.abs),
      mean: map64(mean, (value) => -Math.abs(value)),
      variance,
    };
    return {
      outputs: { y: batchNormInference64(absolute, given) },
      gradients: batchNormInferenceGradients64(
        { ...absolute, mean: map64(mean, Math.abs) },
        map64(dy, Math.abs),
        given,
        1,
      ),
    };
  },
  terms: ({ x }) => {
    const rows = sizeOf(x.slice(0, -1));
    return { gamma: rows, beta: rows, mean: rows, variance: rows };
  },
  // Roots and quotients, each accurate to 2.5 units in the last place, are chained.
  roundings: { x: 16, y: 16, gamma: 20, mean: 20, variance: 32 },
  call: ({ x, ...operands }, { epsilon }) => ({ y: batchNormInference(x, { ...operands, epsilon }) }),
  primitives: {
    'batch_norm_inference/forward': ({ inputs, options: given, outputs }) => ({
      inputs,
      attributes: given,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: shapes(2, 2),
      options: { epsilon: 1 },
      byHand: {
        // σ = 2 and 3: x̂ = 1, −1 and 3, 1.
        inputs: { x: [4, 1, 8, 7], gamma: [5, 3], beta: [1, 0], mean: [2, 4], variance: [3, 8] },
        outputs: { y: [6, -3, 16, 3] },
        gradients: {
          x: [2.5, 1, 2.5, 1],
          gamma: [4, 0],
          beta: [2, 2],
          mean: [-5, -2],
          variance: [-2.5, 0],
        },
      },
    },
    { name: 'odd sizes', inputs: shapes(3, 5, 7, 3), options },
    { name: 'rows of a dense layer', inputs: shapes(65, 33), options },
    { name: 'one channel', inputs: shapes(9, 4, 1), options },
    { name: 'above a workgroup', inputs: shapes(2, 14, 14, 33), options },
    { name: 'ε of 0', inputs: shapes(5, 7), options: { epsilon: 0 } },
  ],
  random: (random) => ({
    inputs: shapes(wholeNumber(random, 1, 9), wholeNumber(random, 1, 9), wholeNumber(random, 1, 40)),
    options: { epsilon: 10 ** -wholeNumber(random, 1, 5) },
  }),
  bench: [
    { name: 'paper-bn conv2', inputs: shapes(128, 28, 28, 32), options },
    { name: 'paper-bn dense', inputs: shapes(128, 256), options },
  ],
  wrongCalls: [
    {
      name: 'one axis',
      inputs: shapes(4),
      call: ({ x, ...operands }) => batchNormInference(x, operands),
    },
    {
      name: 'mean of other channels',
      inputs: { ...shapes(8, 4), mean: [8] },
      call: ({ x, ...operands }) => batchNormInference(x, operands),
    },
    {
      name: 'epsilon not a number',
      inputs: shapes(8, 4),
      call: ({ x, ...operands }) => batchNormInference(x, { ...operands, epsilon: NaN }),
    },
  ],
});
