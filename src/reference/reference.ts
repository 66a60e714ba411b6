/**
 * The reference of an op: the same mathematics once more, in float64 and as plainly as it can be said, with everything
 * that is made from it: test cases, gradient checks, wrong calls, and the shapes that the bench times.
 *
 * A reference is written from the formula, never from the WGSL, so that the two agree only when both are right.
 * Letters: x any operand, y a result, dy the gradient of the loss with respect to y.
 */
import type { Attributes, DType, Shape, Spec } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { sizeOf } from '../engine/primitive.js';
import { pcg4d, streams, uniform } from '../random.js';
import { tolerance } from '../rounding.js';

export { tolerance };

/** A tensor on the host; f32 tensors hold numbers that an f32 holds exactly, so that the device gets the same ones. */
export interface Array64 extends Spec {
  readonly values: Float64Array;
}

export function array64(shape: Shape, values: ArrayLike<number>, dtype: DType = 'f32'): Array64 {
  return { shape, dtype, values: Float64Array.from(values) };
}

export function zeros64(shape: Shape): Array64 {
  return { shape, dtype: 'f32', values: new Float64Array(sizeOf(shape)) };
}

/** Fills a tensor from a function of its flat index. */
export function fill64(shape: Shape, value: (index: number) => number, dtype: DType = 'f32'): Array64 {
  return { shape, dtype, values: Float64Array.from({ length: sizeOf(shape) }, (_, index) => value(index)) };
}

export function map64(x: Array64, fn: (value: number, index: number) => number): Array64 {
  return { shape: x.shape, dtype: x.dtype, values: x.values.map(fn) };
}

/** Whether `value` takes the place of the largest so far: it is larger, or the first NaN. */
export function exceeds64(value: number, largest: number): boolean {
  return (value > largest || Number.isNaN(value)) && !Number.isNaN(largest);
}

/** The channels that hold NaN or infinity. */
export function channelsAstray({ values }: Array64, channelOf: (index: number) => number): Set<number> {
  const channels = new Set<number>();
  values.forEach((value, index) => {
    if (!Number.isFinite(value)) channels.add(channelOf(index));
  });
  return channels;
}

/** Numbers in [0, 1) with 24 bits, in the order they are asked for. */
export type Random = () => number;

export function randomFrom(seed: number, index: number): Random {
  let count = 0;
  return () => uniform(pcg4d(seed, streams.test, index, count++)[0]);
}

