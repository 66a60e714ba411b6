/** Memory: which buffer holds each value, and when it is used again. */
import { assert } from '../../errors.js';
import { storageBytes } from '../primitive.js';
import { mapRecord } from '../trace.js';
import type { Group } from './fuse.js';
import { type Graph, type GraphNode, type GraphValue, isPlaced } from './graph.js';
import { membersOf, resultOf } from './place.js';
import type { Slot } from './plan.js';

export interface Memory {
  /** By value; undefined for values that never leave a kernel. */
  readonly slots: readonly (Slot | undefined)[];
  /** By group: the slots of its scratch memory, by name. */
  readonly scratch: readonly Readonly<Record<string, Slot>>[];
  /** Byte length of each buffer. */
  readonly buffers: readonly number[];
  /** By group: the buffers that are free after it. */
  readonly freed: readonly (readonly number[])[];
  readonly copies: readonly { readonly from: Slot; readonly output: number }[];
  /** The inputs and the memory outside the program that it writes. */
  readonly changed: readonly Slot[];
  readonly bytesWithoutReuse: number;
}

/**
 * Assigns a slot to each value that a kernel reads or writes.
 *
 * Graph, groups → memory. A value keeps its buffer from the group that computes it to the last one that reads it, and
 * scratch memory belongs to one group; afterwards the buffer is used again. Each value takes the free buffer that fits
 * best. Values that are alive at once never share one, and neither do the values that one kernel reads and writes.
 */
export function assignMemory(graph: Graph, groups: readonly Group[]): Memory {
  const { values, nodes } = graph;
  const outputOf = new Map<number, number>();
  const copied: { value: number; output: number }[] = [];
  graph.outputs.forEach(({ value }, output) => {
    const held = values[value] as GraphValue;
    if (held.source === 'node' && !isPlaced(held) && !outputOf.has(value)) outputOf.set(value, output);
    else copied.push({ value, output });
  });

  const lastUse = values.map(() => -1);
  const readsOf = groups.map((group, position) => {
    const reads = membersOf(group).flatMap((id) => (nodes[id] as GraphNode).reads);
    for (const value of reads) lastUse[value] = position;
    return reads;
  });

  const slots = values.map((value, number): Slot | undefined => {
    const { storage, input, spec } = value;
    const byteLength = storageBytes(spec);
    if (storage) return { kind: 'fixed', storage };
    if (input !== undefined) return { kind: 'input', index: input, byteLength };
    const output = outputOf.get(number);
    return output === undefined ? undefined : { kind: 'output', index: output, byteLength };
  });
  const buffers = new Buffers();
  const scratch: Readonly<Record<string, Slot>>[] = [];
  const freed: (readonly number[])[] = [];
  groups.forEach((group, position) => {
    const results = resultsOf(graph, group);
    for (const value of results) {
      const byteLength = storageBytes((values[value] as GraphValue).spec);
      slots[value] ??= { kind: 'buffer', index: buffers.take(byteLength), byteLength };
    }
    const own = mapRecord(group.kernel.lowering.scratch ?? {}, (length: number) => {
      const byteLength = Math.ceil(length / 16) * 16;
      return { kind: 'buffer', index: buffers.take(byteLength), byteLength } as const;
    });
    scratch.push(own);
    const free = Object.values(own).map(({ index }) => index);
    for (const value of [...(readsOf[position] as number[]), ...results]) {
      const slot = slots[value];
      if (slot?.kind !== 'buffer' || (lastUse[value] as number) > position) continue;
      if (!free.includes(slot.index)) free.push(slot.index);
    }
    for (const index of free) buffers.give(index);
    freed.push(free);
  });
  const written = groups
    .flatMap(membersOf)
    .flatMap((id) => [...(nodes[id] as GraphNode).results, ...(nodes[id] as GraphNode).changes]);
  return {
    slots,
    scratch,
    freed,
    buffers: buffers.lengths,
    copies: copied.map(({ value, output }) => {
      const from = slots[value];
      assert(from, `value ${value} was computed before it is returned`);
      return { from, output };
    }),
    changed: [...new Set(written)].flatMap((value) => {
      const slot = slots[value];
      return slot?.kind === 'input' || slot?.kind === 'fixed' ? [slot] : [];
    }),
    bytesWithoutReuse: buffers.total,
  };
}

/** The values that a group's kernel writes to memory. */
export function resultsOf(graph: Graph, group: Group): number[] {
  const results = group.base === undefined ? [] : [...(graph.nodes[group.base] as GraphNode).results];
  const result = resultOf(graph, group);
  if (result !== undefined && group.chain.length > 0) results[0] = result;
  return [...results, ...group.stored];
}

/** Buffers whose lengths grow while values take them. */
class Buffers {
  readonly lengths: number[] = [];
  /** Free buffers by length, oldest first. */
  readonly #free = new Map<number, { readonly index: number; readonly since: number }[]>();
  /** Lengths of free buffers, ascending. */
  readonly #sorted: number[] = [];
  #given = 0;
  total = 0;

  /** The free buffer that fits best, or a new one. */
  take(byteLength: number): number {
    this.total += byteLength;
    const length = this.#bestLength(byteLength);
    if (length === undefined) return this.lengths.push(byteLength) - 1;
    const queue = this.#free.get(length) as { index: number }[];
    const { index } = queue.shift() as { index: number };
    if (queue.length === 0) {
      this.#free.delete(length);
      this.#sorted.splice(this.#place(length), 1);
    }
    this.lengths[index] = Math.max(length, byteLength);
    return index;
  }

  give(index: number): void {
    const length = this.lengths[index] as number;
    const free = { index, since: this.#given++ };
    const queue = this.#free.get(length);
    if (queue) queue.push(free);
    else {
      this.#free.set(length, [free]);
      this.#sorted.splice(this.#place(length), 0, length);
    }
  }

  /** The length among the free ones that costs least: the next larger or the next smaller one. */
  #bestLength(byteLength: number): number | undefined {
    const place = this.#place(byteLength);
    const [smaller, larger] = [this.#sorted[place - 1], this.#sorted[place]];
    if (smaller === undefined || larger === undefined) return larger ?? smaller;
    // Bytes by which it would grow or, with less weight, bytes by which it is too large.
    const difference = (larger - byteLength) / 16 - (byteLength - smaller);
    if (difference !== 0) return difference < 0 ? larger : smaller;
    return this.#since(larger) < this.#since(smaller) ? larger : smaller;
  }

  #since(length: number): number {
    return this.#free.get(length)?.[0]?.since ?? Infinity;
  }

  /** The place of the first sorted length that is not below this one. */
  #place(length: number): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as number) < length) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
