/** `grad` extends a program with the gradients of a loss. They are made of ops, so they can be differentiated again. */
import { StateError, UsageError } from '../errors.js';
import { Tensor, describe } from '../engine/tensor.js';
import { type Call, type Gap, type Trace, currentTrace, mapRecord } from '../engine/trace.js';
import { rootOf } from '../engine/value.js';
import { wrong } from '../options.js';
import { add, fill, multiply } from './arithmetic.js';
import { cast } from './cast.js';
import { reshape } from './reshape.js';

/**
 * The gradients of a scalar with respect to tensors, by extending the program with the ops' backward rules.
 * For a loss with several elements, or several losses, the gradient of their sum. A loss listed twice counts twice;
 * the gradient of a loss with respect to itself is 1.
 *
 * Units: of `loss` over those of each tensor. Shapes: those of `tensors`.
 * Throws: StateError outside a program; when the loss does not depend on one of the tensors; and when it depends on them
 * along a path that cannot be differentiated, such as the counts that come with a loss or a change in place. A path is never
 * left out. UsageError for integers.
 */
export function grad(loss: Tensor | readonly Tensor[], tensors: readonly Tensor[]): Tensor[] {
  const trace = currentTrace();
  if (!trace) throw new StateError('grad: called outside a program; wrap the computation in program(fn).');
  const losses = [loss].flat();
  checkDifferentiable('loss', losses);
  checkDifferentiable('tensors', tensors);
  return new Backpropagation(trace, losses, tensors).run();
}

/** Throws: UsageError when one of them is not a tensor of floats, or there is none. */
function checkDifferentiable(name: 'loss' | 'tensors', list: readonly Tensor[]): void {
  if (!Array.isArray(list) || list.length === 0)
    throw wrong('grad', name, list, name === 'loss' ? 'a tensor or a list of tensors' : 'a list of tensors');
  list.forEach((tensor: unknown, i) => {
    const each = name === 'loss' && list.length === 1 ? name : `${name}[${i}]`;
    if (!(tensor instanceof Tensor)) throw wrong('grad', each, tensor, 'a tensor');
    if (tensor.dtype !== 'f32' && tensor.dtype !== 'f16')
      throw new UsageError(`grad: ${each} is ${describe(tensor)}, expected f32: integers have no gradient.`);
  });
}

/** One run of `grad` over the tape, forwards and then backwards. */
class Backpropagation {
  /** Gradients so far, by the id of the value. */
  readonly #gradients = new Map<number, Tensor>();
  /** How often each value is listed as a loss, until its own gradient of 1 has been added. */
  readonly #unseeded = new Map<number, number>();

  /** The memory of losses and of values with a gradient, by the id of its root. */
  readonly #reached = new Set<number>();
  /** Which op changes that memory in place, in the part of the tape that has been walked. */
  readonly #changes = new Map<number, string>();

  constructor(
    private readonly trace: Trace,
    losses: readonly Tensor[],
    private readonly tensors: readonly Tensor[],
    /** The entry of the tape before which nothing is differentiated. */
    private readonly begin = 0,
  ) {
    for (const loss of losses) {
      const id = this.#idOf(loss);
      this.#unseeded.set(id, (this.#unseeded.get(id) ?? 0) + 1);
      this.#reached.add(this.#rootIdOf(loss));
    }
  }