/** An integer from `least` to `most`. */
export function wholeNumber(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function oneOf<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** How an operand is drawn; the shapes of all operands of the case tell how far an index may go. */
export type Draw = (random: Random, shape: Shape, all: Shapes<string>) => Array64;

/** Evenly in [−1, 1): sums stay small, and signs cancel as they do in a network. */
export const drawSigned = (random: Random, shape: Shape): Array64 => fill64(shape, () => 2 * random() - 1);

/** Evenly in [0.5, 2): for roots, logarithms and divisors. */
export const drawPositive = (random: Random, shape: Shape): Array64 =>
  fill64(shape, () => Math.fround(0.5 + 1.5 * random()));

/** Evenly in ±[0.1, 1.1), so that no step of a finite difference crosses a kink at 0. */
export const drawAwayFromZero = (random: Random, shape: Shape): Array64 =>
  fill64(shape, () => {
    const signed = 2 * random() - 1;
    return Math.fround(signed + Math.sign(signed + 1e-9) * 0.1);
  });

/** All different by at least 2⁻⁸, in random order, so that no step of a finite difference changes which is largest. */
export const drawDistinct = (random: Random, shape: Shape): Array64 => {
  const size = sizeOf(shape);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = wholeNumber(random, 0, i);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return fill64(shape, (index) => ((order[index] as number) - size / 2) / 256);
};

/** Few different values, so that ties are everywhere. */
export const drawTies = (random: Random, shape: Shape): Array64 =>
  fill64(shape, () => wholeNumber(random, -1, 1));

export type Arrays<K extends string> = Readonly<Record<K, Array64>>;
export type Shapes<K extends string> = Readonly<Record<K, Shape>>;

/** One call of the op: shapes and options, and numbers too where they are to be checked by hand. */
export interface Case<I extends string = string, O extends string = string, P = Attributes> {
  readonly name: string;
  readonly inputs: Shapes<I>;
  readonly options: P;
  /** Operands drawn in another way than the reference's own. */
  readonly draw?: Partial<Readonly<Record<I, Draw>>>;
  /** False where finite differences mean nothing, such as at ties. */
  readonly isSmooth?: false;
  /** Checked by `npm run gradcheck` only, since it takes longer. */
  readonly isThorough?: true;
  /** Millions of elements, for tiles that no smaller case fills: checks the variants that no case before took. */
  readonly isHuge?: true;
  /**
   * Looks for the edges of tiles, which a baseline kernel does not have, and leaves it out where there are others:
   * drivers unroll its loops over channels, and compile for seconds.
   */
  readonly forTiles?: true;
  /** Numbers worked out by hand; the gradients are those of the sum of the outputs. */
  readonly byHand?: {
    readonly inputs: Readonly<Record<I, readonly number[]>>;
    readonly outputs: Partial<Readonly<Record<O, readonly number[]>>>;
    readonly gradients?: Partial<Readonly<Record<I, readonly number[]>>>;
  };
}

/** Shapes that the bench times, from a real network. */
export interface BenchShape<I extends string = string, P = Attributes> {
  readonly name: string;
  readonly inputs: Shapes<I>;
  /** In their place where the device is a GPU, which small ones would not fill. */
  readonly gpuInputs?: Shapes<I>;
  readonly options: P;
}

/** A call that the public function refuses. */
export interface WrongCall<I extends string = string> {
  readonly name: string;
  /** f32, except where the entry says otherwise. */
  readonly inputs: Readonly<Record<I, Shape | Spec>>;
  call(inputs: Readonly<Record<I, Tensor>>): unknown;
}

/** What a result must be, and how near. */
export interface Expected {
  readonly value: Array64;
  /** Σ|terms| behind each element: what its rounding errors are measured against. */
  readonly magnitude: Float64Array;
  readonly tolerance: number;
  /** Elements that may as well be NaN, where operands hold NaN or infinity. */
  readonly mayBeNaN?: (index: number) => boolean;
}

/** A case with its numbers: everything a primitive can take as operands or yield as results. */
export interface Evaluated<I extends string = string, O extends string = string, P = Attributes> {
  readonly inputs: Arrays<I>;
  readonly options: P;
  readonly outputs: Readonly<Record<O, Expected>>;
  /** dy of each output. */
  readonly outputGradients: Arrays<O>;
  /** Of the inputs that have one. */
  readonly gradients: Partial<Readonly<Record<I, Expected>>>;
}

/** One primitive of the op with its operands: the kernel-level view of a case. */
export interface PrimitiveCase {
  readonly inputs: Readonly<Record<string, Array64>>;
  readonly attributes: Attributes;
  /** Of the primitive's outputs, and of the inputs that it changes. */
  readonly results: Readonly<Record<string, Expected>>;
}

/** The value of an output and, in the same breath, Σ|terms|; `magnitude` is |value| when left out. */
export interface Magnitudes<I extends string, O extends string> {
  readonly outputs: Partial<Arrays<O>>;
  readonly gradients: Partial<Arrays<I>>;
}

export interface Reference<I extends string = string, O extends string = string, P = Attributes> {
  readonly op: string;
  readonly inputs: Readonly<
    Record<
      I,
      {
        readonly dtype?: DType;
        readonly draw: Draw;
        /** Never holds NaN or infinity, since another primitive makes it of finite numbers. */
        readonly isFinite?: true;
      }
    >
  >;
  readonly outputs: readonly O[];
  /** Outputs whose gradient flows back; all when left out. The gradient of the others is 0. */
  readonly differentiable?: readonly O[];
  /** y = f(x) in float64. */
  forward(inputs: Arrays<I>, options: P): Arrays<O>;
  /** The vector-Jacobian product: the gradients of Σ dy · y, of the inputs that have one. */
  backward?(inputs: Arrays<I>, dy: Arrays<O>, options: P): Partial<Arrays<I>>;
  /**
   * Σ|terms| of every result. `multilinear` is for sums of products: the op on absolute values gives it.
   * When left out it is |value|.
   */
  readonly magnitudes?:
    'multilinear' | ((inputs: Arrays<I>, dy: Arrays<O>, options: P, outputs: Arrays<O>) => Magnitudes<I, O>);
  /**
   * Elements of a result that a kernel may make NaN where NumPy has something else, such as a sum in which an infinity meets
   * the zero of a padding. Only operands that hold NaN or infinity are asked about.
   */
  mayBeNaN?(inputs: Arrays<I>, dy: Arrays<O>): Partial<Readonly<Record<I | O, (index: number) => boolean>>>;
  /** Terms of the longest sum behind each output, and behind the gradient of each input; 1 when left out. */
  terms?(inputs: Shapes<I>, options: P): Partial<Readonly<Record<I | O, number>>>;
  /** Roundings, in units of 2⁻²⁴, besides those of the sums; 4 when left out. `0` (and no terms) compares exactly. */
  readonly roundings?: Partial<Readonly<Record<I | O, number>>>;
  /** The public function, for gradients end to end and for the numerical check. */
  call?(inputs: Readonly<Record<I, Tensor>>, options: P): Readonly<Record<O, Tensor>>;
  /** For every primitive of the op, its operands and expected results. */
  readonly primitives: Readonly<Record<string, (at: Evaluated<I, O, P>) => PrimitiveCase>>;
  readonly cases: readonly Case<I, O, P>[];
  /** A case of random shapes. */
  random?(random: Random): Pick<Case<I, O, P>, 'inputs' | 'options' | 'draw' | 'forTiles'>;
  readonly bench: readonly BenchShape<I, P>[];
  readonly wrongCalls: readonly WrongCall<I>[];
}

/** A reference as the registry keeps it, where all look alike. */
export function reference<I extends string, O extends string, P>(typed: Reference<I, O, P>): Reference {
  return typed as unknown as Reference;
}

const seed = 20_220_514;

/** The cases that are declared, then `count` of random shapes, the same ones every time. */
export function casesOf(reference: Reference, count: number, thorough: boolean): Case[] {
  const declared = reference.cases.filter((each) => thorough || !each.isThorough);
  if (!reference.random) return declared;
  const drawn = Array.from({ length: count }, (_, i): Case => {
    const shapes = (reference.random as NonNullable<typeof reference.random>)(randomFrom(seed, 1000 + i));
    return { name: `random ${i}`, ...shapes };
  });
  return [...declared, ...drawn];
}

/** Draws the operands of a case and works out all that is expected. */
export function evaluate(reference: Reference, given: Case, draw = 0): Evaluated {
  const random = randomFrom(seed, draw);
  const { options, byHand } = given;
  const inputs: Record<string, Array64> = {};
  for (const [name, { dtype, draw: own }] of Object.entries(reference.inputs)) {
    const shape = given.inputs[name] as Shape;
    const byHandValues = byHand?.inputs[name];
    const drawn = byHandValues
      ? array64(shape, byHandValues)
      : (given.draw?.[name] ?? own)(random, shape, given.inputs);
    inputs[name] = { ...drawn, dtype: dtype ?? 'f32' };
  }
  const values = reference.forward(inputs, options);
  const outputGradients = mapArrays(values, (y, name) => {
    const drawn = byHand ? fill64(y.shape, () => 1) : drawSigned(random, y.shape);
    return reference.differentiable?.includes(name) === false ? zeros64(y.shape) : drawn;
  });
  return evaluateAt(reference, { inputs, options, outputGradients }, values);
}

/** What is expected of given operands and gradients of the outputs. */
export function evaluateAt(
  reference: Reference,
  { inputs, options, outputGradients }: Pick<Evaluated, 'inputs' | 'options' | 'outputGradients'>,
  values: Arrays<string> = reference.forward(inputs, options),
): Evaluated {
  const gradients = reference.backward?.(inputs, outputGradients, options) ?? {};
  const magnitudes = magnitudesOf(reference, inputs, outputGradients, options, values);
  const terms = reference.terms?.(mapShapes(inputs), options) ?? {};
  const mayBeNaN = reference.mayBeNaN?.(inputs, outputGradients) ?? {};
  const expect = (name: string, value: Array64, magnitude: Array64 | undefined): Expected => {
    const isExact = reference.roundings?.[name] === 0;
    return {
      value,
      magnitude: magnitude?.values ?? value.values.map(Math.abs),
      tolerance: isExact ? 0 : tolerance(terms[name] ?? 1, reference.roundings?.[name]),
      ...(mayBeNaN[name] ? { mayBeNaN: mayBeNaN[name] } : {}),
    };
  };
  return {
    inputs,
    options,
    outputs: Object.fromEntries(
      Object.entries(values).map(([name, y]) => [name, expect(name, y, magnitudes.outputs[name])]),
    ),
    outputGradients,
    gradients: Object.fromEntries(
      Object.entries(gradients).flatMap(([name, dx]) =>
        dx ? [[name, expect(name, dx, magnitudes.gradients[name])]] : [],
      ),
    ),
  };
}

function magnitudesOf(
  reference: Reference,
  inputs: Arrays<string>,
  dy: Arrays<string>,
  options: Attributes,
  outputs: Arrays<string>,
): Magnitudes<string, string> {
  if (reference.magnitudes === undefined) return { outputs: {}, gradients: {} };
  if (reference.magnitudes !== 'multilinear') return reference.magnitudes(inputs, dy, options, outputs);
  const absolute = mapArrays(inputs, (x) => map64(x, Math.abs));
  return {
    outputs: reference.forward(absolute, options),
    gradients:
      reference.backward?.(
        absolute,
        mapArrays(dy, (y) => map64(y, Math.abs)),
        options,
      ) ?? {},
  };
}

export function mapArrays(
  arrays: Arrays<string>,
  fn: (array: Array64, name: string) => Array64,
): Record<string, Array64> {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, fn(array, name)]));
}

