/** Fusion: element-wise nodes move into the epilogue of the kernel that computes their operand. */
import { sizeOf } from '../primitive.js';
import {
  type Graph,
  type GraphNode,
  type GraphValue,
  type Operand,
  type Uses,
  isPlaced,
  overlap,
  usesOf,
} from './graph.js';
import { boundTogether, isUpdatedInPlace, orderWithEarlyUpdates } from './in_place.js';
import type { Kernel } from './select.js';

/** Storage buffers that a kernel may bind on every adapter, including the software adapter of browsers. */
const maxBindings = 8;

/** Numbers that a kernel may read as uniforms: WGSL allows 1,023 members of a structure. */
const maxScalars = 1023;

/** Element-wise nodes in one kernel: drivers compile long functions slowly, and another kernel costs little. */
const maxChain = 64;

/** A kernel with the element-wise nodes fused into it. */
export interface Group {
  readonly kernel: Kernel;
  /** The node that the kernel computes; undefined for a map, which only runs its chain. */
  readonly base: number | undefined;
  /** Element-wise nodes, each of which reads the result of an earlier one or of the kernel. */
  readonly chain: readonly number[];
  /** Values before the result that others need too, or that have a place, so the epilogue stores them. */
  readonly stored: readonly number[];
}

/**
 * Groups the nodes that one kernel computes. A group runs in the place of its last node, when all operands have been
 * computed.
 *
 * Graph, kernels → groups in order. Every node that runs is in one group. No kernel has more bindings, scalars or lines
 * than every adapter allows, reads memory after it has written it, or moves past a kernel that changes what it reads, or reads or
 * writes what it writes.
 */
export function fuse(graph: Graph, kernels: readonly (Kernel | undefined)[]): readonly Group[] {
  const fusion = new Fusion(graph, kernels);
  for (const id of orderWithEarlyUpdates(graph)) fusion.add(id);
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
  /** The values that flow through the epilogue, in order, from the first output of the kernel to the result. */
  readonly flow: number[];
  /** Values that flow before the result and have a place or, as far as is known, are needed elsewhere: the epilogue stores them. */
  stored: number[];
  /** Values that the chain reads and that do not flow through it. */
  readonly operands: number[];
  /** Numbers that the kernel reads as uniforms. */
  scalars: number;
  /** Memory that it reads, besides that of its own values. */
  readonly reads: number[];
  /** Values that it writes besides those that flow: further outputs, and memory that it changes; and placed ones. */
  readonly writes: number[];
  /** Whether another group reads a value that it computes. */
  isRead: boolean;
  /** Groups run in the order of these numbers; a group that grows takes a new one, the highest. */
  position: number;
}

/** A value that was written by the group at a position. */
interface Write {
  readonly value: number;
  readonly position: number;
}

/**
 * The lists of a draft are short, by the limits of a kernel. The only other list that is scanned holds the later writes to the
 * memory of one operand: few in a network.
 */
class Fusion {
  readonly #graph: Graph;
  readonly #uses: Uses;
  /** By value: how many nodes outside its group read it. */
  readonly #outside: number[];
  /** By value: the group whose kernel computes it. */
  readonly #groupOf: (Draft | undefined)[];
  readonly #drafts = new Set<Draft>();
  /** By memory: the position of the last group that reads it. */
  readonly #lastRead: number[];
  /** By memory: what is written to it and when, in order. */
  readonly #written: (Write[] | undefined)[];
  #position = 0;

  constructor(
    graph: Graph,
    readonly kernels: readonly (Kernel | undefined)[],
  ) {
    this.#graph = graph;
    this.#uses = usesOf(graph);
    this.#outside = this.#uses.readers.map(({ length }) => length);
    this.#groupOf = graph.values.map(() => undefined);
    this.#lastRead = Array.from({ length: graph.memories }, () => -1);
    this.#written = Array.from({ length: graph.memories }, () => undefined);
  }

