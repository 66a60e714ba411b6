/**
 * A trace records what a function of tensors does: values, the primitives between them (nodes), and the op calls
 * they came from, which `grad` walks backwards. Shapes are fixed; nothing is computed.
 */
import { DeviceError, ShapeError, StateError, assert } from '../errors.js';
import { type Device, withDefaultDevice } from './device.js';
import {
  type Attributes,
  type Primitive,
  type Shape,
  type Spec,
  type Types,
  outputSpecs,
  publicName,
  sizeOf,
  typesOf,
} from './primitive.js';
import { Tensor, assertOneDevice, describe } from './tensor.js';
import { outsideTidy } from './tidy.js';
import { type Origin, type Recording, type Value, rootOf } from './value.js';

/** The layer, or other part of a model, that recorded a node. */
export interface Scope {
  readonly name: string;
  /** True for what `grad` recorded: the gradient of what was recorded in that scope. */
  readonly isBackward: boolean;
}

export interface Node {
  readonly primitive: Primitive;
  readonly attributes: Attributes;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly scope: Scope | undefined;
}

/** A recorded op call: what `grad`, and an interpreter of the tape, need. */
export interface Call {
  readonly kind: 'call';
  readonly op: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly attributes: Attributes;
  readonly unitGradientOf: string | undefined;
  /** Outputs without a derivative, each with the inputs that it depends on. */
  readonly nonDifferentiable: Readonly<Record<string, readonly string[]>>;
  /** A value that the op reads past, with its gradient if it is asked for (op.ts). */
  readonly bypassed:
    | {
        readonly tensor: Tensor;
        gradient(gradients: Readonly<Record<string, Tensor | undefined>>): Tensor;
      }
    | undefined;
  readonly scope: Scope | undefined;
  /** Gradients of the inputs from those of the outputs, evaluated only for inputs that need one. */
  backward(
    gradients: Readonly<Record<string, Tensor | undefined>>,
  ): Readonly<Record<string, (() => Tensor) | null>>;
}

/**
 * A primitive recorded outside any op, so that no rule defines its gradient: those that a backward rule runs, and
 * those that only move data. `grad` refuses to differentiate through one, since it would lose that path.
 */
export interface Gap {
  readonly kind: 'gap';
  /** The op whose backward rule ran the primitive, otherwise the op of the primitive. */
  readonly op: string;
  readonly isInBackwardRule: boolean;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Inputs that the primitive changes in place. */
  readonly mutated: readonly Value[];
}

/** Encodes commands that precede a run of the program, such as a copy of numbers that the host has for this run. */
export type BeforeRun = (encoder: GPUCommandEncoder) => void;

const stack: Trace[] = [];

/** The trace being recorded, if any. */
export function currentTrace(): Trace | undefined {
  return stack.at(-1);
}

/** Labels everything that `fn` records, e.g. with the name of its layer, for printed plans. No effect outside a program. */
export function withScope<R>(name: string, fn: () => R): R {
  const trace = currentTrace();
  return trace ? trace.inScope({ name, isBackward: false }, fn) : fn();
}

export class Trace implements Recording {
  readonly nodes: Node[] = [];
  /** The entries that `grad` walks, in the order of recording. */
  readonly tape: (Call | Gap)[] = [];
  readonly inputs: Value[] = [];
  /** Tensors with memory that the program reads or writes in addition to its inputs; they must outlive it. */
  readonly held = new Set<Tensor>();
  /** Called before each run of the program, in this order. */
  readonly beforeRuns: BeforeRun[] = [];
  readonly #captures = new Map<string, Value>();
  readonly #bufferIds = new Map<GPUBuffer, number>();
  #nextId = 0;
  #scope: Scope | undefined;
  /** Nesting depth of the ops being recorded. */
  #opDepth = 0;
  #backwardRuleOf: string | undefined;

  readonly #device: Device | undefined;

  /** `device` left out: the trace can be read and interpreted, but not planned, and it captures no tensors. */
  constructor(device?: Device) {
    this.#device = device;
  }

