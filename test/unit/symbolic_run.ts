/**
 * Runs the stages of a plan over symbols: memory holds a hash per 64 bytes, and what a node computes is a hash of its
 * primitive and of what it reads. Equal hashes mean that the same was computed from the same.
 */
import { assert } from '../../src/errors.js';
import { isUpdatedInPlace } from '../../src/engine/plan/in_place.js';
import type { Group } from '../../src/engine/plan/fuse.js';
import { type Graph, type GraphNode, attributesText } from '../../src/engine/plan/graph.js';
import { type Memory, resultsOf } from '../../src/engine/plan/memory.js';
import { membersOf } from '../../src/engine/plan/place.js';
import type { Slot } from '../../src/engine/plan/plan.js';
import { type Attributes, storageBytes } from '../../src/engine/primitive.js';

type Content = readonly string[];

/** What a program leaves: its outputs, and the memory outside it by number. */
export interface Outcome {
  readonly outputs: readonly string[];
  readonly memory: Readonly<Record<number, string>>;
}

const cellBytes = 64;

/** FNV-1a of 64 bits, in two halves. */
function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b + text.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

const cellsOf = (byteLength: number): number => Math.ceil(byteLength / cellBytes);

/** What a node writes, by value, from what it reads, by input. */
function compute(
  graph: Graph,
  node: GraphNode,
  read: Readonly<Record<string, Content>>,
): Map<number, Content> {
  const { primitive, attributes, inputs, outputs } = node;
  const made = new Map<number, Content>();
  const make = (value: number, what: string, given: Attributes, of: readonly string[]): void => {
    const operands = of.map((input) => hash(read[input]!.join()));
    const cells = Array.from({ length: cellsOf(bytesOf(graph, value)) });
    made.set(
      value,
      cells.map((_, i) => hash([what, attributesText(given), ...operands, i].join('|'))),
    );
  };
  for (const [name, { value }] of Object.entries(outputs)) {
    if (primitive.name === 'copy/forward') {
      made.set(value, read.x!);
      continue;
    }
    // What another primitive computes as well has the same symbol.
    const shared = primitive.sharedResults?.[name];
    if (!shared) make(value, `${primitive.name} ${name}`, attributes, Object.keys(inputs));
    else {
      const [theirs] = shared.primitive.outputs;
      make(value, `${shared.primitive.name} ${theirs}`, shared.attributes, Object.values(shared.inputs));
    }
  }
  for (const name of primitive.mutates ?? [])
    make(inputs[name]!.value, `${primitive.name} ${name}`, attributes, Object.keys(inputs));
  return made;
}

/** Memory of any kind by key, whose cells begin with symbols of their own. */
class Cells {
  readonly #of = new Map<string, string[]>();

  read(key: string, offset: number, byteLength: number): Content {
    return Array.from({ length: cellsOf(byteLength) }, (_, i) => this.#cell(key, cellsOf(offset) + i));
  }

  write(key: string, offset: number, content: Content): void {
    const cells = this.#of.get(key) ?? [];
    content.forEach((symbol, i) => (cells[cellsOf(offset) + i] = symbol));
    this.#of.set(key, cells);
  }

  #cell(key: string, i: number): string {
    return this.#of.get(key)?.[i] ?? `${key}:${i}`;
  }
}

/** How a stage addresses a value: the memory, and the offset in it. */
type Place = (value: number) => { readonly key: string; readonly offset: number };

const placeInGraph =
  ({ values }: Graph): Place =>
  (value) => ({ key: `m${values[value]!.memory}`, offset: values[value]!.storage?.offset ?? 0 });

const bytesOf = ({ values }: Graph, value: number): number => storageBytes(values[value]!.spec);

function outcomeOf({ values }: Graph, cells: Cells, outputs: readonly Content[]): Outcome {
  const ends: Record<number, number> = {};
  for (const { storage, memory } of values)
    if (storage) ends[memory] = Math.max(ends[memory] ?? 0, storage.offset + storage.byteLength);
  const memory = Object.entries(ends).map(([key, end]) => [key, hash(cells.read(`m${key}`, 0, end).join())]);
  return {
    outputs: outputs.map((content) => hash(content.join())),
    memory: Object.fromEntries(memory) as Record<number, string>,
  };
}