  /** Adds a node to the group of one of its operands, or starts a group with it. */
  add(id: number): void {
    const host = this.#findHost(id);
    if (!host) {
      this.#start(id);
      return;
    }
    for (const map of this.#mapsFor(id, host)) this.#merge(host, map);
    this.#append(host, id);
    this.#moveToEnd(host);
  }

  groups(): Group[] {
    return [...this.#drafts]
      .sort((a, b) => a.position - b.position)
      .map(({ kernel, base, chain, flow, stored }) => ({
        kernel,
        base,
        chain,
        stored: flow.filter((value) => stored.includes(value)),
      }));
  }

  #start(id: number): void {
    const kernel = this.kernels[id] as Kernel;
    const draft: Draft = {
      kernel,
      base: kernel.isMap ? undefined : id,
      chain: [],
      flow: [],
      stored: [],
      operands: [],
      scalars: 0,
      reads: [],
      writes: [],
      isRead: false,
      position: 0,
    };
    this.#drafts.add(draft);
    if (kernel.isMap) this.#append(draft, id);
    else this.#include(draft, id);
    this.#moveToEnd(draft);
  }

  /** Adds an element-wise node to the chain of a group. */
  #append(draft: Draft, id: number): void {
    draft.chain.push(id);
    addAll(
      draft.operands,
      this.#node(id).reads.filter((value) => !draft.flow.includes(value)),
    );
    this.#include(draft, id);
  }

  #include(draft: Draft, id: number): void {
    const { reads, results, changes } = this.#node(id);
    draft.scalars += (this.kernels[id] as Kernel).scalars;
    reads.forEach((value, i) => {
      if (reads.indexOf(value) < i) return;
      if (draft.flow.includes(value)) {
        (this.#outside[value] as number)--;
        if (!this.#isStored(value)) draft.stored = draft.stored.filter((other) => other !== value);
        return;
      }
      addAll(draft.reads, [this.#memoryOf(value)]);
      const from = this.#groupOf[value];
      if (from) from.isRead = true;
    });
    for (let i = 1; i < results.length; i++) draft.writes.push(results[i] as number);
    addAll(draft.writes, changes);
    for (const value of results) this.#groupOf[value] = draft;
    const [result] = results;
    if (result === undefined) return;
    this.#flowInto(draft, [result]);
    if (isPlaced(this.#value(result))) addAll(draft.writes, [result]);
  }

  /** Moves the chain of a map into that of `host`. */
  #merge(host: Draft, map: Draft): void {
    this.#drafts.delete(map);
    host.chain.push(...map.chain);
    host.scalars += map.scalars;
    addAll(host.operands, map.operands);
    addAll(host.reads, map.reads);
    addAll(host.writes, map.writes);
    for (const value of map.flow) this.#groupOf[value] = host;
    this.#flowInto(host, map.flow);
    addAll(host.stored, map.stored);
  }

  /** Appends values to the flow, of which the last is the result. */
  #flowInto(draft: Draft, values: readonly number[]): void {
    const before = draft.flow.at(-1);
    if (before !== undefined && this.#isStored(before)) addAll(draft.stored, [before]);
    draft.flow.push(...values);
  }

  #moveToEnd(draft: Draft): void {
    draft.position = this.#position++;
    const { position } = draft;
    for (const memory of draft.reads) this.#lastRead[memory] = position;
    for (const value of draft.writes) (this.#written[this.#memoryOf(value)] ??= []).push({ value, position });
  }

  #node(id: number): GraphNode {
    return this.#graph.nodes[id] as GraphNode;
  }

  #value(value: number): GraphValue {
    return this.#graph.values[value] as GraphValue;
  }

  #memoryOf(value: number): number {
    return this.#value(value).memory;
  }

  /** Whether other groups read a value, or the program returns it. */
  #isNeeded(value: number): boolean {
    return (this.#outside[value] as number) > 0 || this.#uses.isReturned[value] === true;
  }

  /** Whether a value that flows before the result is stored. */
  #isStored(value: number): boolean {
    return this.#isNeeded(value) || isPlaced(this.#value(value));
  }

