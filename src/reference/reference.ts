/**
 * The reference of an op: the same mathematics in float64, as plainly as it can be written.
 *
 * A reference follows the formula, never the WGSL, so that both agree only if both are right. Tests, gradcheck and the
 * interpreter (interpreter.ts) run it.
 * Letters: x any operand, y a result, dy the gradient of the loss with respect to y.
 */
import type { Attributes } from '../engine/primitive.js';
import type { Array64, Arrays } from './array64.js';

export interface Reference<I extends string = string, O extends string = string, A = Attributes> {
  /** The op's name, as in `conv2d`. */
  readonly op: string;
  /** y = f(x). `attributes` are those of the op (src/engine/op.ts). */
  forward(inputs: Arrays<I>, attributes: A): Arrays<O>;
  /** The vector-Jacobian product: the gradients of Σ dy · y, for the inputs that have one. */
  backward?(inputs: Arrays<I>, dy: Arrays<O>, attributes: A): Readonly<Partial<Record<I, Array64>>>;
}
