/**
 * Everything that an op is checked with: its reference, cases, tolerances, wrong calls, and the shapes that the
 * bench times. Tests, gradcheck and the bench are built from it.
 * Letters: x any operand, y a result, dy the gradient of the loss with respect to y.
 */
import type { Op } from '../engine/op.js';
import type { Attributes, DType, Shape, Spec } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import type { Array64, Arrays } from '../reference/array64.js';
import type { Reference } from '../reference/reference.js';
import type { Draw, Random, Shapes } from './draws.js';

/** One call of the op: shapes and options, and, for a case by hand, numbers. */
export interface Case<I extends string = string, O extends string = string, P = Attributes> {
  readonly name: string;
  readonly inputs: Shapes<I>;
  readonly options: P;
  /** Overrides how operands are drawn. */
  readonly draw?: Partial<Readonly<Record<I, Draw>>>;
  /** False where finite differences are meaningless, such as at ties. */
  readonly isSmooth?: false;
  /** Its second derivatives are checked besides those of the largest case. */
  readonly isSecondOrder?: true;
  /** Only checked by `npm run gradcheck`, because it takes longer. */
  readonly isThorough?: true;
  /** Millions of elements, for tiles that no smaller case fills: checks the variants that no earlier case covered. */
  readonly isHuge?: true;
  /**
   * Targets the edges of tiles, which a baseline kernel does not have. If there are other variants the baseline is
   * skipped: drivers unroll its loops over channels and compile for seconds.
   */
  readonly forTiles?: true;
  /** Numbers computed by hand; the gradients are those of the sum of the outputs. */
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
  /** For GPUs, which the small shapes would not fill. */
  readonly gpuInputs?: Shapes<I>;
  readonly options: P;
}

/** A call that the public function must refuse. */
export interface WrongCall<I extends string = string> {
  readonly name: string;
  /** f32 unless the entry says otherwise. */
  readonly inputs: Readonly<Record<I, Shape | Spec>>;
  call(inputs: Readonly<Record<I, Tensor>>): unknown;
}

/** An expected result and its tolerance. */
export interface Expected {
  readonly value: Array64;
  /** Σ|terms| behind each element, relative to which rounding errors are measured. */
  readonly magnitude: Float64Array;
  readonly tolerance: number;
  /** Elements that may also be NaN, if operands contain NaN or infinity. */
  readonly mayBeNaN?: (index: number) => boolean;
}

/** A case with its numbers: every operand that a primitive may need and every result that it may produce. */
export interface Evaluated<I extends string = string, O extends string = string, P = Attributes> {
  readonly inputs: Arrays<I>;
  readonly options: P;
  readonly outputs: Readonly<Record<O, Expected>>;
  /** dy of each output. */
  readonly outputGradients: Arrays<O>;
  /** Of the inputs that have a gradient. */
  readonly gradients: Partial<Readonly<Record<I, Expected>>>;
}

/** One primitive of the op with its operands: a case at the level of kernels. */
export interface PrimitiveCase {
  readonly inputs: Readonly<Record<string, Array64>>;
  readonly attributes: Attributes;
  /** Of the primitive's outputs, and of the inputs that it mutates. */
  readonly results: Readonly<Record<string, Expected>>;
}

/** Σ|terms| of outputs and gradients; |value| for omitted ones. */
export interface Magnitudes<I extends string, O extends string> {
  readonly outputs: Partial<Arrays<O>>;
  readonly gradients: Partial<Arrays<I>>;
}

/** `P`: options of the public function; `A`: attributes of the op. */
export interface OpCheck<
  I extends string = string,
  O extends string = string,
  P = Attributes,
  A = Attributes,
> {
  /** What is checked: an op, or the primitives with a common name prefix that belong to none. */
  readonly op: Pick<Op, 'name' | 'primitives'>;
  readonly reference: Reference<I, O, A>;
  /** The op's attributes. Default: the options themselves. */
  attributes?(inputs: Shapes<I>, options: P): A;
  readonly inputs: Readonly<
    Record<
      I,
      {
        readonly dtype?: DType;
        readonly draw: Draw;
        /** Never contains NaN or infinity, because another primitive computes it from finite numbers. */
        readonly isFinite?: true;
      }
    >
  >;
  readonly outputs: readonly O[];
  /** Outputs whose gradient flows back; default all. The gradient of the others is 0. */
  readonly differentiable?: readonly O[];
  /**
   * Σ|terms| of every result. `multilinear` is for sums of products: the op applied to absolute values. Default: |value|.
   */
  readonly magnitudes?:
    'multilinear' | ((inputs: Arrays<I>, dy: Arrays<O>, options: P, outputs: Arrays<O>) => Magnitudes<I, O>);
  /**
   * Elements that a kernel may make NaN where NumPy has another value, such as a sum in which an infinity meets a zero of
   * the padding. Only called for operands that contain NaN or infinity.
   */
  mayBeNaN?(inputs: Arrays<I>, dy: Arrays<O>): Partial<Readonly<Record<I | O, (index: number) => boolean>>>;
  /** Number of terms of the longest sum behind each output, and behind each input's gradient. Default 1. */
  terms?(inputs: Shapes<I>, options: P): Partial<Readonly<Record<I | O, number>>>;
  /** Roundings in units of 2⁻²⁴, besides those of the sums. Default 4. `0` (and no terms) compares exactly. */
  readonly roundings?: Partial<Readonly<Record<I | O, number>>>;
  /** The public function, for gradients end to end and for the numerical check. */
  call?(inputs: Readonly<Record<I, Tensor>>, options: P): Readonly<Record<O, Tensor>>;
  /** Operands and expected results for every primitive of the op. */
  readonly primitives: Readonly<Record<string, (at: Evaluated<I, O, P>) => PrimitiveCase>>;
  readonly cases: readonly Case<I, O, P>[];
  /**
   * One of many element-wise ops, which run through the same kernel: random shapes and fusion are only checked by
   * `npm run gradcheck`, and the sample for a further driver is one case.
   */
  readonly isBrief?: true;
  /** A case of random shapes. */
  random?(random: Random): Pick<Case<I, O, P>, 'inputs' | 'options' | 'draw' | 'forTiles'>;
  readonly bench: readonly BenchShape<I, P>[];
  readonly wrongCalls: readonly WrongCall<I>[];
}

/** A check as the registry stores it, with its types erased. */
export function opCheck<I extends string, O extends string, P, A = P>(typed: OpCheck<I, O, P, A>): OpCheck {
  return typed as unknown as OpCheck;
}
