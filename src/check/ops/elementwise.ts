/**
 * Checks of element-wise ops. One kernel runs them all, so sizes and broadcasting are proved once, by the checks with `everySize`;
 * the others have a case by hand, one odd size, and what is special about them.
 * Letters: a, b, x operands, y the result, dx and dy their gradients.
 */
import type { Op } from '../../engine/op.js';
import { type Attributes, type NoAttributes, type Shape, sizeOf } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Binary, binaryGradients64, broadcastShape64, combine64 } from '../../reference/arithmetic.js';
import { type Array64, fill64, map64 } from '../../reference/array64.js';
import type { Reference } from '../../reference/reference.js';
import { type Draw, drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type BenchShape, type Case, type OpCheck, type WrongCall, opCheck } from '../op_check.js';

/** Numbers of all sizes and both signs, and zeros. */
export const drawFar: Draw = (random, shape) =>
  fill64(shape, (index) =>
    index % 7 === 3 ? 0 : Math.fround(oneOf(random, [1, -1]) * 10 ** (60 * random() - 30)),
  );

/** Uniform within ±`size`. */
export const drawWithin =
  (size: number): Draw =>
  (random, shape) =>
    map64(drawSigned(random, shape), (value) => Math.fround(size * value));

/** The shape of all cases that need no other, so that they share pipelines. */
const odd = [3, 5, 7];

interface UnaryCheck<A extends Attributes> {
  readonly op: Op<'x', 'y', A>;
  readonly reference: Reference<'x', 'y', A>;
  readonly call: (x: Tensor, options: A) => Tensor;
  /** The numbers of every case that has no others. */
  readonly options: A;
  /** Default: within ±1. */
  readonly draw?: Draw;
  /** |terms| of y and of dx; |y| and |dx| when left out. */
  readonly magnitude?: {
    readonly y?: (x: number, y: number) => number;
    readonly dx?: (x: number, y: number, dy: number) => number;
  };
  readonly roundings?: Readonly<Record<'x' | 'y', number>>;
  readonly byHand: {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly dx: readonly number[];
    /** Left out where the op has a derivative at each x. */
    readonly isSmooth?: false;
  };
  /** Besides the case by hand and an odd size. */
  readonly cases: readonly (Pick<Case<'x'>, 'name' | 'draw' | 'isSmooth'> & {
    readonly options?: A;
    readonly shape?: Shape;
  })[];
  readonly everySize?: true;
  /** Default: the result of a convolution. */
  readonly bench?: readonly Pick<BenchShape<'x'>, 'name' | 'inputs'>[];
  readonly wrongCalls?: readonly WrongCall<'x'>[];
}

export function unaryCheck<A extends Attributes = NoAttributes>(check: UnaryCheck<A>): OpCheck {
  const { op, reference, call, options, draw = drawSigned, magnitude, roundings, byHand } = check;
  const { bench = [{ name: 'like paper conv2', inputs: { x: [128, 28, 28, 32] } }], everySize = false } =
    check;
  return opCheck<'x', 'y', A>({
    op,
    reference,
    inputs: { x: { draw } },
    outputs: ['y'],
    ...(magnitude
      ? {
          magnitudes: ({ x }, { y: dy }, _, { y }) => ({
            outputs: magnitude.y ? { y: map64(x, (at, i) => magnitude.y!(at, y.values[i]!)) } : {},
            gradients: magnitude.dx
              ? { x: map64(x, (at, i) => magnitude.dx!(at, y.values[i]!, dy.values[i]!)) }
              : {},
          }),
        }
      : {}),
    ...(roundings ? { roundings } : {}),
    call: ({ x }, numbers) => ({ y: call(x, numbers) }),
    primitives: Object.fromEntries(
      op.primitives.map((primitive, i) => [
        primitive.name,
        ({ inputs: { x }, options: attributes, outputs: { y }, outputGradients, gradients }) => {
          const operands: Readonly<Record<string, Array64>> = { x, y: y.value, dy: outputGradients.y };
          return {
            inputs: Object.fromEntries(primitive.inputs.map((name) => [name, operands[name]!])),
            attributes,
            results: { y: i === 0 ? y : gradients.x! },
          };
        },
      ]),
    ),
    cases: [
      {
        name: 'by hand',
        inputs: { x: [byHand.x.length] },
        options,
        ...(byHand.isSmooth === false ? { isSmooth: false } : {}),
        byHand: { inputs: { x: byHand.x }, outputs: { y: byHand.y }, gradients: { x: byHand.dx } },
      },
      { name: 'odd sizes', inputs: { x: odd }, options },
      ...(everySize ? [{ name: 'above a workgroup', inputs: { x: [4099] }, options }] : []),
      ...check.cases.map(({ shape = odd, ...each }) => ({ options, ...each, inputs: { x: shape } })),
    ],
    ...(everySize ? {} : { isBrief: true }),
    random: (random) => ({
      inputs: { x: everySize ? [wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)] : odd },
      options,
    }),
    bench: bench.map((each) => ({ ...each, options })),
    wrongCalls: [
      { name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => call(x, options) },
      ...(check.wrongCalls ?? []),
    ],
  });
}

