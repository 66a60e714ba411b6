/**
 * Checks of the activations that compute each element from the element at the same place.
 * Letters: x the operand, y the result, dx and dy their gradients.
 */
import { celu, elu, eluOp, selu } from '../../kernels/elu.js';
import { gelu, geluOp, geluTanhOp } from '../../kernels/gelu.js';
import { hardSwish, hardSwishOp, hardTanh, hardTanhOp, relu6 } from '../../kernels/hard_activations.js';
import { leakyRelu, leakyReluOp } from '../../kernels/leaky_relu.js';
import { relu, reluOp } from '../../kernels/relu.js';
import { sigmoid, sigmoidOp } from '../../kernels/sigmoid.js';
import { mish, mishOp, silu, siluOp } from '../../kernels/silu.js';
import {
  logSigmoid,
  logSigmoidOp,
  softplus,
  softplusOp,
  softsign,
  softsignOp,
} from '../../kernels/softplus.js';
import {
  eluReference,
  geluReference,
  geluTanhReference,
  hardSwishReference,
  hardTanhReference,
  leakyReluReference,
  logSigmoidReference,
  mishReference,
  reluReference,
  sigmoidReference,
  siluReference,
  softplusReference,
  softsignReference,
} from '../../reference/activations.js';
import { fill64, map64 } from '../../reference/array64.js';
import { type Draw, drawAwayFromZero, drawSigned, drawTies, oneOf, wholeNumber } from '../draws.js';
import type { OpCheck } from '../op_check.js';
import { drawFar, drawWithin, unaryCheck } from './elementwise.js';

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

/** Of all sizes, but no result leaves f32. */
const far = { name: 'far from 0', draw: { x: drawFar }, isSmooth: false } as const;
const nearZero = { name: 'near 0', draw: { x: drawWithin(2 ** -10) } } as const;

/** Uniform within ±4 but for the neighbourhoods of the kinks −3, −1, 0, 1 and 3. */
const drawBetweenKinks: Draw = (random, shape) =>
  fill64(shape, () => {
    const [low, width] = oneOf(random, [
      [-4, 1],
      [-3, 2],
      [-1, 1],
      [0, 1],
      [1, 2],
      [3, 1],
    ]);
    return Math.fround(low + width * (0.05 + 0.9 * random()));
  });

const leakyReluCheck = unaryCheck<{ readonly negativeSlope: number }>({
  options: { negativeSlope: 0.25 },
  op: leakyReluOp,
  reference: leakyReluReference,
  call: (x, { negativeSlope }) => leakyRelu(x, { negativeSlope }),
  draw: drawAwayFromZero,
  byHand: { x: [-2, 0, 2, 0.5], y: [-0.5, 0, 2, 0.5], dx: [0.25, 0.25, 1, 1], isSmooth: false },
  cases: [far, { name: 'a slope above 1', options: { negativeSlope: 2 } }],
  wrongCalls: [
    {
      name: 'a negative slope',
      inputs: { x: [2] },
      call: ({ x }) => leakyRelu(x, { negativeSlope: -1 }),
    },
  ],
});

const plainElu = { alpha: 1, scale: 1, rate: 1 };
const seluScale = 1.0507009873554805;

const eluCheck = unaryCheck<{ readonly alpha: number; readonly scale: number; readonly rate: number }>({
  options: plainElu,
  op: eluOp,
  reference: eluReference,
  call: (x, { alpha, scale, rate }) => {
    if (scale !== 1) return selu(x);
    return rate === 1 ? elu(x, { alpha }) : celu(x, { alpha });
  },
  draw: (random, shape) => map64(drawAwayFromZero(random, shape), (value) => Math.fround(3 * value)),
  magnitude: { dx: (_, y, dy) => (2 + 2 * Math.abs(y)) * Math.abs(dy) },
  byHand: {
    x: [-1, 0, 2],
    y: [1 / Math.E - 1, 0, 2],
    dx: [1 / Math.E, 1, 1],
  },
  cases: [
    {
      name: 'far from 0',
      draw: {
        x: (random, shape) =>
          fill64(shape, () => Math.fround(oneOf(random, [1, -1]) * 10 ** (3 + 27 * random()))),
      },
      isSmooth: false,
    },
    { name: 'selu', options: { alpha: 1.6732632423543772 * seluScale, scale: seluScale, rate: 1 } },
    { name: 'celu', options: { alpha: 0.5, scale: 1, rate: 2 } },
  ],
  wrongCalls: [
    { name: 'a negative alpha', inputs: { x: [2] }, call: ({ x }) => elu(x, { alpha: -1 }) },
    { name: 'celu with alpha 0', inputs: { x: [2] }, call: ({ x }) => celu(x, { alpha: 0 }) },
  ],
});

/** Σ|terms| of x·Φ(x), and of its slope. */
const gate = {
  y: (x: number) => Math.abs(x),
  dx: (x: number, _: number, dy: number) => Math.abs(dy) * (1 + 2 * Math.min(Math.abs(x), 4)),
};