  /** Throws: StateError when the trace was recorded without a device. */
  get device(): Device {
    if (!this.#device)
      throw new StateError(
        'trace: it was recorded without a device, so it cannot use tensors with memory; pass them as inputs.',
      );
    return this.#device;
  }

  /** Runs `fn` with every op call recorded here. */
  record<R>(fn: () => R): R {
    stack.push(this);
    try {
      const device = this.#device;
      return outsideTidy(() => (device ? withDefaultDevice(device, fn) : fn()));
    } finally {
      stack.pop();
    }
  }

  /** The current scope. */
  get scope(): Scope | undefined {
    return this.#scope;
  }

  /** Runs `fn` with `scope` as the current scope. */
  inScope<R>(scope: Scope | undefined, fn: () => R): R {
    const outer = this.#scope;
    this.#scope = scope;
    try {
      return fn();
    } finally {
      this.#scope = outer;
    }
  }

  /** Runs the forward of an op. Its primitives are not added to the tape, since the op itself is. */
  inOp<R>(fn: () => R): R {
    this.#opDepth++;
    try {
      return fn();
    } finally {
      this.#opDepth--;
    }
  }

  /** Runs the backward rule of `op`, in the scope of the op's call. */
  inBackwardRule<R>({ op, scope }: Call, fn: () => R): R {
    const outer = this.#backwardRuleOf;
    this.#backwardRuleOf = op;
    try {
      return this.inScope(scope && { ...scope, isBackward: true }, fn);
    } finally {
      this.#backwardRuleOf = outer;
    }
  }

  input(spec: Spec): Tensor {
    const value = this.#value(spec, { kind: 'input', index: this.inputs.length });
    this.inputs.push(value);
    return Tensor.traced(this, value);
  }

  /** The value of `tensor` in this program; tensors with memory are captured. */
  valueOf(tensor: Tensor): Value {
    if (tensor.traced) {
      if (tensor.traced.trace !== this) {
        throw new StateError(
          'program: a tensor recorded in another program was used here; return it there and pass it in here.',
        );
      }
      return tensor.traced.value;
    }
    assertOneDevice('program', this.device, [tensor]);
    const { storage } = tensor;
    this.held.add(tensor);
    const bufferId = this.#bufferIds.get(storage.buffer) ?? this.#bufferIds.size;
    this.#bufferIds.set(storage.buffer, bufferId);
    const memory = `${bufferId}:${storage.offset}:${tensor.dtype}:${tensor.size}`;
    const key = `${memory}:${tensor.shape.join(',')}`;
    let value = this.#captures.get(key);
    if (!value)
      this.#captures.set(key, (value = { ...this.#value(tensor, { kind: 'capture', storage }), memory }));
    return value;
  }

  /**
   * Records one primitive and yields its outputs.
   *
   * Throws: ShapeError when an input has another dtype than the primitive reads, or whatever the shape rule says; DeviceError
   * (`limit`) for an output with more elements than kernels can count.
   */
  run<I extends string, O extends string, A extends Attributes>(
    primitive: Primitive<I, O, A>,
    inputs: Readonly<Record<I, Tensor>>,
    attributes: A,
  ): Record<O, Tensor> {
    // In the primitive's own order, whatever the order of the caller's record: the planner compares operands by position.
    const inputValues = Object.fromEntries(
      primitive.inputs.map((name) => [name, this.valueOf(inputs[name])]),
    ) as Record<I, Value>;
    checkTypes(primitive, inputs, typesOf(primitive, inputs, attributes));
    const specs = outputSpecs(primitive, inputs, attributes);
    for (const spec of Object.values<Spec>(specs)) {
      // Kernels count in u32: a larger constant would not compile.
      if (sizeOf(spec.shape) > 0xffff_ffff) {
        throw new DeviceError(
          `${publicName(primitive.name)}: a result of ${describe(spec)} has more elements than kernels can count; use smaller shapes.`,
          { problem: 'limit' },
        );
      }
    }
    const outputValues = mapRecord(specs, (spec: Spec) => this.#value(spec, { kind: 'node' }));
    this.nodes.push({
      primitive: primitive,
      attributes,
      inputs: inputValues,
      outputs: outputValues,
      scope: this.#scope,
    });
    if (this.#opDepth === 0) {
      const mutated = (primitive.mutates ?? []).map((name) => inputValues[name]);
      this.#noteGap(primitive, Object.values(inputValues), Object.values(outputValues), mutated);
    }
    return mapRecord(outputValues, (value: Value) => Tensor.traced(this, value));
  }

  /** A view of the same elements with another shape. */
  view(tensor: Tensor, shape: Shape): Tensor {
    const of = this.valueOf(tensor);
    return Tensor.traced(this, this.#value({ shape, dtype: tensor.dtype }, { kind: 'view', of }));
  }

  /** The op call whose output `tensor` is; undefined for any other tensor, such as an input. */
  producerOf(tensor: Tensor): Call | undefined {
    const { id } = this.valueOf(tensor);
    return this.tape.findLast((entry): entry is Call => {
      const outputs = entry.kind === 'call' ? Object.values(entry.outputs) : [];
      return outputs.some((output) => this.valueOf(output).id === id);
    });
  }

  /** Whether this program computes the value and has not placed it yet. */
  canPlace(tensor: Tensor): boolean {
    const root = rootOf(this.valueOf(tensor));
    return root.origin.kind === 'node' && root.placement === undefined;
  }

  /** Has the program write `tensor` directly into the memory of `target`. */
  place(tensor: Tensor, target: Tensor): void {
    assert(this.canPlace(tensor), 'a placed value is computed here and placed once');
    if (tensor.size !== target.size || tensor.dtype !== target.dtype)
      throw new ShapeError(
        `place: the value is ${describe(tensor)}, its target ${describe(target)}; expected as many elements of the same dtype.`,
      );
    rootOf(this.valueOf(tensor)).placement = { kind: 'capture', storage: target.storage };
    this.held.add(target);
  }

  /** Whether `tensor` is in memory outside the program: an input, a captured tensor, or a view of one. */
  isOutside(tensor: Tensor): boolean {
    return rootOf(this.valueOf(tensor)).origin.kind !== 'node';
  }

  /**
   * Records the copy of `value` into the memory of `target`, which is outside the program. `copy` is the primitive that copies.
   * What is recorded afterwards reads the new elements of `target`. `grad` treats it as a change in place.
   */
  assign(copy: Primitive<'value', 'y'>, target: Tensor, value: Tensor): void {
    const changed = this.valueOf(target);
    const { origin } = rootOf(changed);
    assert(origin.kind === 'input' || origin.kind === 'capture', 'a target is outside the program');
    const { y } = this.inOp(() => this.run(copy, { value }, {}));
    rootOf(this.valueOf(y)).placement = origin;
    this.#noteGap(copy, [this.valueOf(value)], [], [changed]);
  }

  /** Adds an entry to the tape for what is not differentiable. */
  #noteGap(
    { name }: Pick<Primitive, 'name'>,
    inputs: readonly Value[],
    outputs: readonly Value[],
    mutated: readonly Value[],
  ): void {
    this.tape.push({
      kind: 'gap',
      op: this.#backwardRuleOf ?? (name.split('/')[0] as string),
      isInBackwardRule: this.#backwardRuleOf !== undefined,
      inputs,
      outputs,
      mutated,
    });
  }

  #value(spec: Spec, origin: Origin): Value {
    return { id: this.#nextId++, spec: { shape: spec.shape, dtype: spec.dtype }, origin };
  }
}

/** Throws: ShapeError when an input has another dtype than the primitive reads. */
function checkTypes<I extends string>(
  { name: primitive, inputs: names }: Pick<Primitive<I>, 'name' | 'inputs'>,
  inputs: Readonly<Record<I, Spec>>,
  types: Types<I>,
): void {
  const shown = (name: I): string => `'${name}' is ${inputs[name].dtype} [${inputs[name].shape.join(',')}]`;
  for (const name of names) {
    const { dtype } = inputs[name];
    const expected = types[name] ?? 'f32';
    if (dtype === expected) continue;
    const who = publicName(primitive);
    if (dtype !== 'f16' && expected !== 'f16')
      throw new ShapeError(`${who}: ${shown(name)}, expected ${expected}.`);
    const other = names.find((each) => inputs[each].dtype === (dtype === 'f16' ? 'f32' : 'f16'));
    throw new ShapeError(
      other === undefined
        ? `${who}: ${shown(name)}, expected ${expected}; cast it, as with cast(${name}, '${expected}').`
        : `${who}: ${shown(other)} and ${shown(name)}, expected one dtype; cast one, as with cast(${name}, '${expected}').`,
    );
  }
}

export function mapRecord<K extends string, V, W>(
  record: Readonly<Record<K, V>>,
  fn: (value: V, key: K) => W,
): Record<K, W> {
  // Planning calls it for every node: a loop takes a fifth of the time of a list of entries.
  const mapped = {} as Record<K, W>;
  for (const key of Object.keys(record) as K[]) mapped[key] = fn(record[key], key);
  return mapped;
}