const broadcasts: readonly (readonly [name: string, a: Shape, b: Shape])[] = [
  ['same shape, odd', odd, odd],
  ['a row, broadcast', [5, 7], [7]],
  ['a column, broadcast', [5, 7], [5, 1]],
  ['a scalar, broadcast', [4, 3], []],
  ['a to b', [1, 3], [2, 4, 3]],
  ['both stretch', [4, 1, 3], [5, 1]],
  ['the middle axes of four, broadcast', [2, 3, 4, 5], [3, 1, 5]],
  ['one element each', [1], [1, 1]],
  ['above a workgroup', [4099], [4099]],
];

type Pair = 'a' | 'b';

interface BinaryCheck {
  readonly op: Op<Pair, 'y', NoAttributes>;
  readonly reference: Reference<Pair, 'y', NoAttributes> & Binary;
  readonly call: (a: Tensor | number, b: Tensor | number) => Tensor;
  readonly draw?: Readonly<Record<Pair, Draw>>;
  /** |terms| of y: |a| + |b| for sums. Default: |y|. */
  readonly magnitude?: (a: number, b: number) => number;
  readonly roundings?: Readonly<Record<Pair | 'y', number>>;
  /** The operand of which a primitive computes the gradient, before it is summed over broadcast axes. */
  readonly gradients?: Readonly<Record<string, Pair>>;
  /** Of a = [1, 2, 3, 4] and b = [2, 4], broadcast. */
  readonly byHand: {
    readonly outputs: readonly number[];
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly isSmooth?: false;
  };
  readonly cases?: readonly Case<Pair, 'y', NoAttributes>[];
  readonly everySize?: true;
  readonly wrongCalls?: readonly WrongCall<Pair>[];
}

export function binaryCheck(check: BinaryCheck): OpCheck {
  const { op, reference, call, draw, magnitude, roundings, gradients = {}, byHand } = check;
  const { cases = [], everySize = false, wrongCalls = [] } = check;
  return opCheck<Pair, 'y', NoAttributes>({
    op,
    reference,
    inputs: { a: { draw: draw?.a ?? drawSigned }, b: { draw: draw?.b ?? drawSigned } },
    outputs: ['y'],
    magnitudes: ({ a, b }, { y: dy }) => ({
      outputs: { y: combine64(a, b, magnitude ?? ((x, y) => Math.abs(reference.value(x, y)))) },
      gradients: binaryGradients64(reference, a, b, dy, { absolute: true }),
    }),
    terms: ({ a, b }) => {
      const size = sizeOf(broadcastShape64(a, b));
      return { a: size / sizeOf(a), b: size / sizeOf(b) };
    },
    ...(roundings ? { roundings } : {}),
    call: ({ a, b }) => ({ y: call(a, b) }),
    primitives: Object.fromEntries(
      op.primitives.map(({ name }) => [
        name,
        ({ inputs, outputs, outputGradients, gradients: summed }) => {
          const of = gradients[name];
          if (of === undefined) return { inputs, attributes: {}, results: { y: outputs.y } };
          const { y: dy } = outputGradients;
          const slopes = combine64(
            inputs.a,
            inputs.b,
            (a, b) => reference.partials(a, b)[of === 'a' ? 0 : 1],
          );
          const value = map64(slopes, (slope, i) =>
            reference.isChoice && slope === 0 ? 0 : slope * dy.values[i]!,
          );
          const { tolerance } = summed[of]!;
          return {
            inputs: { ...inputs, dy },
            attributes: {},
            results: { y: { value, magnitude: value.values.map(Math.abs), tolerance } },
          };
        },
      ]),
    ),
    cases: [
      {
        name: 'by hand',
        inputs: { a: [2, 2], b: [2] },
        options: {},
        ...(byHand.isSmooth === false ? { isSmooth: false } : {}),
        byHand: {
          inputs: { a: [1, 2, 3, 4], b: [2, 4] },
          outputs: { y: byHand.outputs },
          gradients: { a: byHand.a, b: byHand.b },
        },
      },
      ...broadcasts
        .slice(0, everySize ? broadcasts.length : 1)
        .map(([title, a, b]): Case<Pair, 'y', NoAttributes> => ({
          name: title,
          inputs: { a, b },
          options: {},
        })),
      ...cases,
    ],
    ...(everySize ? {} : { isBrief: true }),
    random: (random) => {
      if (!everySize) return { inputs: { a: odd, b: odd }, options: {} };
      const full = Array.from({ length: wholeNumber(random, 1, 4) }, () => wholeNumber(random, 1, 9));
      const stretch = (shape: Shape): Shape => shape.map((extent) => oneOf(random, [1, extent, extent]));
      return {
        inputs: { a: full, b: stretch(full.slice(wholeNumber(random, 0, full.length))) },
        options: {},
      };
    },
    bench: [
      { name: 'bias of paper conv2', inputs: { a: [128, 28, 28, 32], b: [32] }, options: {} },
      { name: 'like paper conv2', inputs: { a: [128, 28, 28, 32], b: [128, 28, 28, 32] }, options: {} },
    ],
    wrongCalls: [
      { name: 'shapes do not broadcast', inputs: { a: [2, 3], b: [2] }, call: ({ a, b }) => call(a, b) },
      {
        name: 'not f32',
        inputs: { a: [2], b: { shape: [2], dtype: 'u32' } },
        call: ({ a, b }) => call(a, b),
      },
      ...wrongCalls,
    ],
  });
}
