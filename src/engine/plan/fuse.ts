/** Fusion: element-wise nodes move into the epilogue of the kernel that computes their operand. */
import { sizeOf } from '../primitive.js';
import { type Graph, type GraphNode, type GraphValue, type Uses, isPlaced, usesOf } from './graph.js';
import type { Kernel } from './select.js';

/** Storage buffers that a kernel may bind on every adapter, including the software adapter of browsers. */
const maxBindings = 8;

/** A kernel with the element-wise nodes fused into it. */
export interface Group {
  readonly kernel: Kernel;
  /** The node that the kernel computes; undefined for a map, which only runs its chain. */
  readonly base: number | undefined;
  /** Element-wise nodes, each of which reads the result of an earlier one or of the kernel. */
  readonly chain: readonly number[];
  /** Values before the result that others need too, so the epilogue stores them. */
  readonly stored: readonly number[];
}

/**
 * Groups the nodes that one kernel computes. A group runs in the place of its last node, when all operands have been
 * computed.
 *
 * Graph, kernels → groups in order. Every node that runs is in one group. No kernel has more bindings than every
 * adapter allows, reads memory that it writes, or moves past a kernel that changes what it reads or reads what it
 * writes.
 */
export function fuse(graph: Graph, kernels: readonly (Kernel | undefined)[]): readonly Group[] {
  const fusion = new Fusion(graph, kernels);
  for (const id of graph.order) fusion.add(id);
  return fusion.groups();
}

/** The groups without fusion: one for each node. */
export function separateGroups({ order }: Graph, kernels: readonly (Kernel | undefined)[]): readonly Group[] {
  return order.map((id) => {
    const kernel = kernels[id] as Kernel;
    return { kernel, base: kernel.isMap ? undefined : id, chain: kernel.isMap ? [id] : [], stored: [] };
  });
}

/** A group that still grows. */
interface Draft {
  readonly kernel: Kernel;
  readonly base: number | undefined;
  readonly chain: number[];
  readonly members: Set<number>;
  /** The values that flow through the epilogue, from the first output of the kernel to the result. */
  readonly flow: number[];
  /** Other outputs of the kernel. */
  readonly sides: ReadonlySet<number>;
  /** Values that the chain reads and that do not flow through it. */
  readonly operands: Set<number>;
  /** Memory that it reads, and that it writes or changes. */
  readonly reads: Set<number>;
  readonly writes: Set<number>;
  /** Groups run in the order of these numbers; a group that grows takes a new one, the highest. */
  position: number;
}

class Fusion {
  readonly #nodes: readonly GraphNode[];
  readonly #values: readonly GraphValue[];
  readonly #uses: Uses;
  /** By value: the group whose kernel computes it. */
  readonly #groupOf: (Draft | undefined)[];
  readonly #drafts = new Set<Draft>();
  /** By memory: the position of the last group that reads it, or writes it. */
  readonly #lastRead: number[];
  readonly #lastWrite: number[];
  #position = 0;

  constructor(
    graph: Graph,
    readonly kernels: readonly (Kernel | undefined)[],
  ) {
    this.#nodes = graph.nodes;
    this.#values = graph.values;
    this.#uses = usesOf(graph);
    this.#groupOf = graph.values.map(() => undefined);
    this.#lastRead = Array.from({ length: graph.memories }, () => -1);
    this.#lastWrite = Array.from({ length: graph.memories }, () => -1);
  }

  /** Adds a node to the group of one of its operands, or starts a group with it. */
  add(id: number): void {
    const host = this.#findHost(id);
    if (!host) {
      this.#start(id);
      return;
    }
    for (const map of this.#mapsFor(id, host)) {
      this.#drafts.delete(map);
      for (const link of map.chain) this.#append(host, link);
    }
    this.#append(host, id);
    this.#moveToEnd(host);
  }

