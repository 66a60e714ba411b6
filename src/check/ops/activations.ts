/**
 * Checks of the activations that compute each element from the element at the same place.
 * Letters: x the operand, y the result, dx and dy their gradients.
 */
import { relu, reluOp } from '../../kernels/relu.js';
import { sigmoid, sigmoidOp } from '../../kernels/sigmoid.js';
import { reluReference, sigmoidReference } from '../../reference/activations.js';
import { fill64, map64 } from '../../reference/array64.js';
import { drawAwayFromZero, drawSigned, drawTies, oneOf, wholeNumber } from '../draws.js';
import type { OpCheck } from '../op_check.js';
import { unaryCheck } from './elementwise.js';

const reluCheck = unaryCheck({
  everySize: true,
  options: {},
  op: reluOp,
  reference: reluReference,
  call: relu,
  draw: drawAwayFromZero,
  roundings: { y: 0, x: 0 },
  byHand: { x: [-1, 0, 2, 0.5], y: [0, 0, 2, 0.5], dx: [0, 0, 1, 1], isSmooth: false },
  cases: [{ name: 'zeros', shape: [65], draw: { x: drawTies }, isSmooth: false }],
  bench: [
    { name: 'paper conv2', inputs: { x: [128, 28, 28, 32] } },
    { name: 'paper dense1', inputs: { x: [128, 256] } },
  ],
});

const sigmoidCheck = unaryCheck({
  everySize: true,
  options: {},
  op: sigmoidOp,
  reference: sigmoidReference,
  call: sigmoid,
  draw: (random, shape) => map64(drawSigned(random, shape), (value) => 8 * value),
  // An exponential magnifies the rounding of its argument by |x|.
  magnitude: {
    y: (x, y) => y * (1 + Math.abs(x)),
    dx: (x, y, dy) => y * (1 + y) * Math.abs(dy) * (1 + Math.abs(x)),
  },
  roundings: { y: 12, x: 16 },
  byHand: {
    // e^ln 3 = 3: y = 3/4 and 1/4, with y·(1 − y) = 3/16.
    x: [0, Math.fround(Math.log(3)), -Math.fround(Math.log(3))],
    y: [0.5, 0.75, 0.25],
    dx: [0.25, 0.1875, 0.1875],
  },
  cases: [
    {
      name: 'far from 0 on both sides',
      shape: [66],
      draw: {
        x: (random, shape) =>
          fill64(shape, () => Math.fround(oneOf(random, [1, -1]) * 10 ** wholeNumber(random, 0, 30))),
      },
      isSmooth: false,
    },
  ],
  bench: [{ name: 'dense 256', inputs: { x: [128, 256] } }],
});

export const activationChecks: readonly OpCheck[] = [reluCheck, sigmoidCheck];