const smooth = { options: {}, draw: drawWithin(4), cases: [nearZero, far] } as const;

const geluCheck = unaryCheck({
  ...smooth,
  op: geluOp,
  reference: geluReference,
  call: gelu,
  magnitude: gate,
  byHand: {
    x: [0, 1, -1, -30],
    y: [0, 0.8413447460685429, -0.15865525393145707, 0],
    dx: [0.5, 1.0833154705876864, -0.08331547058768632, 0],
  },
});

const geluTanhCheck = unaryCheck({
  ...smooth,
  op: geluTanhOp,
  reference: geluTanhReference,
  call: (x) => gelu(x, { approximate: true }),
  // 1 − t² cancels where t is near 1.
  magnitude: { ...gate, dx: (x, _, dy) => Math.abs(dy) * (1 + 8 * Math.min(Math.abs(x), 8)) },
  byHand: {
    x: [0, 1, -1, -30],
    y: [0, 0.8411919906082768, -0.15880800939172324, 0],
    dx: [0.5, 1.0829640838457826, -0.08296408384578255, 0],
  },
});

const siluCheck = unaryCheck({
  ...smooth,
  op: siluOp,
  reference: siluReference,
  call: silu,
  magnitude: { dx: gate.dx },
  roundings: { y: 6, x: 8 },
  byHand: {
    x: [0, 1, -1, 200],
    y: [0, 0.7310585786300049, -0.2689414213699951, 200],
    dx: [0.5, 0.9276705118714866, 0.07232948812851325, 1],
  },
});

const mishCheck = unaryCheck({
  ...smooth,
  op: mishOp,
  reference: mishReference,
  call: mish,
  magnitude: { dx: gate.dx },
  roundings: { y: 12, x: 16 },
  byHand: {
    x: [0, 1, -1, 200],
    y: [0, 0.8650983882673103, -0.30340146137410895, 200],
    dx: [0.6, 1.0490362200997922, 0.0592167558773948, 1],
  },
});

const softplusCheck = unaryCheck({
  ...smooth,
  op: softplusOp,
  reference: softplusReference,
  call: softplus,
  roundings: { y: 4, x: 6 },
  byHand: {
    x: [0, 1, -1, 200],
    y: [Math.LN2, 1.3132616875182228, 0.31326168751822286, 200],
    dx: [0.5, 0.7310585786300049, 0.2689414213699951, 1],
  },
});

const logSigmoidCheck = unaryCheck({
  ...smooth,
  op: logSigmoidOp,
  reference: logSigmoidReference,
  call: logSigmoid,
  roundings: { y: 4, x: 6 },
  byHand: {
    x: [0, 1, -1, -200],
    y: [-Math.LN2, -0.31326168751822286, -1.3132616875182228, -200],
    dx: [0.5, 0.2689414213699951, 0.7310585786300049, 1],
  },
});

const softsignCheck = unaryCheck({
  ...smooth,
  op: softsignOp,
  reference: softsignReference,
  call: softsign,
  draw: (random, shape) => map64(drawAwayFromZero(random, shape), (value) => Math.fround(3 * value)),
  roundings: { y: 10, x: 16 },
  byHand: { x: [0, 1, -3], y: [0, 0.5, -0.75], dx: [1, 0.25, 0.0625] },
  cases: [far],
});

const hardTanhCheck = unaryCheck<{ readonly min: number; readonly max: number }>({
  options: { min: -1, max: 1 },
  op: hardTanhOp,
  reference: hardTanhReference,
  call: (x, { min }) => (min === 0 ? relu6(x) : hardTanh(x)),
  draw: drawBetweenKinks,
  roundings: { y: 0, x: 0 },
  byHand: { x: [-2, -1, 0.5, 1, 3], y: [-1, -1, 0.5, 1, 1], dx: [0, 0, 1, 0, 0], isSmooth: false },
  cases: [far, { name: 'relu6', options: { min: 0, max: 6 } }],
});

const hardSwishCheck = unaryCheck({
  options: {},
  op: hardSwishOp,
  reference: hardSwishReference,
  call: hardSwish,
  draw: drawBetweenKinks,
  // Near −3 what cancels is of the size of 3, and of ½ in the slope.
  magnitude: {
    y: (x) => Math.abs(x) * Math.min(1, (Math.abs(x) + 3) / 6),
    dx: (x, _, dy) => Math.abs(dy) * Math.min(2, Math.abs(x) / 3 + 0.5),
  },
  roundings: { y: 8, x: 8 },
  byHand: { x: [-4, -3, 0, 1.5, 3, 5], y: [0, 0, 0, 1.125, 3, 5], dx: [0, 0, 0.5, 1, 1, 1], isSmooth: false },
  cases: [far],
});

export const activationChecks: readonly OpCheck[] = [
  reluCheck,
  sigmoidCheck,
  leakyReluCheck,
  eluCheck,
  geluCheck,
  geluTanhCheck,
  siluCheck,
  mishCheck,
  softplusCheck,
  logSigmoidCheck,
  softsignCheck,
  hardTanhCheck,
  hardSwishCheck,
];