  groups(): Group[] {
    return [...this.#drafts]
      .sort((a, b) => a.position - b.position)
      .map((draft) => {
        const { kernel, base, chain } = draft;
        return { kernel, base, chain, stored: this.#neededOnTheWay(draft.flow, draft.members) };
      });
  }

  #start(id: number): void {
    const kernel = this.kernels[id] as Kernel;
    const { results } = this.#nodes[id] as GraphNode;
    const draft: Draft = {
      kernel,
      base: kernel.isMap ? undefined : id,
      chain: [],
      members: new Set(),
      flow: [],
      sides: new Set(kernel.isMap ? [] : results.slice(1)),
      operands: new Set(),
      reads: new Set(),
      writes: new Set(),
      position: 0,
    };
    this.#drafts.add(draft);
    if (kernel.isMap) this.#append(draft, id);
    else this.#include(draft, id);
    this.#moveToEnd(draft);
  }

  #append(draft: Draft, id: number): void {
    draft.chain.push(id);
    draft.members.add(id);
    for (const value of (this.#nodes[id] as GraphNode).reads)
      if (!draft.flow.includes(value)) draft.operands.add(value);
    this.#include(draft, id);
  }

  #include(draft: Draft, id: number): void {
    const { reads, results, changes } = this.#nodes[id] as GraphNode;
    draft.flow.push(...results.slice(0, 1));
    for (const value of reads) draft.reads.add(this.#memoryOf(value));
    for (const value of [...results, ...changes]) draft.writes.add(this.#memoryOf(value));
    for (const value of results) this.#groupOf[value] = draft;
  }

  #moveToEnd(draft: Draft): void {
    draft.position = this.#position++;
    for (const memory of draft.reads) this.#lastRead[memory] = draft.position;
    for (const memory of draft.writes) this.#lastWrite[memory] = draft.position;
  }

  #memoryOf(value: number): number {
    return (this.#values[value] as GraphValue).memory;
  }

  /** The group that computes an operand of the node and can fuse it into its epilogue. */
  #findHost(id: number): Draft | undefined {
    if (!(this.#nodes[id] as GraphNode).primitive.elementwise) return undefined;
    const hosts = this.#fusableOperands(id).flatMap((value) => {
      const host = this.#groupOf[value];
      return host?.kernel.hasEpilogue && host.flow.includes(value) && this.#canTake(host, id) ? [host] : [];
    });
    // A kernel is a better host than a map.
    return hosts.find(({ kernel }) => !kernel.isMap) ?? hosts[0];
  }

  /** Maps that compute other operands of the node only, so that `host` can fuse them as well. */
  #mapsFor(id: number, host: Draft): Draft[] {
    const chosen: Draft[] = [];
    for (const value of this.#fusableOperands(id)) {
      const map = this.#groupOf[value];
      if (!map?.kernel.isMap || map === host || chosen.includes(map) || map.flow.at(-1) !== value) continue;
      const isOnlyFor = this.#uses.readers[value]?.length === 1 && !this.#uses.isReturned[value];
      if (!isOnlyFor || this.#neededOnTheWay(map.flow, map.members).length > 0) continue;
      if (!this.#canMove(map)) continue;
      const added = [...chosen, map].flatMap(({ chain }) => chain);
      if (this.#bindings(host, [...added, id]) <= maxBindings) chosen.push(map);
    }
    return chosen;
  }

  /** The operands whose elements correspond one to one to those of the result. */
  #fusableOperands(id: number): number[] {
    const { primitive, inputs, outputs } = this.#nodes[id] as GraphNode;
    const [output] = Object.values(outputs);
    return (
      Object.entries(inputs)
        .filter(([name]) => !primitive.elementwise?.whole?.includes(name))
        // What flows through an epilogue has the dtype of the kernel's own result, which declares the binding.
        .filter(([, { spec }]) => spec.dtype === output?.spec.dtype)
        .filter(([, { spec }]) => output && sizeOf(spec.shape) === sizeOf(output.spec.shape))
        .map(([, { value }]) => value)
    );
  }

  /** Whether a group can run now, with the node in its epilogue. */
  #canTake(host: Draft, id: number): boolean {
    return (
      this.#canMove(host) && !this.#readsUnfinished(host, id) && this.#bindings(host, [id]) <= maxBindings
    );
  }

  /** Whether a group can run now instead of in its place. */
  #canMove({ flow, reads, writes, position }: Draft): boolean {
    // A placed value ends its chain: further operands might share its buffer, which the dispatch could then not read.
    if (flow.some((value) => isPlaced(this.#values[value] as GraphValue))) return false;
    const isLater = (last: number[], memory: number): boolean => (last[memory] as number) > position;
    for (const memory of writes) if (isLater(this.#lastRead, memory)) return false;
    for (const memory of reads) if (isLater(this.#lastWrite, memory)) return false;
    return true;
  }

  /** A kernel cannot read a buffer that it writes, except the element that flows through the epilogue. */
  #readsUnfinished({ sides, flow }: Draft, id: number): boolean {
    const { primitive, inputs } = this.#nodes[id] as GraphNode;
    return Object.entries(inputs).some(
      ([name, { value }]) =>
        sides.has(value) || (primitive.elementwise?.whole?.includes(name) && flow.includes(value)),
    );
  }

  /** Storage bindings of the group's kernel with these nodes in its epilogue too. */
  #bindings({ kernel, flow, members, operands }: Draft, added: readonly number[]): number {
    const longer = [...flow, ...added.map((id) => (this.#nodes[id] as GraphNode).results[0] as number)];
    const more = new Set(operands);
    for (const id of added)
      for (const value of (this.#nodes[id] as GraphNode).reads) if (!longer.includes(value)) more.add(value);
    const stored = this.#neededOnTheWay(longer, new Set([...members, ...added]));
    return kernel.bindings + more.size + stored.length;
  }

  /** The values that flow before the result and that other groups read or the program returns. */
  #neededOnTheWay(flow: readonly number[], members: ReadonlySet<number>): number[] {
    const { readers, isReturned } = this.#uses;
    return flow
      .slice(0, -1)
      .filter((value) => isReturned[value] || readers[value]?.some((reader) => !members.has(reader)));
  }
}