/** Runs the nodes one by one, in order. */
export function runNodes(graph: Graph): Outcome {
  const place = placeInGraph(graph);
  const cells = new Cells();
  const read = (value: number): Content => {
    const { key, offset } = place(value);
    return cells.read(key, offset, bytesOf(graph, value));
  };
  for (const id of graph.order) {
    const node = graph.nodes[id]!;
    const operands = Object.fromEntries(
      Object.entries(node.inputs).map(([k, { value }]) => [k, read(value)]),
    );
    for (const [value, content] of compute(graph, node, operands)) {
      const { key, offset } = place(value);
      cells.write(key, offset, content);
    }
  }
  return outcomeOf(
    graph,
    cells,
    graph.outputs.map(({ value }) => read(value)),
  );
}

/**
 * Runs group by group: a kernel reads its operands first, passes the values of its chain on without memory, and writes
 * its results last. With `memory`, values are in their slots, and what is in a freed buffer is lost.
 *
 * Throws: when a kernel reads a buffer that it writes, except one that it changes in place, or a value that it has not passed on.
 */
export function runGroups(graph: Graph, groups: readonly Group[], memory?: Memory): Outcome {
  const cells = new Cells();
  const inGraph = placeInGraph(graph);
  const keyOf = (slot: Slot): string => {
    assert(slot.kind === 'buffer' || slot.kind === 'output', 'other slots are addressed by their memory');
    return `${slot.kind}${slot.index}`;
  };
  const place: Place = (value) => {
    const slot = memory?.slots[value];
    if (!memory || slot?.kind === 'fixed' || slot?.kind === 'input') return inGraph(value);
    assert(slot, `value ${value} has a slot`);
    return { key: keyOf(slot), offset: 0 };
  };
  const read = (value: number): Content => {
    const { key, offset } = place(value);
    return cells.read(key, offset, bytesOf(graph, value));
  };
  groups.forEach((group, position) => {
    const passed = new Map<number, Content>();
    const made = new Set<number>();
    const writes = new Map<number, Content>();
    const keysRead = new Set<string>();
    for (const id of membersOf(group)) {
      const node = graph.nodes[id]!;
      const whole = node.primitive.elementwise?.whole ?? [];
      const operands: Record<string, Content> = {};
      for (const [name, { value }] of Object.entries(node.inputs)) {
        const flowing = whole.includes(name) ? undefined : passed.get(value);
        assert(
          flowing ?? !made.has(value),
          `group ${position} does not read value ${value} while it writes it`,
        );
        operands[name] = flowing ?? read(value);
        if (!flowing && !node.changes.includes(value)) keysRead.add(place(value).key);
      }
      const [result] = node.results;
      for (const [value, content] of compute(graph, node, operands)) {
        made.add(value);
        if (value === result) passed.set(value, content);
        writes.set(value, content);
      }
    }
    const changes = membersOf(group).flatMap((id) => graph.nodes[id]!.changes);
    const stays = new Set([...resultsOf(graph, group), ...changes]);
    for (const [value, content] of writes) {
      if (!stays.has(value)) continue;
      const { key, offset } = place(value);
      const isAlone = !keysRead.has(key) || isUpdatedInPlace(graph, group, value);
      assert(isAlone, `group ${position} does not read ${key}, which it writes`);
      cells.write(key, offset, content);
    }
    for (const slot of Object.values(memory?.scratch[position] ?? {})) {
      assert(!keysRead.has(keyOf(slot)), `group ${position} does not read its scratch memory`);
      cells.write(keyOf(slot), 0, lost(slot.kind === 'buffer' ? slot.byteLength : 0));
    }
    for (const index of memory?.freed[position] ?? [])
      cells.write(`buffer${index}`, 0, lost(memory!.buffers[index]!));
  });
  const outputs = graph.outputs.map(({ value }, output) => {
    const copy = memory?.copies.find((each) => each.output === output);
    if (!memory || copy) return read(value);
    return cells.read(`output${output}`, 0, bytesOf(graph, value));
  });
  return outcomeOf(graph, cells, outputs);
}

let losses = 0;

function lost(byteLength: number): Content {
  return Array.from({ length: cellsOf(byteLength) }, () => `lost ${losses++}`);
}
