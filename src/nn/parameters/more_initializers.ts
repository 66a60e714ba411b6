/**
 * The initialisers of Keras besides those that every model begins with (initializers.ts). Numbers come from the counter-based
 * generator: an element is a hash of (seed, stream, element).
 *
 * Source: keras.initializers, for names, defaults and fans.
 */
import { type Shape, sizeOf } from '../../engine/primitive.js';
import { ShapeError, UsageError } from '../../errors.js';
import {
  type Rule,
  checkOptions,
  finite,
  isNumberList,
  notNegative,
  oneOf,
  positive,
  shown,
} from '../../options.js';
import { pcg4d, uniform } from '../../random.js';
import type { ParameterSpec } from '../layers/layer.js';
import type {
  Initializer,
  InitializerFunction,
  InitializerName,
  StoredFunction,
} from './parameter_options.js';
import { ownFunction, ownFunctionRule } from '../files/own_functions.js';

type Draw = (size: number, seed: number, stream: number) => Float32Array<ArrayBuffer>;
type Plain = Exclude<Initializer, InitializerFunction>;
type Scaling = Extract<Plain, { kind: keyof typeof scalings }>;

/** The standard deviation of a standard normal distribution that is cut at ±2. */
const truncatedDeviation = 0.87962566103423978;

/** Each initialiser's rules. */
const kinds: Readonly<Record<InitializerName, () => Record<string, Rule>>> = {
  zeros: () => ({}),
  ones: () => ({}),
  constant: () => ({ value: finite }),
  glorotUniform: () => ({}),
  glorotNormal: () => ({}),
  heUniform: () => ({}),
  heNormal: () => ({}),
  lecunUniform: () => ({}),
  lecunNormal: () => ({}),
  randomUniform: () => ({ minval: finite, maxval: finite }),
  randomNormal: () => ({ mean: finite, stddev: notNegative }),
  truncatedNormal: () => ({ mean: finite, stddev: notNegative }),
  varianceScaling: () => ({
    scale: positive,
    mode: oneOf(['fanIn', 'fanOut', 'fanAvg']),
    distribution: oneOf(['truncatedNormal', 'untruncatedNormal', 'uniform']),
  }),
  orthogonal: () => ({ gain: finite }),
  identity: () => ({ gain: finite }),
};

/** The six of varianceScaling that have names. */
const scalings = {
  glorotUniform: { mode: 'fanAvg', distribution: 'uniform' },
  glorotNormal: { mode: 'fanAvg' },
  heUniform: { scale: 2, distribution: 'uniform' },
  heNormal: { scale: 2 },
  lecunUniform: { distribution: 'uniform' },
  lecunNormal: {},
  varianceScaling: {},
} as const;

/** A name, an object with a `kind` and its options, a function, or a registered function's name in a file. */
export const initializerRule = (): Rule => kindRule(kinds, 'a function (shape, random) => Float32Array');

/** A rule for names, objects with a `kind`, and functions. */
export function kindRule(
  all: Readonly<Record<string, () => Record<string, Rule>>>,
  ofFunctions: string,
): Rule {
  const expected = `one of ${Object.keys(all).join(', ')}, an object with one of them as its kind, or ${ofFunctions}`;
  return (value, who, name) => {
    if (typeof value === 'function') return undefined;
    if (typeof value === 'string') return Object.hasOwn(all, value) ? undefined : expected;
    if (typeof value !== 'object' || value === null) return expected;
    if ('function' in value) return ownFunctionRule(value);
    const { kind, fanIn, fanOut, ...options } = value as {
      kind?: unknown;
      fanIn?: unknown;
      fanOut?: unknown;
    };
    void [fanIn, fanOut];
    if (typeof kind !== 'string' || !Object.hasOwn(all, kind)) return expected;
    checkOptions<object>(who, options, all[kind]!(), `${name}.`);
    return undefined;
  };
}

/**
 * The initialiser with its fans, which are those of `known` or else of the shape.
 *
 * Throws: ShapeError if it does not suit the shape.
 */
export function initializerOf(
  given: InitializerName | Initializer | StoredFunction,
  { name, shape }: Pick<ParameterSpec, 'name' | 'shape'>,
  known: object = {},
): Initializer {
  if (typeof given === 'object' && 'function' in given) return ownFunction(given) as InitializerFunction;
  if (typeof given === 'function') return given;
  const initializer: Plain = typeof given === 'string' ? { kind: given } : given;
  const { kind } = initializer;
  const isMatrix = shape.length === 2 || (kind === 'orthogonal' && shape.length > 2);
  if ((kind === 'orthogonal' || kind === 'identity') && !isMatrix)
    throw new ShapeError(
      `${kind}: ${name} is [${shape.join(',')}], expected ${kind === 'identity' ? 'two' : 'at least two'} axes; choose another initialiser.`,
    );
  if (!Object.hasOwn(scalings, kind)) return initializer;
  const { fanIn, fanOut } = { ...fansOf(shape), ...(known as { fanIn?: number; fanOut?: number }) };
  return { fanIn, fanOut, ...initializer } as Initializer;
}

/** Fans as in Keras: the last two axes, times the pixels of a window in front of them. */
export function fansOf(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const last = shape.at(-1) ?? 1;
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * (shape.at(-2) ?? last), fanOut: window * last };
}

