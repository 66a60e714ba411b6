/**
 * Runs a recorded trace in float64: its op calls, with the references of the ops. It needs no device.
 *
 * A primitive that was recorded outside any op has no reference. Its results and in-place changes are skipped, and an error
 * names it if a requested output depends on it.
 */
import type { Attributes } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import type { Call, Trace } from '../engine/trace.js';
import { StateError, assert } from '../errors.js';
import type { Array64, Arrays } from './array64.js';
import type { Reference } from './reference.js';

/** References by the names of their ops. */
export type References = ReadonlyMap<string, Reference>;

/** References by the names of their ops, with their types erased. */
export function referencesOf(list: readonly Pick<Reference, 'op'>[]): References {
  return new Map((list as readonly Reference[]).map((each) => [each.op, each]));
}

type Ids = Readonly<Record<string, number>>;

/** An op call with the ids of its values. */
export interface Step {
  readonly reference: Reference;
  readonly attributes: Attributes;
  readonly inputs: Ids;
  readonly outputs: Ids;
  /** Outputs through which no gradient flows. */
  readonly nonDifferentiable: readonly string[];
}

/** The calls of a trace that its outputs depend on, which can be run repeatedly. */
export class Interpreter {
  readonly #steps: readonly Step[];

  /**
   * Throws: StateError if `outputs` depend on an op without a reference, or on a value that a primitive outside any op computed
   * or mutated.
   */
  constructor(
    private readonly trace: Trace,
    references: References,
    outputs: readonly Tensor[],
  ) {
    const needed = new Set(outputs.map((tensor) => trace.valueOf(tensor).id));
    const steps: Step[] = [];
    for (const [index, entry] of [...trace.tape.entries()].toReversed()) {
      if (entry.kind === 'gap') {
        if (entry.outputs.some(({ id }) => needed.has(id))) throw outsideOps(entry.op);
        continue;
      }
      const outputIds = this.#idsOf(entry.outputs);
      if (!Object.values(outputIds).some((id) => needed.has(id))) continue;
      const inputIds = this.#idsOf(entry.inputs);
      for (const id of Object.values(inputIds)) {
        this.#refuseChanged(id, index);
        needed.add(id);
      }
      steps.push({
        reference: referenceOf(entry, references),
        attributes: entry.attributes,
        inputs: inputIds,
        outputs: outputIds,
        nonDifferentiable: Object.keys(entry.nonDifferentiable),
      });
    }
    this.#steps = steps.toReversed();
  }

  #idsOf(tensors: Readonly<Record<string, Tensor>>): Ids {
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, this.trace.valueOf(tensor).id]),
    );
  }

  /** Throws: StateError if a primitive before entry `index` of the tape mutated the value. */
  #refuseChanged(id: number, index: number): void {
    for (const entry of this.trace.tape.slice(0, index))
      if (entry.kind === 'gap' && entry.mutated.some((value) => value.id === id)) throw outsideOps(entry.op);
  }

  /** Runs all calls; `inputs` are in the order in which the trace recorded them. */
  run(inputs: readonly Array64[]): Run {
    const values = new Map(this.trace.inputs.map(({ id }, i) => [id, inputs[i] as Array64]));
    for (const step of this.#steps) compute(step, values);
    return new Run(this.trace, this.#steps, values);
  }
}

function outsideOps(primitive: string): StateError {
  return new StateError(
    `interpreter: an output depends on ${primitive}, a primitive outside any op; only ops have references.`,
  );
}

function referenceOf({ op }: Call, references: References): Reference {
  const reference = references.get(op);
  if (!reference)
    throw new StateError(
      `interpreter: op '${op}' has no reference here, expected one of ${[...references.keys()].join(', ')}.`,
    );
  return reference;
}

/** Computes the outputs of a call from its inputs. References do not have outputs that only the op's own backward rule reads. */
export function compute(
  { reference, attributes, inputs, outputs }: Step,
  values: Map<number, Array64>,
): void {
  const results = reference.forward(arraysOf(inputs, values), attributes);
  for (const [name, id] of Object.entries(outputs)) {
    const value = results[name];
    if (value) values.set(id, value);
  }
}

export function arraysOf(ids: Ids, values: ReadonlyMap<number, Array64>): Arrays<string> {
  return Object.fromEntries(
    Object.entries(ids).map(([name, id]) => {
      const value = values.get(id);
      assert(value, `a reference computes what '${name}' is`);
      return [name, value];
    }),
  );
}

/** The values of one run, by the ids of the trace; derivatives.ts differentiates them. */
export class Run {
  constructor(
    readonly trace: Trace,
    readonly steps: readonly Step[],
    readonly values: ReadonlyMap<number, Array64>,
  ) {}

  idOf(tensor: Tensor): number {
    return this.trace.valueOf(tensor).id;
  }

  /** The value of a tensor that the outputs depend on, or of an output. */
  valueOf(tensor: Tensor): Array64 {
    const value = this.values.get(this.idOf(tensor));
    assert(value, 'the outputs depend on the tensor');
    return value;
  }
}
