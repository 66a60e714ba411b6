/**
 * All that an op is checked with, besides its reference: cases, how far an f32 result may be off, wrong calls, and the
 * shapes that the bench times. Tests, gradcheck and the bench are made from it.
 * Letters: x any operand, y a result, dy the gradient of the loss with respect to y.
 */
import type { Attributes, DType, Shape, Spec } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import type { Array64, Arrays } from '../reference/array64.js';
import type { Reference } from '../reference/reference.js';
import type { Draw, Random, Shapes } from './draws.js';

/** One call of the op: shapes and options, and numbers too where they are worked out by hand. */
export interface Case<I extends string = string, O extends string = string, P = Attributes> {
  readonly name: string;
  readonly inputs: Shapes<I>;
  readonly options: P;
  /** Operands drawn in another way than the check's own. */
  readonly draw?: Partial<Readonly<Record<I, Draw>>>;
  /** False where finite differences mean nothing, such as at ties. */
  readonly isSmooth?: false;
  /** Checked by `npm run gradcheck` only, since it takes longer. */
  readonly isThorough?: true;
  /** Millions of elements, for tiles that no smaller case fills: checks the variants that no earlier case took. */
  readonly isHuge?: true;
  /**
   * Looks for the edges of tiles, which a baseline kernel does not have, and skips it where there are other variants:
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
  /** For a GPU, which the small ones would not fill. */
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

/** A case with its numbers: everything that a primitive can take as operands or yield as results. */
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

/** Σ|terms| of outputs and gradients; of those that are left out it is |value|. */
export interface Magnitudes<I extends string, O extends string> {
  readonly outputs: Partial<Arrays<O>>;
  readonly gradients: Partial<Arrays<I>>;
}

/** `P` are the options of the public function, `A` the attributes that the op is called with. */
export interface OpCheck<
  I extends string = string,
  O extends string = string,
  P = Attributes,
  A = Attributes,
> {
  readonly reference: Reference<I, O, A>;
  /** The attributes that the op is called with; the options themselves when left out. */
  attributes?(inputs: Shapes<I>, options: P): A;
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
  /**
   * Σ|terms| of every result. `multilinear` is for sums of products: the op on absolute values gives it.
   * When left out it is |value|.
   */
  readonly magnitudes?:
    'multilinear' | ((inputs: Arrays<I>, dy: Arrays<O>, options: P, outputs: Arrays<O>) => Magnitudes<I, O>);
  /**
   * Elements of a result that a kernel may make NaN where NumPy has something else, such as a sum in which an infinity
   * meets the zero of a padding. Asked only for operands that hold NaN or infinity.
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

/** A check in the form in which the registry keeps all of them. */
export function opCheck<I extends string, O extends string, P, A = P>(typed: OpCheck<I, O, P, A>): OpCheck {
  return typed as unknown as OpCheck;
}
