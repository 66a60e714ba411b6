/**
 * Checks of the activations that compute each element from the element at the same place.
 * Letters: x the operand, y the result, dx and dy their gradients.
 */
import type { Op } from '../../engine/op.js';
import type { NoAttributes } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { relu, reluOp } from '../../kernels/relu.js';
import { sigmoid, sigmoidOp } from '../../kernels/sigmoid.js';
import { reluReference, sigmoidReference } from '../../reference/activations.js';
import { type Array64, fill64, map64 } from '../../reference/array64.js';
import type { Reference } from '../../reference/reference.js';
import { type Draw, drawAwayFromZero, drawSigned, drawTies, oneOf, wholeNumber } from '../draws.js';
import { type BenchShape, type Case, type OpCheck, opCheck } from '../op_check.js';

interface ActivationCheck {
  readonly op: Op<'x', 'y', NoAttributes>;
  readonly reference: Reference<'x', 'y', NoAttributes>;
  readonly call: (x: Tensor) => Tensor;
  readonly draw: Draw;
  /** |terms| of y and of dx; |y| and |dx| when left out. */
  readonly magnitude?: {
    readonly y: (x: number, y: number) => number;
    readonly dx: (x: number, y: number, dy: number) => number;
  };
  readonly roundings: Readonly<Record<'x' | 'y', number>>;
  readonly byHand: {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly dx: readonly number[];
    /** Left out where the activation has a derivative at each x. */
    readonly isSmooth?: false;
  };
  /** Besides the case by hand and the sizes that every activation is checked at. */
  readonly cases: readonly Pick<Case<'x', 'y', NoAttributes>, 'name' | 'inputs' | 'draw' | 'isSmooth'>[];
  readonly bench: readonly Pick<BenchShape<'x'>, 'name' | 'inputs'>[];
}

function activation(check: ActivationCheck): OpCheck {
  const { op, reference, call, draw, magnitude, roundings, byHand } = check;
  const withoutOptions = <Each>(each: Each) => ({ ...each, options: {} });
  return opCheck<'x', 'y', NoAttributes>({
    op,
    reference,
    inputs: { x: { draw } },
    outputs: ['y'],
    ...(magnitude
      ? {
          magnitudes: ({ x }, { y: dy }, _, { y }) => ({
            outputs: { y: map64(x, (at, i) => magnitude.y(at, y.values[i]!)) },
            gradients: { x: map64(x, (at, i) => magnitude.dx(at, y.values[i]!, dy.values[i]!)) },
          }),
        }
      : {}),
    roundings,
    call: ({ x }) => ({ y: call(x) }),
    primitives: Object.fromEntries(
      op.primitives.map((primitive, i) => [
        primitive.name,
        ({ inputs: { x }, outputs: { y }, outputGradients, gradients }) => {
          const operands: Readonly<Record<string, Array64>> = { x, y: y.value, dy: outputGradients.y };
          return {
            inputs: Object.fromEntries(primitive.inputs.map((name) => [name, operands[name]!])),
            attributes: {},
            results: { y: i === 0 ? y : gradients.x! },
          };
        },
      ]),
    ),
    cases: [
      {
        name: 'by hand',
        inputs: { x: [byHand.x.length] },
        options: {},
        ...(byHand.isSmooth === false ? { isSmooth: false } : {}),
        byHand: { inputs: { x: byHand.x }, outputs: { y: byHand.y }, gradients: { x: byHand.dx } },
      },
      { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: {} },
      { name: 'above a workgroup', inputs: { x: [4099] }, options: {} },
      ...check.cases.map(withoutOptions),
    ],
    random: (random) => ({
      inputs: { x: [wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)] },
      options: {},
    }),
    bench: check.bench.map(withoutOptions),
    wrongCalls: [{ name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => call(x) }],
  });
}

const reluCheck = activation({
  op: reluOp,
  reference: reluReference,
  call: relu,
  draw: drawAwayFromZero,
  roundings: { y: 0, x: 0 },
  byHand: { x: [-1, 0, 2, 0.5], y: [0, 0, 2, 0.5], dx: [0, 0, 1, 1], isSmooth: false },
  cases: [{ name: 'zeros', inputs: { x: [65] }, draw: { x: drawTies }, isSmooth: false }],
  bench: [
    { name: 'paper conv2', inputs: { x: [128, 28, 28, 32] } },
    { name: 'paper dense1', inputs: { x: [128, 256] } },
  ],
});

const sigmoidCheck = activation({
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
      inputs: { x: [66] },
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
