/**
 * An op is a differentiable operation on tensors. Its forward runs primitives. Its backward rule names every input,
 * so that the compiler finds a missing one; `null` states that the gradient is 0, or that the input is an integer.
 */
import type { Attributes, Primitive } from './primitive.js';
import { runEagerly, runPrimitive } from './program.js';
import { type Tensor, checkTensors } from './tensor.js';
import { type Call, currentTrace } from './trace.js';

export interface BackwardContext<I extends string, O extends string, A extends Attributes> {
  readonly inputs: Readonly<Record<I, Tensor>>;
  readonly outputs: Readonly<Record<O, Tensor>>;
  /** The gradients of the outputs; undefined for an output that the loss does not depend on. */
  readonly gradients: Readonly<Record<O, Tensor | undefined>>;
  readonly attributes: A;
}

export interface Op<I extends string = string, O extends string = string, A extends Attributes = Attributes> {
  readonly name: string;
  /** Every primitive of the op, forward first. Tests, the bench and the docs are generated from this list. */
  readonly primitives: readonly Primitive[];
  /** Attributes that are only scalars of its primitives (see Primitive). */
  readonly scalars?: readonly string[];
  /** For losses: the output whose missing gradient the backward rule takes as 1, which avoids a tensor of ones. */
  readonly unitGradientOf?: string;
  /** Outputs without a derivative, such as the counts beside a loss, each with the inputs that it depends on. */
  readonly nonDifferentiable?: Readonly<Partial<Record<O, readonly I[]>>>;
  forward(inputs: Readonly<Record<I, Tensor>>, attributes: A): Record<O, Tensor>;
  /** Gradients as functions, called only for inputs that need one. */
  backward(context: BackwardContext<I, O, A>): Readonly<Record<I, (() => Tensor) | null>>;
}

/**
 * A value that a call leaves out because it reads what the value is computed from, as a loss of probabilities reads the
 * logits. Its gradient counts where it is asked for, and flows no further: the inputs of the call have theirs.
 */
export interface Bypass<O extends string> {
  readonly tensor: Tensor;
  gradient(outputs: Readonly<Record<O, Tensor>>, gradients: Readonly<Record<O, Tensor | undefined>>): Tensor;
}

/**
 * Calls an op: records it with its backward rule inside a program, runs it immediately outside.
 *
 * Throws: UsageError for an operand that is not a tensor; StateError for one that was disposed.
 */
export function apply<I extends string, O extends string, A extends Attributes>(
  op: Op<I, O, A>,
  inputs: Readonly<Record<I, Tensor>>,
  attributes: A,
  bypass?: Bypass<O>,
): Record<O, Tensor> {
  checkTensors(op.name, inputs);
  const trace = currentTrace();
  if (!trace) return runEagerly(op, inputs, attributes, (traced) => op.forward(traced, attributes));
  const outputs = trace.inOp(() => op.forward(inputs, attributes));
  trace.tape.push({
    kind: 'call',
    op: op.name,
    inputs,
    outputs,
    attributes,
    unitGradientOf: op.unitGradientOf,
    nonDifferentiable: (op.nonDifferentiable ?? {}) as Call['nonDifferentiable'],
    bypassed: bypass && {
      tensor: bypass.tensor,
      gradient: (gradients: Readonly<Record<O, Tensor | undefined>>) => bypass.gradient(outputs, gradients),
    },
    scope: trace.scope,
    backward: (gradients) => op.backward({ inputs, outputs, attributes, gradients: gradients }),
  });
  return outputs;
}

/**
 * An op of one primitive. The gradient primitives of ops are ops of this kind, so that their gradients can be
 * differentiated again, to any order.
 */
export function opOf<I extends string, O extends string, A extends Attributes>(
  primitive: Primitive<I, O, A>,
  backward: Op<I, O, A>['backward'],
): Op<I, O, A> {
  return {
    name: primitive.name,
    primitives: [primitive],
    forward: (inputs, attributes) => runPrimitive(primitive, inputs, attributes),
    backward,
  };
}
