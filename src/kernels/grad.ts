/** `grad` extends a program with the gradients of a loss. They are made of ops, so they can be differentiated again. */
import { StateError, UsageError } from '../errors.js';
import { type Shape, bytesPerElement, sizeOf } from '../engine/primitive.js';
import { Tensor, describe } from '../engine/tensor.js';
import { type Call, type Gap, type Trace, currentTrace, mapRecord } from '../engine/trace.js';
import { type Value, rootOf } from '../engine/value.js';
import { checkCall } from '../calls.js';
import { type Rules, oneOf, wrong } from '../options.js';
import { add, fill, filledLike, multiply } from './arithmetic.js';
import { reshape } from './reshape.js';

export interface GradOptions {
  /**
   * For a tensor that the loss does not depend on: 'throw' (default), or 'zero' for a gradient of zeros, as for the
   * parameters of an output without a loss.
   */
  readonly unconnected?: 'throw' | 'zero';
}

/** One for each tensor: of `[w, b]` a pair, so that strict projects can take it apart. */
export type Gradients<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

const rules = (): Rules<GradOptions> => ({ unconnected: oneOf(['throw', 'zero']) });

/**
 * The gradients of a scalar with respect to tensors, by extending the program with the ops' backward rules.
 * For a loss with several elements, or several losses, the gradient of their sum. A loss listed twice counts twice;
 * the gradient of a loss with respect to itself is 1. A gradient is 0 if the loss depends on the tensor only through
 * steps, as the gradient of relu does, in PyTorch and JAX too. Tensors made outside the program over the same memory, such
 * as a tensor and its reshape, are one variable: each has the gradient of all. Each argument of the program is a variable of
 * its own.
 *
 * Units: of `loss` over those of each tensor. Shapes: those of `tensors`.
 * Throws: StateError outside a program; when the loss does not depend on one of the tensors, unless `unconnected` is
 * 'zero'; and when it depends on them along a path that cannot be differentiated, such as the counts that come with a
 * loss, a change in place, or a tensor over a part of the same memory. A path is never left out. UsageError for
 * integers.
 */
export function grad<const T extends readonly Tensor[]>(
  loss: Tensor | readonly Tensor[],
  tensors: T,
  options: GradOptions = {},
): Gradients<T> {
  const trace = currentTrace();
  if (!trace) throw new StateError('grad: called outside a program; wrap the computation in program(fn).');
  checkCall('grad', options, rules);
  const losses = [loss].flat();
  checkDifferentiable(trace, 'loss', losses);
  checkDifferentiable(trace, 'tensors', tensors);
  return new Backpropagation(trace, losses, tensors, options).run() as Gradients<T>;
}

/** Throws: UsageError when one of them is not a tensor of floats, or there is none. */
function checkDifferentiable(trace: Trace, name: 'loss' | 'tensors', list: readonly Tensor[]): void {
  if (!Array.isArray(list) || list.length === 0)
    throw wrong('grad', name, list, name === 'loss' ? 'a tensor or a list of tensors' : 'a list of tensors');
  list.forEach((tensor: unknown, i) => {
    const each = name === 'loss' && list.length === 1 ? name : `${name}[${i}]`;
    if (!(tensor instanceof Tensor)) throw wrong('grad', each, tensor, 'a tensor');
    if (tensor.dtype === 'f32' || tensor.dtype === 'f16') return;
    const producer = tensor.traced && trace.producerOf(tensor);
    const of = producer ? ` of ${producer.op}` : '';
    throw new UsageError(
      `grad: ${each} is ${describe(tensor)}${of}, expected f32: integers have no gradient.`,
    );
  });
}

/** What gradients belong to: a value, or memory from outside the program. */
type Id = number | string;

function idOf({ id, memory }: Value): Id {
  return memory ?? id;
}

