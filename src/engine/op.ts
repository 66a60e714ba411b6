/**
 * An op is a differentiable operation on tensors. Its forward runs primitives. Its backward rule names every input,
 * so that the compiler finds a missing one; `null` states that an input has no gradient.
 */
import { StateError, UsageError } from '../errors.js';
import { wrong } from '../options.js';
import type { Attributes, Primitive } from './primitive.js';
import { runEagerly } from './program.js';
import { Tensor, checkTensors, describe } from './tensor.js';
import { type Call, type Gap, type Trace, currentTrace } from './trace.js';

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
  /** Outputs through which no gradient flows, such as the counts beside a loss. */
  readonly nonDifferentiable?: readonly string[];
  forward(inputs: Readonly<Record<I, Tensor>>, attributes: A): Record<O, Tensor>;
  /** Gradients as functions, called only for inputs that need one. */
  backward(context: BackwardContext<I, O, A>): Readonly<Record<I, (() => Tensor) | null>>;
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
    nonDifferentiable: op.nonDifferentiable ?? [],
    scope: trace.scope,
    backward: (gradients) => op.backward({ inputs, outputs, attributes, gradients: gradients }),
  });
  return outputs;
}

/** The two ops that `grad` itself uses. The kernels provide them, because the engine knows no ops. */
export interface GradientOps {
  /** Sums gradients that reach one value along several paths. */
  add(a: Tensor, b: Tensor): Tensor;
  /** A tensor of one value: 1 is the gradient of a loss with respect to itself. */
  fill(shape: readonly number[], value: number): Tensor;
}

let gradientOps: GradientOps;

export function setGradientOps(ops: GradientOps): void {
  gradientOps = ops;
}

/**
 * The gradients of a scalar with respect to tensors, by extending the program with the ops' backward rules.
 * For a loss with several elements, or several losses, the gradient of their sum. A loss listed twice counts twice;
 * the gradient of a loss with respect to itself is 1.
 *
 * Units: of `loss` over those of each tensor. Shapes: those of `tensors`.
 * Throws: StateError outside a program; when the loss does not depend on one of the tensors; and when it depends on them
 * along a path that cannot be differentiated: the gradient that an op's own backward rule yields, or an output such as
 * the counts beside a loss. A path is never left out. UsageError for anything but f32 tensors.
 */
export function grad(loss: Tensor | readonly Tensor[], tensors: readonly Tensor[]): Tensor[] {
  const trace = currentTrace();
  if (!trace) throw new StateError('grad: called outside a program; wrap the computation in program(fn).');
  const losses = [loss].flat();
  checkDifferentiable('loss', losses);
  checkDifferentiable('tensors', tensors);
  return new Backpropagation(trace, losses, tensors).run();
}

/** Throws: UsageError when one of them is not an f32 tensor, or there is none. */
function checkDifferentiable(name: 'loss' | 'tensors', list: readonly Tensor[]): void {
  if (!Array.isArray(list) || list.length === 0)
    throw wrong('grad', name, list, name === 'loss' ? 'a tensor or a list of tensors' : 'a list of tensors');
  list.forEach((tensor: unknown, i) => {
    const each = name === 'loss' && list.length === 1 ? name : `${name}[${i}]`;
    if (!(tensor instanceof Tensor)) throw wrong('grad', each, tensor, 'a tensor');
    if (tensor.dtype !== 'f32')
      throw new UsageError(`grad: ${each} is ${describe(tensor)}, expected f32: integers have no gradient.`);
  });
}

/** One run of `grad` over the tape, forwards and then backwards. */
class Backpropagation {
  /** Gradients so far, by the id of the value. */
  readonly #gradients = new Map<number, Tensor>();
  /** How often each value is listed as a loss, until its own gradient of 1 has been added. */
  readonly #unseeded = new Map<number, number>();

  constructor(
    private readonly trace: Trace,
    losses: readonly Tensor[],
    private readonly tensors: readonly Tensor[],
  ) {
    for (const loss of losses) {
      const id = this.#idOf(loss);
      this.#unseeded.set(id, (this.#unseeded.get(id) ?? 0) + 1);
    }
  }