/** Throws: UsageError if a function returns something other than a finite number for each element. */
export function drawInitial(
  { name, shape, initializer }: ParameterSpec,
  seed: number,
  stream: number,
): Float32Array<ArrayBuffer> {
  const size = sizeOf(shape);
  if (typeof initializer === 'function') {
    let count = 0;
    const random = (): number => uniform(pcg4d(seed, stream, 0, count++)[0]);
    const values: unknown = initializer(shape, random);
    if (!isNumberList(values) || (values as ArrayLike<number>).length !== size)
      throw new UsageError(
        `initializer: the function of ${name} returned ${shown(values)}, expected ${size} numbers, for the shape [${shape.join(',')}].`,
      );
    return Float32Array.from(values as ArrayLike<number>);
  }
  const draw = drawOf(initializer, shape);
  return draw(size, seed, stream);
}

function drawOf(initializer: Plain, shape: Shape): Draw {
  if (isScaling(initializer)) return scaled(initializer, shape);
  switch (initializer.kind) {
    case 'zeros':
      return filled(0);
    case 'ones':
      return filled(1);
    case 'constant':
      return filled(initializer.value ?? 0);
    case 'randomUniform':
      return uniformBetween(initializer.minval ?? -0.05, initializer.maxval ?? 0.05);
    case 'randomNormal':
      return normal(initializer.mean ?? 0, initializer.stddev ?? 0.05);
    case 'truncatedNormal':
      return truncated(initializer.mean ?? 0, initializer.stddev ?? 0.05);
    case 'orthogonal':
      return (size, seed, stream) => orthogonal(shape, initializer.gain ?? 1, seed, stream, size);
    case 'identity':
    default:
      return () => {
        const [rows = 0, columns = 0] = shape;
        return Float32Array.from({ length: rows * columns }, (_, i) =>
          i % (columns + 1) === 0 && i < columns * columns ? (initializer.gain ?? 1) : 0,
        );
      };
  }
}

function isScaling(initializer: Plain): initializer is Scaling {
  return Object.hasOwn(scalings, initializer.kind);
}

function scaled(initializer: Scaling, shape: Shape): Draw {
  const fans = { ...fansOf(shape), ...initializer };
  const {
    scale = 1,
    mode = 'fanIn',
    distribution = 'truncatedNormal',
  } = {
    ...scalings[initializer.kind],
    ...initializer,
  } as Extract<Plain, { kind: 'varianceScaling' }>;
  const fan = { fanIn: fans.fanIn, fanOut: fans.fanOut, fanAvg: (fans.fanIn + fans.fanOut) / 2 }[mode];
  const variance = scale / Math.max(1, fan);
  const limit = Math.sqrt(3 * variance);
  if (distribution === 'uniform') return uniformBetween(-limit, limit);
  if (distribution === 'untruncatedNormal') return normal(0, Math.sqrt(variance));
  return truncated(0, Math.sqrt(variance) / truncatedDeviation);
}

const filled =
  (value: number): Draw =>
  (size) =>
    new Float32Array(size).fill(value);

const uniformBetween =
  (low: number, high: number): Draw =>
  (size, seed, stream) => {
    const values = new Float32Array(size);
    // Four numbers per hash.
    for (let i = 0; i < size; i += 4)
      pcg4d(seed, stream, 0, i / 4).forEach((word, j) => {
        if (i + j < size) values[i + j] = low + (high - low) * uniform(word);
      });
    return values;
  };

const normal =
  (mean: number, deviation: number): Draw =>
  (size, seed, stream) =>
    Float32Array.from({ length: size }, (_, i) => mean + deviation * normals(seed, stream, i)[0]);

/** Drawn again beyond two standard deviations. */
const truncated =
  (mean: number, deviation: number): Draw =>
  (size, seed, stream) =>
    Float32Array.from({ length: size }, (_, i) => {
      for (let round = 0; ; round++) {
        const found = normals(seed, stream | (round << 24), i).find((value) => Math.abs(value) < 2);
        if (found !== undefined) return mean + deviation * found;
      }
    });

/** Four standard normal numbers of one hash (Box and Muller 1958). */
function normals(seed: number, stream: number, element: number): [number, number, number, number] {
  const [a, b, c, d] = pcg4d(seed, stream, 0, element).map(uniform) as [number, number, number, number];
  const [first, second] = [Math.sqrt(-2 * Math.log1p(-a)), Math.sqrt(-2 * Math.log1p(-c))];
  const [turn, other] = [2 * Math.PI * b, 2 * Math.PI * d];
  return [first * Math.cos(turn), first * Math.sin(turn), second * Math.cos(other), second * Math.sin(other)];
}

/** The Q of a normal matrix whose R has a positive diagonal: rows or columns of length `gain` at right angles. */
function orthogonal(
  shape: Shape,
  gain: number,
  seed: number,
  stream: number,
  size: number,
): Float32Array<ArrayBuffer> {
  const columns = shape.at(-1) ?? 1;
  const rows = size / columns;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length }, (__, i) => normals(seed, stream, k * length + i)[0]),
  );
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  vectors.forEach((vector, k) => {
    // Gram and Schmidt, twice, so that rounding leaves right angles.
    for (let pass = 0; pass < 2; pass++)
      for (const before of vectors.slice(0, k)) {
        const along = dot(vector, before);
        for (let i = 0; i < length; i++) vector[i]! -= along * before[i]!;
      }
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < length; i++) vector[i]! /= norm;
  });
  return Float32Array.from({ length: size }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return gain * (rows < columns ? vectors[row]![column]! : vectors[column]![row]!);
  });
}