/** A range of bytes in a buffer from outside the program. */
interface Range<T> {
  readonly id: Id;
  readonly start: number;
  readonly end: number;
  readonly known: T;
  /** The last end of this range and those before it. */
  reach: number;
}

/** What is known of memory, by the values that use it. A captured tensor finds what is known of any part of its memory. */
class ByMemory<T> {
  readonly #ofNodes = new Map<number, T>();
  /** By buffer, in the order of their starts. */
  readonly #ranges = new Map<GPUBuffer, Range<T>[]>();

  /** A second entry for the same memory has no effect. */
  set(value: Value, known: T): void {
    const root = rootOf(value);
    if (root.origin.kind !== 'capture') {
      this.#ofNodes.set(root.id, known);
      return;
    }
    const { buffer, offset: start } = root.origin.storage;
    const ranges = this.#ranges.get(buffer) ?? [];
    this.#ranges.set(buffer, ranges);
    const id = idOf(root);
    const at = countBefore(ranges, start + 1);
    for (let i = at - 1; ranges[i]?.start === start; i--) if (ranges[i]!.id === id) return;
    ranges.splice(at, 0, { id, start, end: start + bytesOf(root), known, reach: 0 });
    for (let i = at; i < ranges.length; i++)
      ranges[i]!.reach = Math.max(ranges[i]!.end, ranges[i - 1]?.reach ?? 0);
  }

  get(value: Value): T | undefined {
    const root = rootOf(value);
    if (root.origin.kind !== 'capture') return this.#ofNodes.get(root.id);
    return this.overlapping(root)[0]?.known;
  }

  /** The ranges that share a part of the memory of a captured value. */
  overlapping(root: Value): Range<T>[] {
    if (root.origin.kind !== 'capture') return [];
    const { buffer, offset: start } = root.origin.storage;
    const ranges = this.#ranges.get(buffer) ?? [];
    const found: Range<T>[] = [];
    for (let i = countBefore(ranges, start + bytesOf(root)) - 1; i >= 0 && ranges[i]!.reach > start; i--)
      if (ranges[i]!.end > start) found.push(ranges[i]!);
    return found;
  }
}

