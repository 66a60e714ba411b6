/**
 * The graph that the stages of the planner take and return. Nodes and values are numbered densely, and the numbers
 * stay the same through all stages: a stage changes which nodes run, in which order, and what they read and write.
 * Views are resolved: an operand is the value with the memory, and the shape in which the node sees it.
 */
import type { Attributes, Primitive, Spec } from '../primitive.js';
import { type Scope, type Trace, mapRecord } from '../trace.js';
import { type Value, rootOf } from '../value.js';
import type { Storage } from '../device.js';

/** A value as a node, or the program's caller, sees it. */
export interface Operand {
  readonly value: number;
  readonly spec: Spec;
}

export interface GraphNode {
  readonly primitive: Primitive;
  readonly attributes: Attributes;
  readonly scope: Scope | undefined;
  readonly inputs: Readonly<Record<string, Operand>>;
  readonly outputs: Readonly<Record<string, Operand>>;
  /** The values of the inputs, in their order. */
  readonly reads: readonly number[];
  /** The values of the outputs, in their order. */
  readonly results: readonly number[];
  /** The inputs that it changes in place. */
  readonly changes: readonly number[];
}

export interface GraphValue {
  readonly spec: Spec;
  /** `input` and `capture` exist before the program runs, `node` is computed by it. */
  readonly source: 'input' | 'capture' | 'node';
  /** The memory outside the program that holds it, or that a computed value is written to: an input by its position… */
  readonly input?: number;
  /** …or the memory of a captured tensor. */
  readonly storage?: Storage;
  /** Number of its memory; values that share a buffer have the same one. */
  readonly memory: number;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly values: readonly GraphValue[];
  /** The nodes that run, in order. */
  readonly order: readonly number[];
  readonly outputs: readonly Operand[];
  /** Memories are numbered from 0 up to this. */
  readonly memories: number;
}

/** A trace as a graph. All nodes run, in the order of recording. */
export function graphOf(trace: Pick<Trace, 'nodes'>, outputs: readonly Value[]): Graph {
  const values: GraphValue[] = [];
  const numbers = new Map<number, number>();
  const outside = new Map<GPUBuffer | number, number>();
  let memories = 0;

  const memoryOf = ({ input, storage }: Pick<GraphValue, 'input' | 'storage'>): number => {
    const key = storage?.buffer ?? input;
    if (key === undefined) return memories++;
    let memory = outside.get(key);
    if (memory === undefined) outside.set(key, (memory = memories++));
    return memory;
  };
  const add = ({ id, spec, origin, placement }: Value): number => {
    const place = placement ?? origin;
    const held = {
      ...(place.kind === 'input' ? { input: place.index } : {}),
      ...(place.kind === 'capture' ? { storage: place.storage } : {}),
    };
    const number = values.length;
    numbers.set(id, number);
    values.push({
      spec,
      source: origin.kind === 'view' ? 'node' : origin.kind,
      ...held,
      memory: memoryOf(held),
    });
    return number;
  };
  const operandOf = (value: Value): Operand => {
    const root = rootOf(value);
    return { value: numbers.get(root.id) ?? add(root), spec: value.spec };
  };

  const nodes = trace.nodes.map(({ primitive, attributes, scope, inputs, outputs: results }) =>
    makeNode({
      primitive,
      attributes,
      scope,
      inputs: mapRecord(inputs, operandOf),
      outputs: mapRecord(results, operandOf),
    }),
  );
  return { nodes, values, order: nodes.map((_, id) => id), outputs: outputs.map(operandOf), memories };
}

export function makeNode(
  node: Pick<GraphNode, 'primitive' | 'attributes' | 'scope' | 'inputs' | 'outputs'>,
): GraphNode {
  const { primitive, inputs, outputs } = node;
  return {
    ...node,
    reads: Object.values(inputs).map(({ value }) => value),
    results: Object.values(outputs).map(({ value }) => value),
    changes: (primitive.mutates ?? []).map((name) => (inputs[name] as Operand).value),
  };
}

/** True for a node that changes memory outside the program, or values in place. */
export function hasEffect({ values }: Graph, { results, changes }: GraphNode): boolean {
  return changes.length > 0 || results.some((value) => isPlaced(values[value] as GraphValue));
}

/** True for a computed value that is written directly to memory outside the program. */
export function isPlaced({ source, input, storage }: Omit<GraphValue, 'memory'>): boolean {
  return source === 'node' && (storage !== undefined || input !== undefined);
}

/** True for two values in the same elements of memory outside the program. */
export function isSamePlace(a: GraphValue, b: GraphValue): boolean {
  if (a.input !== undefined || b.input !== undefined) return a.input === b.input;
  return (
    a.spec.dtype === b.spec.dtype &&
    a.storage !== undefined &&
    a.storage.buffer === b.storage?.buffer &&
    a.storage.offset === b.storage.offset &&
    a.storage.byteLength === b.storage.byteLength
  );
}

/** Whether an operand sees its value in another shape. */
export function isView({ values }: Graph, { value, spec }: Operand): boolean {
  const { shape } = (values[value] as GraphValue).spec;
  return spec.shape.length !== shape.length || spec.shape.some((extent, axis) => extent !== shape[axis]);
}

/** Who uses what, by number. */
export interface Uses {
  /** By value: the nodes that read it, each once, in order. */
  readonly readers: readonly (readonly number[])[];
  /** By value: whether the program returns it. */
  readonly isReturned: readonly boolean[];
}

export function usesOf({ nodes, values, order, outputs }: Graph): Uses {
  const readers = values.map((): number[] => []);
  for (const id of order) {
    for (const value of (nodes[id] as GraphNode).reads) {
      const list = readers[value] as number[];
      if (list.at(-1) !== id) list.push(id);
    }
  }
  const isReturned = values.map(() => false);
  for (const { value } of outputs) isReturned[value] = true;
  return { readers, isReturned };
}

/** Whether two values have memory in common. */
export function overlap(a: GraphValue, b: GraphValue): boolean {
  if (a.memory !== b.memory) return false;
  const [one, other] = [a.storage, b.storage];
  if (!one || !other) return true;
  return one.offset < other.offset + other.byteLength && other.offset < one.offset + one.byteLength;
}

/** Whether two nodes must run in their order: one of them writes memory that the other one reads or writes. */
export function areOrdered({ values }: Graph, first: GraphNode, second: GraphNode): boolean {
  const meet = (some: readonly number[], others: readonly number[]): boolean =>
    some.some((a) => others.some((b) => overlap(values[a] as GraphValue, values[b] as GraphValue)));
  const writesOf = ({ results, changes }: GraphNode): readonly number[] => [...results, ...changes];
  const [before, after] = [writesOf(first), writesOf(second)];
  return meet(before, second.reads) || meet(first.reads, after) || meet(before, after);
}

/** Attributes as text; different ones have different texts. */
export function attributesText(attributes: Attributes): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    const text =
      typeof value === 'number'
        ? numberText(value)
        : Array.isArray(value)
          ? `[${value.map(numberText).join(',')}]`
          : JSON.stringify(value);
    parts.push(`${key} ${text}`);
  }
  return parts.join(', ');
}

/** A number as text, with the sign of -0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
