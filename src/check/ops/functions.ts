/**
 * Checks of the functions of one number besides arithmetic and activations.
 * Letters: x the operand, y the result, dx and dy their gradients.
 */
import { erf, erfOp } from '../../kernels/erf.js';
import * as exponentials from '../../kernels/exponentials.js';
import { log1p, log1pOp } from '../../kernels/log1p.js';
import { rsqrt, rsqrtOp } from '../../kernels/power.js';
import * as rounding from '../../kernels/rounding.js';
import * as trigonometry from '../../kernels/trigonometry.js';
import * as references from '../../reference/functions.js';
import { fill64 } from '../../reference/array64.js';
import { type Draw, drawAwayFromZero, drawPositive, wholeNumber } from '../draws.js';
import type { OpCheck } from '../op_check.js';
import { drawFar, drawWithin, unaryCheck } from './elementwise.js';

const plain = { options: {} } as const;
const far = { name: 'far from 0', draw: { x: drawFar }, isSmooth: false } as const;
const nearZero = { name: 'near 0', draw: { x: drawWithin(2 ** -10) } } as const;

/** Multiples of ¼ that are not whole. */
const drawBetweenWholes: Draw = (random, shape) =>
  fill64(shape, () => wholeNumber(random, -9, 9) + wholeNumber(random, 1, 3) / 4);

const squared = (x: number): number => 1 + x * x;

export const functionChecks: readonly OpCheck[] = [
  unaryCheck({
    ...plain,
    op: exponentials.expm1Op,
    reference: references.expm1Reference,
    call: exponentials.expm1,
    draw: drawWithin(3),
    roundings: { y: 0.01, x: 4 },
    byHand: { x: [0, 1, -1], y: [0, Math.E - 1, 1 / Math.E - 1], dx: [1, Math.E, 1 / Math.E] },
    cases: [nearZero, { name: 'far from 0', draw: { x: drawWithin(85) }, isSmooth: false }],
  }),
  unaryCheck({
    ...plain,
    op: log1pOp,
    reference: references.log1pReference,
    call: log1p,
    draw: drawWithin(0.9),
    // 1 / (1 + x) magnifies the rounding of 1 + x, and divides with an error of 2.5 units in the last place.
    magnitude: { dx: (x, _, dy) => Math.abs(dy / (1 + x)) * (1 + 1 / Math.abs(1 + x)) },
    roundings: { y: 4, x: 6 },
    byHand: { x: [0, 1, -0.5], y: [0, Math.LN2, -Math.LN2], dx: [1, 0.5, 2] },
    cases: [nearZero, far],
  }),
  unaryCheck({
    ...plain,
    op: exponentials.tanhOp,
    reference: references.tanhReference,
    call: exponentials.tanh,
    draw: drawWithin(4),
    magnitude: { dx: (_, y, dy) => squared(y) * Math.abs(dy) },
    byHand: {
      // e^ln 3 = 3: tanh(ln 3 / 2) = (3 − 1) / (3 + 1).
      x: [0, Math.fround(Math.log(3) / 2), -Math.fround(Math.log(3) / 2)],
      y: [0, 0.5, -0.5],
      dx: [1, 0.75, 0.75],
    },
    cases: [nearZero, far],
  }),
  unaryCheck({
    ...plain,
    op: erfOp,
    reference: references.erfReference,
    call: erf,
    draw: drawWithin(3),
    // An exponential magnifies the rounding of its argument.
    magnitude: { dx: (x, _, dy) => ((2 * Math.abs(dy)) / Math.exp(x * x)) * Math.min(squared(x), 100) },
    roundings: { y: 0.01, x: 4 },
    byHand: {
      x: [0, 1, -0.5],
      y: [0, 0.8427007929497149, -0.5204998778130465],
      dx: [1.1283791670955126, 0.4151074974205947, 0.8787825789354448],
    },
    cases: [nearZero, far],
  }),
  ...(['sin', 'cos', 'tan'] as const).map((name) =>
    unaryCheck({
      ...plain,
      op: trigonometry[`${name}Op`],
      reference: references[`${name}Reference`],
      call: trigonometry[name],
      draw: drawWithin(1.5),
      ...(name === 'tan' ? { roundings: { y: 8, x: 16 } } : { roundings: { y: 0.01, x: 2 } }),
      byHand: {
        // The nearest f32 to π, where cos is −1 and sin the rest of π.
        x: [0, 1, Math.fround(Math.PI)],
        ...{
          sin: {
            y: [0, 0.8414709848078965, -8.742278000372475e-8],
            dx: [1, 0.5403023058681398, -0.9999999999999962],
          },
          cos: {
            y: [1, 0.5403023058681398, -0.9999999999999962],
            dx: [-0, -0.8414709848078965, 8.742278000372475e-8],
          },
          tan: {
            y: [0, 1.5574077246549023, 8.742278000372508e-8],
            dx: [1, 3.425518820814759, 1.0000000000000075],
          },
        }[name],
      },
      cases: [nearZero, far, { name: 'a hundred turns', draw: { x: drawWithin(700) }, isSmooth: false }],
    }),
  ),
  unaryCheck({
    ...plain,
    op: rsqrtOp,
    reference: references.rsqrtReference,
    call: rsqrt,
    draw: drawPositive,
    // WGSL allows inverseSqrt 2 units in the last place, each twice the unit used here.
    roundings: { y: 4, x: 16 },
    byHand: { x: [1, 4, 0.25], y: [1, 0.5, 2], dx: [-0.5, -0.0625, -4] },
    cases: [{ name: 'negative and 0', draw: { x: drawWithin(1) }, isSmooth: false }],
  }),
  unaryCheck({
    ...plain,
    op: rounding.absOp,
    reference: references.absReference,
    call: rounding.abs,
    draw: drawAwayFromZero,
    roundings: { y: 0, x: 0 },
    byHand: { x: [-2, 0, 0.5], y: [2, 0, 0.5], dx: [-1, 0, 1], isSmooth: false },
    cases: [far],
  }),
  unaryCheck({
    ...plain,
    op: rounding.signOp,
    reference: references.signReference,
    call: rounding.sign,
    draw: drawAwayFromZero,
    roundings: { y: 0, x: 0 },
    byHand: { x: [-2, 0, 0.5], y: [-1, 0, 1], dx: [0, 0, 0], isSmooth: false },
    cases: [far],
  }),
  ...(['floor', 'ceil', 'round'] as const).map((name) =>
    unaryCheck({
      ...plain,
      op: rounding[`${name}Op`],
      reference: references[`${name}Reference`],
      call: rounding[name],
      draw: name === 'round' ? drawAwayFromHalves : drawBetweenWholes,
      roundings: { y: 0, x: 0 },
      byHand: {
        x: [-1.5, -0.25, 0.5, 1.5, 2.5, 7],
        y: {
          floor: [-2, -1, 0, 1, 2, 7],
          ceil: [-1, -0, 1, 2, 3, 7],
          round: [-2, -0, 0, 2, 2, 7],
        }[name],
        dx: [0, 0, 0, 0, 0, 0],
        isSmooth: false,
      },
      cases: [far],
    }),
  ),
];

/** Multiples of ¼ that are not halves. */
function drawAwayFromHalves(...[random, shape]: Parameters<Draw>): ReturnType<Draw> {
  return fill64(shape, () => wholeNumber(random, -9, 9) + (2 * wholeNumber(random, 0, 1) - 1) / 4);
}