  run(): Tensor[] {
    const depends = new Set(this.tensors.map((tensor) => this.#idOf(tensor)));
    const relevant = new Set(this.#relevant(depends));
    for (const entry of this.trace.tape.slice(this.begin).toReversed()) {
      if (entry.kind === 'call') {
        if (relevant.has(entry)) this.#differentiate(entry, depends);
        continue;
      }
      if (relevant.has(entry)) this.#refuseGap(entry);
      for (const value of entry.mutated) this.#changes.set(rootOf(value).id, entry.op);
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

  #rootIdOf(tensor: Tensor): number {
    return rootOf(this.trace.valueOf(tensor)).id;
  }

  /** The tape entries that read values depending on the tensors; adds to `depends` what they compute or change. */
  #relevant(depends: Set<number>): (Call | Gap)[] {
    return this.trace.tape.slice(this.begin).filter((entry) => {
      const [inputs, outputs] =
        entry.kind === 'gap'
          ? [entry.inputs, [...entry.outputs, ...entry.mutated]].map((values) => values.map(({ id }) => id))
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
    if (!isLoss) {
      if (!entries.some(([name]) => gradients[name])) return;
      // The rule takes a missing gradient as 1, but the loss depends on other outputs alone.
      if (unit !== undefined) gradients[unit] ??= fill((call.outputs[unit] as Tensor).shape, 0);
    }
    for (const name of call.nonDifferentiable) {
      if (gradients[name])
        throw new StateError(
          `grad: the loss depends on '${name}' of ${call.op}, which has no derivative${unit ? `; take '${unit}'` : ''}.`,
        );
    }
    for (const tensor of [...Object.values(call.inputs), ...Object.values(call.outputs)]) {
      const change = this.#changes.get(this.#rootIdOf(tensor));
      if (change !== undefined)
        throw new StateError(
          `grad: the loss depends on a tensor that ${change} changed in place after ${call.op} had used it; call grad before the change.`,
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

  #refuseGap({ op, isInBackwardRule, outputs, mutated }: Gap): void {
    const isReached = outputs.some(({ id }) => this.#gradients.has(id) || this.#unseeded.has(id));
    if (!isReached && !mutated.some((value) => this.#reached.has(rootOf(value).id))) return;
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
    const ones = fill(tensor.shape, count);
    this.#add(tensor, tensor.dtype === 'f16' ? cast(ones, 'f16') : ones);
  }

  #add(tensor: Tensor, gradient: Tensor): void {
    const id = this.#idOf(tensor);
    const before = this.#gradients.get(id);
    this.#gradients.set(id, before ? add(before, gradient) : gradient);
    this.#reached.add(this.#rootIdOf(tensor));
  }
}

/** x as a constant, through which no gradient flows. Within a program. */
export function stopGradient(x: Tensor): Tensor {
  // The tape has no entry for the view, so that nothing leads from it to x.
  return (currentTrace() as Trace).view(x, x.shape);
}

/**
 * The gradients of a function made of ops: those of Σ gradient · output with respect to each input, recorded when called.
 * For the backward rule of an op whose outputs are such a function, which `fn` records once more.
 *
 * No gradient flows further than to the inputs, although one of them may depend on another.
 */
export function gradientsOf<I extends string, O extends string>(
  inputs: Readonly<Record<I, Tensor>>,
  gradients: Readonly<Record<O, Tensor | undefined>>,
  fn: (inputs: Readonly<Record<I, Tensor>>) => Readonly<Record<O, Tensor>>,
): Record<I, () => Tensor> {
  const record = (): Record<I, Tensor> => {
    const trace = currentTrace() as Trace;
    const views = mapRecord(inputs, (tensor: Tensor) => reshape(tensor, tensor.shape));
    const begin = trace.tape.length;
    const outputs = fn(views);
    const losses = (Object.entries(gradients) as [O, Tensor | undefined][]).flatMap(([name, gradient]) =>
      gradient ? [multiply(outputs[name], gradient)] : [],
    );
    // These add nothing, and give an input that no output depends on the gradient 0.
    const nothing = Object.values<Tensor>(views).map((view) => multiply(view, 0));
    const wanted = Object.values<Tensor>(views);
    const found = new Backpropagation(trace, [...losses, ...nothing], wanted, begin).run();
    const names = Object.keys(inputs) as I[];
    return Object.fromEntries(names.map((name, i) => [name, found[i]])) as Record<I, Tensor>;
  };
  let recorded: Record<I, Tensor> | undefined;
  return mapRecord(inputs, (_, name) => () => (recorded ??= record())[name]);
}