  /** Whether only this node reads a value, of those outside its group. */
  #isOnlyFor(id: number, value: number): boolean {
    const isReturned = this.#uses.isReturned[value] === true;
    return this.#node(id).reads.includes(value) && this.#outside[value] === 1 && !isReturned;
  }

  /** The group that computes an operand of the node and can fuse it into its epilogue. */
  #findHost(id: number): Draft | undefined {
    if (!this.#node(id).primitive.elementwise) return undefined;
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
      if (!map?.kernel.isMap || map === host || chosen.includes(map)) continue;
      const isElsewhere = (each: number): boolean =>
        !isPlaced(this.#value(each)) && !this.#isOnlyFor(id, each);
      if ([...map.stored, map.flow.at(-1) as number].some(isElsewhere)) continue;
      if (!this.#canMove(map) || this.#interferes(map, id)) continue;
      if (this.#hasRoom(host, id, [...chosen, map])) chosen.push(map);
    }
    return chosen;
  }

  /** The operands whose elements correspond one to one to those of the result. */
  #fusableOperands(id: number): number[] {
    const { primitive, inputs, outputs } = this.#node(id);
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
    return this.#canMove(host) && !this.#interferes(host, id) && this.#hasRoom(host, id, []);
  }

  /** Whether a group can run now instead of in its place: after all groups that were added or have grown since. */
  #canMove({ isRead, reads, writes, position }: Draft): boolean {
    if (isRead) return false;
    for (const memory of reads) {
      const last = this.#written[memory]?.at(-1);
      if (last && last.position > position) return false;
    }
    for (const value of writes) {
      if ((this.#lastRead[this.#memoryOf(value)] as number) > position) return false;
      if (this.#isWrittenAfter(position, value)) return false;
    }
    return true;
  }

  #isWrittenAfter(position: number, value: number): boolean {
    const writes = this.#written[this.#memoryOf(value)] ?? [];
    for (let i = writes.length - 1; i >= 0; i--) {
      const write = writes[i] as Write;
      if (write.position <= position) return false;
      if (overlap(this.#value(write.value), this.#value(value))) return true;
    }
    return false;
  }

  /**
   * Whether the node reads a buffer that the group's kernel writes, except the element that flows through its epilogue, or
   * writes memory that the kernel writes as well.
   */
  #interferes({ flow, writes }: Draft, id: number): boolean {
    const { primitive, inputs, results, changes } = this.#node(id);
    const written = writes.map((value) => this.#value(value));
    const isRead = ([name, { value }]: [string, Operand]): boolean =>
      flow.includes(value)
        ? primitive.elementwise?.whole?.includes(name) === true
        : written.some(({ memory }) => memory === this.#memoryOf(value));
    const isWritten = (value: number): boolean =>
      flow.includes(value) || written.some((other) => overlap(other, this.#value(value)));
    return Object.entries(inputs).some(isRead) || [...results, ...changes].some(isWritten);
  }

  /** Whether the kernel of `host` may have these maps and the node in its epilogue too. */
  #hasRoom(host: Draft, id: number, maps: readonly Draft[]): boolean {
    const { kernel, flow } = host;
    const own = this.kernels[id] as Kernel;
    const length = maps.reduce((sum, map) => sum + map.chain.length, host.chain.length + 1);
    const scalars = maps.reduce((sum, map) => sum + map.scalars, host.scalars + own.scalars);
    if (length > maxChain || scalars > maxScalars) return false;

    const { reads, results } = this.#node(id);
    const operands = [...host.operands];
    for (const map of maps) addAll(operands, map.operands);
    addAll(
      operands,
      reads.filter((value) => !flow.includes(value) && !maps.some((map) => map.flow.includes(value))),
    );
    const onTheWay: number[] = [];
    for (const each of [host, ...maps]) addAll(onTheWay, [...each.stored, ...each.flow.slice(-1)]);
    const stored = onTheWay.filter(
      (value) => isPlaced(this.#value(value)) || (this.#isNeeded(value) && !this.#isOnlyFor(id, value)),
    );
    const placed = [...stored, ...results].filter((value) => isPlaced(this.#value(value)));
    const together = placed.length > 0 ? this.#boundTogether(host, id, maps, operands, placed) : 0;
    return kernel.bindings + operands.length + stored.length - together <= maxBindings;
  }

  /** How many of these operands the kernel would read through the binding that updates them in place. */
  #boundTogether(
    { base, chain }: Draft,
    id: number,
    maps: readonly Draft[],
    operands: readonly number[],
    placed: readonly number[],
  ): number {
    const members = { base, chain: [...chain, ...maps.flatMap((map) => map.chain), id] };
    const updated = placed.filter((value) => isUpdatedInPlace(this.#graph, members, value));
    return operands.filter((value) => boundTogether(this.#graph.values, value, updated) !== undefined).length;
  }
}

/** Adds values to a list, each once. */
function addAll(list: number[], values: readonly number[]): void {
  for (const value of values) if (!list.includes(value)) list.push(value);
}
