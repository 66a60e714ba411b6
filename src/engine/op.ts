/**
 * An op is a differentiable operation on tensors: its forward is made of passes, its backward rule names every
 * input, so that the compiler finds a missing one: `null` says that there is no gradient, on purpose.
 */
import { StateError } from '../errors.js';
import type { Attributes, Pass } from './pass.js';
import { runEagerly } from './program.js';
import type { Tensor } from './tensor.js';
import { type Call, currentTrace } from './trace.js';

export interface BackwardContext<I extends string, O extends string, A extends Attributes> {
  readonly inputs: Readonly<Record<I, Tensor>>;
  readonly outputs: Readonly<Record<O, Tensor>>;
  /** The gradients of the outputs; an output that the loss does not depend on has none. */
  readonly gradients: Readonly<Record<O, Tensor | undefined>>;
  readonly attributes: A;
}

export interface Op<I extends string = string, O extends string = string, A extends Attributes = Attributes> {
  readonly name: string;
  /** Every pass of the op, forward first: what tests, the bench and the docs are made from. */
  readonly passes: readonly Pass[];
  /** Of losses: the output whose missing gradient the backward takes as 1, which spares a tensor of ones. */
  readonly unitGradientOf?: string;
  forward(inputs: Readonly<Record<I, Tensor>>, attributes: A): Record<O, Tensor>;
  /** Gradients as functions, called only for the inputs that matter. */
  backward(context: BackwardContext<I, O, A>): Readonly<Record<I, (() => Tensor) | null>>;
}

/** Calls an op: recorded with its backward rule inside a program, at once outside. */
export function apply<I extends string, O extends string, A extends Attributes>(
  op: Op<I, O, A>,
  inputs: Readonly<Record<I, Tensor>>,
  attributes: A,
): Record<O, Tensor> {
  const trace = currentTrace();
  if (!trace) return runEagerly(op.name, inputs, attributes, (traced) => op.forward(traced, attributes));
  const outputs = op.forward(inputs, attributes);
  const call: Call = {
    inputs,
    outputs,
    unitGradientOf: op.unitGradientOf,
    scope: trace.scope,
    backward: (gradients) => op.backward({ inputs, outputs, attributes, gradients: gradients }),
  };
  trace.calls.push(call);
  return outputs;
}

/** The two ops that `grad` itself needs; the kernels provide them, since the engine knows no op. */
export interface GradientOps {
  /** Sums gradients that reach one value along several ways. */
  add(a: Tensor, b: Tensor): Tensor;
  /** The gradient of the loss with respect to itself. */
  ones(shape: readonly number[]): Tensor;
}

let gradientOps: GradientOps;

export function setGradientOps(ops: GradientOps): void {
  gradientOps = ops;
}

/**
 * The gradients of a scalar with respect to tensors, by extending the program with the ops' backward rules.
 * Of a loss with several elements, or of several losses, it is the gradient of their sum.
 *
 * Units: of `loss` over those of each tensor. Shapes: those of `tensors`.
 * Throws: StateError outside a program, when the loss does not depend on one of the tensors, or depends on them through
 * an output that has no derivative, such as the counts beside a loss.
 */
export function grad(loss: Tensor | readonly Tensor[], tensors: readonly Tensor[]): Tensor[] {
  const trace = currentTrace();
  if (!trace) throw new StateError('grad: called outside a program; wrap the computation in program(fn).');
  const idOf = (tensor: Tensor): number => trace.valueOf(tensor).id;
  const calls = [...trace.calls];

  // Forwards: which values depend on the tensors asked for.
  const depends = new Set(tensors.map(idOf));
  const relevant = calls.filter((call) => {
    const isRelevant = Object.values(call.inputs).some((tensor) => depends.has(idOf(tensor)));
    if (isRelevant) for (const tensor of Object.values(call.outputs)) depends.add(idOf(tensor));
    return isRelevant;
  });

  // Backwards: gradients flow from the loss to them.
  const gradients = new Map<number, Tensor>();
  const lossIds = new Set([loss].flat().map(idOf));
  for (const call of relevant.toReversed()) {
    const entries = Object.entries(call.outputs);
    const losses = entries.filter(([, tensor]) => lossIds.has(idOf(tensor)));
    if (losses.length === 0 && !entries.some(([, tensor]) => gradients.has(idOf(tensor)))) continue;
    for (const [name, tensor] of losses) {
      const before = gradients.get(idOf(tensor));
      if (!before && call.unitGradientOf === name) continue;
      const ones = gradientOps.ones(tensor.shape);
      gradients.set(idOf(tensor), before ? gradientOps.add(before, ones) : ones);
    }
    const outputGradients = Object.fromEntries(
      entries.map(([name, tensor]) => [name, gradients.get(idOf(tensor))]),
    );
    const unit = call.unitGradientOf;
    if (unit !== undefined && !outputGradients[unit] && !losses.some(([name]) => name === unit)) {
      const others = entries.flatMap(([name]) => (outputGradients[name] ? [`'${name}'`] : []));
      throw new StateError(
        `grad: the loss depends on ${others.join(', ')}, which has no derivative; take '${unit}'.`,
      );
    }
    trace.inScope(call.scope && { ...call.scope, isBackward: true }, () => {
      const rules = call.backward(outputGradients);
      for (const [name, tensor] of Object.entries(call.inputs)) {
        const rule = rules[name];
        const id = idOf(tensor);
        if (!rule || !depends.has(id)) continue;
        const gradient = rule();
        const before = gradients.get(id);
        gradients.set(id, before ? gradientOps.add(before, gradient) : gradient);
      }
    });
  }
  return tensors.map((tensor, i) => {
    const gradient = gradients.get(idOf(tensor));
    if (!gradient)
      throw new StateError(
        `grad: the loss does not depend on tensor ${i} of shape [${tensor.shape.join(',')}].`,
      );
    return gradient;
  });
}