function mapShapes(arrays: Arrays<string>): Record<string, Shape> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));
}

export interface Difference {
  readonly input: string;
  readonly index: number;
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic − numeric| / (10⁻⁵ + 10⁻³·|numeric|); above 1 the gradient is wrong. */
  readonly error: number;
}

/**
 * The worst disagreement between the float64 backward of a case and central differences of its forward.
 *
 *   dx ≈ (L(x + ε) − L(x − ε)) / 2ε,  L = Σ dy · y,  ε = 10⁻⁶
 *
 * In float64 the difference is good to about 10⁻⁹, far below the allowed 10⁻⁵ + 10⁻³·|dx|.
 * At most `most` elements of each input are tried, spread evenly.
 */
export function worstDifference(reference: Reference, at: Evaluated, most = 40): Difference | undefined {
  const epsilon = 1e-6;
  let worst: Difference | undefined;
  const loss = (): number =>
    Object.entries(reference.forward(at.inputs, at.options)).reduce((sum, [name, y]) => {
      const dy = at.outputGradients[name] as Array64;
      return y.values.reduce((inner, value, i) => inner + value * (dy.values[i] as number), sum);
    }, 0);
  for (const [input, expected] of Object.entries(at.gradients)) {
    const { values } = at.inputs[input] as Array64;
    const step = Math.max(1, Math.floor(values.length / most));
    for (let index = 0; index < values.length; index += step) {
      const held = values[index] as number;
      values[index] = held + epsilon;
      const above = loss();
      values[index] = held - epsilon;
      const below = loss();
      values[index] = held;
      const numeric = (above - below) / (2 * epsilon);
      const analytic = expected?.value.values[index] as number;
      const error = Math.abs(analytic - numeric) / (1e-5 + 1e-3 * Math.abs(numeric));
      if (!worst || !(error <= worst.error)) worst = { input, index, analytic, numeric, error };
    }
  }
  return worst;
}