/** How many of the ranges start before `place`. */
function countBefore(ranges: readonly Range<unknown>[], place: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.start < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bytesOf({ spec: { shape, dtype } }: Value): number {
  return sizeOf(shape) * bytesPerElement[dtype];
}

/** The values whose gradients are needed: the tensors, what is computed from them, and memory changed by it. */
interface Depends {
  has(tensor: Tensor): boolean;
}

/** One run of `grad` over the tape, forwards and then backwards. */
class Backpropagation {
  /** Gradients so far, by the id of the value. */
  readonly #gradients = new Map<Id, Tensor>();
  /** Parts of the gradients of tensors that calls read past: these flow no further. */
  readonly #bypassed = new Map<Id, Tensor>();
  /** How often each value is listed as a loss, until its own gradient of 1 has been added. */
  readonly #unseeded = new Map<Id, number>();

  /** The memory of losses and of values with a gradient. */
  readonly #reached = new ByMemory<true>();
  /** Which op changes that memory in place, in the part of the tape that has been walked. */
  readonly #changes = new ByMemory<string>();
  readonly #wanted: ByMemory<number>;

  constructor(
    private readonly trace: Trace,
    private readonly losses: readonly Tensor[],
    private readonly tensors: readonly Tensor[],
    private readonly options: GradOptions = {},
    /** The entry of the tape before which nothing is differentiated. */
    private readonly begin = 0,
  ) {
    this.#wanted = this.#memoryOf(tensors);
  }

  run(): Tensor[] {
    const { losses, tensors, trace } = this;
    for (const loss of losses) {
      this.#refusePart(loss);
      const id = this.#idOf(loss);
      this.#unseeded.set(id, (this.#unseeded.get(id) ?? 0) + 1);
      this.#reached.set(trace.valueOf(loss), true);
    }
    const { depends, entries } = this.#dependingOn(tensors);
    const relevant = new Set(entries);
    for (const entry of trace.tape.slice(this.begin).toReversed()) {
      if (entry.kind === 'call') {
        if (relevant.has(entry)) this.#differentiate(entry, depends);
        continue;
      }
      if (relevant.has(entry)) this.#refuseGap(entry);
      for (const value of entry.mutated) this.#changes.set(value, entry.op);
    }
    return tensors.map((tensor, i) => {
      this.#seed(tensor);
      const id = this.#idOf(tensor);
      const [through, past] = [this.#gradients.get(id), this.#bypassed.get(id)];
      const gradient = through && past ? add(through, past) : (through ?? past);
      if (gradient) return inShape(gradient, tensor.shape);
      if (this.options.unconnected !== 'zero' && !this.#reaches(tensor))
        throw new StateError(
          `grad: the loss does not depend on tensor ${i} of shape [${tensor.shape.join(',')}].`,
        );
      return filledLike(tensor, 0);
    });
  }

  #idOf(tensor: Tensor): Id {
    return idOf(this.trace.valueOf(tensor));
  }

  /** What depends on `tensors`, and the tape entries that compute or change it. */
  #dependingOn(tensors: readonly Tensor[]): { depends: Depends; entries: readonly (Call | Gap)[] } {
    const ids = new Set<Id>();
    const changed = new ByMemory<true>();
    const wanted = this.#memoryOf(tensors);
    const has = (value: Value): boolean =>
      ids.has(idOf(value)) || changed.get(value) !== undefined || wanted.overlapping(value).length > 0;
    for (const tensor of tensors) ids.add(this.#idOf(tensor));
    const hasTensor = (tensor: Tensor): boolean => has(this.trace.valueOf(tensor));
    const entries = this.trace.tape.slice(this.begin).filter((entry) => {
      if (entry.kind === 'gap') {
        if (!entry.inputs.some(has)) return false;
        for (const { id } of entry.outputs) ids.add(id);
        for (const value of entry.mutated) changed.set(value, true);
        return true;
      }
      const { inputs, outputs, nonDifferentiable, bypassed } = entry;
      const names = Object.keys(inputs).filter((name) => hasTensor(inputs[name]!));
      const isBypassed = bypassed !== undefined && hasTensor(bypassed.tensor);
      for (const [name, output] of Object.entries(outputs)) {
        const reads = nonDifferentiable[name];
        const depends = names.some((input) => reads?.includes(input) ?? true);
        if (isBypassed || depends) ids.add(this.#idOf(output));
      }
      return isBypassed || names.length > 0;
    });
    return { depends: { has: hasTensor }, entries };
  }

  /** The memory of the captured ones among `tensors`, each with its place in the list. */
  #memoryOf(tensors: readonly Tensor[]): ByMemory<number> {
    const memory = new ByMemory<number>();
    tensors.forEach((tensor, i) => {
      const value = this.trace.valueOf(tensor);
      if (value.origin.kind === 'capture') memory.set(value, i);
    });
    return memory;
  }

  /** Whether a path leads from the tensor to a loss, be it one along which the loss is constant. */
  #reaches(tensor: Tensor): boolean {
    const { depends } = this.#dependingOn([tensor]);
    return this.losses.some((loss) => depends.has(loss));
  }

  #differentiate(call: Call, depends: Depends): void {
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
    for (const name of Object.keys(call.nonDifferentiable)) {
      if (gradients[name] && depends.has(call.outputs[name] as Tensor))
        throw new StateError(
          `grad: the loss depends on '${name}' of ${call.op}, which has no derivative${unit ? `; take '${unit}'` : ''}.`,
        );
    }
    const isLoss = unit !== undefined && this.#unseeded.has(this.#idOf(call.outputs[unit] as Tensor));
    if (!isLoss) {
      if (!entries.some(([name]) => gradients[name] && !(name in call.nonDifferentiable))) return;
      // The rule takes a missing gradient as 1, but the loss depends on other outputs alone.
      if (unit !== undefined) gradients[unit] ??= fill((call.outputs[unit] as Tensor).shape, 0);
    }
    for (const tensor of [...Object.values(call.inputs), ...Object.values(call.outputs)]) {
      const change = this.#changes.get(this.trace.valueOf(tensor));
      if (change !== undefined)
        throw new StateError(
          `grad: the loss depends on a tensor that ${change} changed in place after ${call.op} had used it; call grad before the change.`,
        );
    }
    this.trace.inBackwardRule(call, () => {
      const rules = call.backward(gradients);
      for (const [name, tensor] of Object.entries(call.inputs)) {
        const rule = rules[name];
        if (!rule || !depends.has(tensor)) continue;
        this.#refusePart(tensor);
        this.#add(tensor, rule());
      }
      const { bypassed } = call;
      const id = bypassed && this.#idOf(bypassed.tensor);
      if (id === undefined || !this.tensors.some((tensor) => this.#idOf(tensor) === id)) return;
      const before = this.#bypassed.get(id);
      const gradient = bypassed!.gradient(gradients);
      this.#bypassed.set(id, before ? add(before, gradient) : gradient);
    });
  }

  #refuseGap({ op, isInBackwardRule, outputs, mutated }: Gap): void {
    const isReached = outputs.some(({ id }) => this.#gradients.has(id) || this.#unseeded.has(id));
    if (!isReached && !mutated.some((value) => this.#reached.get(value))) return;
    throw new StateError(
      isInBackwardRule
        ? `grad: the loss depends on a gradient through ${op}, whose backward rule cannot be differentiated; take first-order gradients through ${op} only.`
        : `grad: the loss depends on the tensors through ${op}, which has no gradient.`,
    );
  }

  /** Throws: StateError for a captured tensor over a part of the memory of one of the tensors, or over more than it. */
  #refusePart(tensor: Tensor): void {
    const value = this.trace.valueOf(tensor);
    if (value.origin.kind !== 'capture') return;
    const other = this.#wanted.overlapping(value).find(({ id }) => id !== idOf(value));
    if (!other) return;
    const { shape } = this.tensors[other.known]!;
    throw new StateError(
      `grad: the loss depends on a tensor of shape [${tensor.shape.join(',')}] that shares a part of its memory with tensor ${other.known} of shape [${shape.join(',')}]; use only one of them in the program.`,
    );
  }

  /** Adds the gradient of a loss with respect to itself, once. */
  #seed(tensor: Tensor): void {
    const id = this.#idOf(tensor);
    const count = this.#unseeded.get(id);
    if (count === undefined) return;
    this.#unseeded.delete(id);
    this.#add(tensor, filledLike(tensor, count));
  }

  #add(tensor: Tensor, gradient: Tensor): void {
    const id = this.#idOf(tensor);
    const before = this.#gradients.get(id);
    this.#gradients.set(id, before ? add(before, inShape(gradient, before.shape)) : gradient);
    this.#reached.set(this.trace.valueOf(tensor), true);
  }
}

/** `gradient` of an alias in the shape of another one. */
function inShape(gradient: Tensor, shape: Shape): Tensor {
  const isSame = gradient.shape.length === shape.length && shape.every((n, i) => n === gradient.shape[i]);
  return isSame ? gradient : reshape(gradient, shape);
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
    const wanted = Object.values<Tensor>(views);
    const found = new Backpropagation(trace, losses, wanted, { unconnected: 'zero' }, begin).run();
    const names = Object.keys(inputs) as I[];
    return Object.fromEntries(names.map((name, i) => [name, found[i]])) as Record<I, Tensor>;
  };
  let recorded: Record<I, Tensor> | undefined;
  return mapRecord(inputs, (_, name) => () => (recorded ??= record())[name]);
}
