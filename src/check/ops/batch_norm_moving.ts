/** Checks of batch_norm_moving. */
import {
  type BatchNormMovingAttributes,
  batchNormMoving,
  batchNormMovingForward,
} from '../../kernels/batch_norm_moving.js';
import { combine64 } from '../../reference/arithmetic.js';
import type { Array64 } from '../../reference/array64.js';
import { batchNormMovingReference } from '../../reference/batch_norm_moving.js';
import { drawPositive, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Changed = 'movingMean' | 'movingVariance';
type Input = 'mean' | 'variance' | Changed;

const size = (old: Array64, now: Array64): Array64 =>
  combine64(old, now, (a, b) => Math.abs(a) + Math.abs(b));

const vectors = (C: number): Record<Input, readonly number[]> => ({
  mean: [C],
  variance: [C],
  movingMean: [C],
  movingVariance: [C],
});

const keras = { momentum: 0.99 };

export const batchNormMovingCheck = opCheck<Input, Changed, BatchNormMovingAttributes>({
  op: { name: 'batch_norm_moving', primitives: [batchNormMovingForward] },
  reference: batchNormMovingReference,
  inputs: {
    mean: { draw: drawSigned },
    variance: { draw: drawPositive },
    movingMean: { draw: drawSigned },
    movingVariance: { draw: drawPositive },
  },
  outputs: ['movingMean', 'movingVariance'],
  magnitudes: ({ mean, variance, movingMean, movingVariance }) => ({
    outputs: { movingMean: size(movingMean, mean), movingVariance: size(movingVariance, variance) },
    gradients: {},
  }),
  // old + (1 − momentum)·(new − old), in which infinities meet.
  mayBeNaN: ({ movingMean, movingVariance }) => ({
    movingMean: (c) => !Number.isFinite(movingMean.values[c]),
    movingVariance: (c) => !Number.isFinite(movingVariance.values[c]),
  }),
  primitives: {
    'batch_norm_moving/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: vectors(2),
      options: { momentum: 0.75 },
      byHand: {
        inputs: { mean: [4, -1], variance: [8, 0], movingMean: [0, 1], movingVariance: [1, 2] },
        outputs: { movingMean: [1, 0.5], movingVariance: [2.75, 1.5] },
      },
    },
    { name: 'odd size', inputs: vectors(33), options: keras },
    { name: 'above a workgroup', inputs: vectors(257), options: keras },
    { name: 'momentum 0', inputs: vectors(9), options: { momentum: 0 } },
  ],
  random: (random) => ({ inputs: vectors(wholeNumber(random, 1, 600)), options: { momentum: random() } }),
  bench: [{ name: 'paper-bn dense', inputs: vectors(256), options: keras }],
  wrongCalls: [
    {
      name: 'other channels',
      inputs: { ...vectors(4), movingVariance: [5] },
      call: (operands) => batchNormMoving(operands, keras),
    },
  ],
});