  run(): Tensor[] {
    const depends = new Set(this.tensors.map((tensor) => this.#idOf(tensor)));
    for (const entry of this.#relevant(depends).toReversed()) {
      if (entry.kind === 'gap') this.#refuseGap(entry);
      else this.#differentiate(entry, depends);
    }
    return this.tensors.map((tensor, i) => {
      this.#seed(tensor);
      const gradient = this.#gradients.get(this.#idOf(tensor));
      if (!gradient)
        throw new StateError(
          `grad: the loss does not depend on tensor ${i} of shape [${tensor.shape.join(',')}].`,
        );
      return gradient;
    });
  }

  #idOf(tensor: Tensor): number {
    return this.trace.valueOf(tensor).id;
  }

  /** The tape entries that read values depending on the tensors; adds their outputs to `depends`. */
  #relevant(depends: Set<number>): (Call | Gap)[] {
    return this.trace.tape.filter((entry) => {
      const [inputs, outputs] =
        entry.kind === 'gap'
          ? [entry.inputs.map(({ id }) => id), entry.outputs.map(({ id }) => id)]
          : [entry.inputs, entry.outputs].map((tensors) =>
              Object.values(tensors).map((tensor) => this.#idOf(tensor)),
            );
      const isRelevant = inputs!.some((id) => depends.has(id));
      if (isRelevant) for (const id of outputs!) depends.add(id);
      return isRelevant;
    });
  }

  #differentiate(call: Call, depends: ReadonlySet<number>): void {
    const entries = Object.entries(call.outputs);
    const unit = call.unitGradientOf;
    for (const [name, tensor] of entries) {
      const id = this.#idOf(tensor);
      // Its backward rule takes the missing gradient as 1, which avoids a tensor of ones.
      const isSpared = name === unit && this.#unseeded.get(id) === 1 && !this.#gradients.has(id);
      if (!isSpared) this.#seed(tensor);
    }
    const gradients = Object.fromEntries(
      entries.map(([name, tensor]) => [name, this.#gradients.get(this.#idOf(tensor))]),
    );
    const isLoss = unit !== undefined && this.#unseeded.has(this.#idOf(call.outputs[unit] as Tensor));
    if (!isLoss && !entries.some(([name]) => gradients[name])) return;
    for (const name of call.nonDifferentiable) {
      if (gradients[name])
        throw new StateError(
          `grad: the loss depends on '${name}' of ${call.op}, which has no derivative${unit ? `; take '${unit}'` : ''}.`,
        );
    }
    this.trace.inBackwardRule(call, () => {
      const rules = call.backward(gradients);
      for (const [name, tensor] of Object.entries(call.inputs)) {
        const rule = rules[name];
        if (rule && depends.has(this.#idOf(tensor))) this.#add(tensor, rule());
      }
    });
  }

  #refuseGap({ op, isInBackwardRule, outputs }: Gap): void {
    if (!outputs.some(({ id }) => this.#gradients.has(id) || this.#unseeded.has(id))) return;
    throw new StateError(
      isInBackwardRule
        ? `grad: the loss depends on a gradient through ${op}, whose backward rule cannot be differentiated; take first-order gradients through ${op} only.`
        : `grad: the loss depends on the tensors through ${op}, which has no gradient.`,
    );
  }

  /** Adds the gradient of a loss with respect to itself, once. */
  #seed(tensor: Tensor): void {
    const id = this.#idOf(tensor);
    const count = this.#unseeded.get(id);
    if (count === undefined) return;
    this.#unseeded.delete(id);
    this.#add(tensor, gradientOps.fill(tensor.shape, count));
  }

  #add(tensor: Tensor, gradient: Tensor): void {
    const id = this.#idOf(tensor);
    const before = this.#gradients.get(id);
    this.#gradients.set(id, before ? gradientOps.add(before, gradient) : gradient);
  }
}
