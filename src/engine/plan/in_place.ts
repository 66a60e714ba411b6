/** Updates in place: values that are written into memory which the same kernel reads, through one binding. */
import { sizeOf } from '../primitive.js';
import { type Graph, type GraphNode, type GraphValue, isPlaced, isSamePlace } from './graph.js';

/** The nodes of a group (fuse.ts). */
interface Members {
  readonly base: number | undefined;
  readonly chain: readonly number[];
}

/**
 * Whether a group's kernel can write `placed` straight into memory that the group reads: only its chain reads it, and each
 * invocation reads the one element that it then writes. A kernel other than a map may write its result in any order and
 * type, so there it holds for the other values of the chain, which the epilogue stores.
 */
export function isUpdatedInPlace(
  { nodes, values }: Pick<Graph, 'nodes' | 'values'>,
  { base, chain }: Members,
  placed: number,
): boolean {
  const place = values[placed] as GraphValue;
  const isOfChain = chain.some((id) => (nodes[id] as GraphNode).results[0] === placed);
  if (!isOfChain) return false;
  const isResult = (nodes[chain.at(-1) as number] as GraphNode).results[0] === placed;
  if (base !== undefined && isResult) return false;
  const isHere = (value: number): boolean => (values[value] as GraphValue).memory === place.memory;
  if (base !== undefined && (nodes[base] as GraphNode).reads.some(isHere)) return false;
  return chain.every((id) => {
    const { primitive, inputs, outputs } = nodes[id] as GraphNode;
    const [output] = Object.values(outputs);
    return Object.entries(inputs).every(([name, { value, spec }]) => {
      if (value === placed || !isHere(value)) return true;
      const isOneElement =
        !primitive.elementwise?.whole?.includes(name) &&
        output !== undefined &&
        sizeOf(spec.shape) === sizeOf(output.spec.shape);
      return isOneElement && isSamePlace(values[value] as GraphValue, place);
    });
  });
}

/** The value among those that a kernel writes whose binding also serves to read `operand`, if any. */
export function boundTogether(
  values: readonly GraphValue[],
  operand: number,
  written: readonly number[],
): number | undefined {
  const place = values[operand] as GraphValue;
  return written.find((value) => {
    const other = values[value] as GraphValue;
    return value !== operand && isPlaced(other) && isSamePlace(place, other);
  });
}

/**
 * The order in which updates follow what computes their value, so that they are fused into its kernel, wherever an assignment
 * was recorded: an element-wise node with one operand and a placed result moves up, unless what it passes uses the memory
 * that it writes or changes its operand.
 */
export function orderWithEarlyUpdates(graph: Graph): readonly number[] {
  const { nodes, values, order } = graph;
  const producers = new Map<number, number>();
  /** By memory: the position of the last node that reads or writes it, and of the last one that writes it. */
  const lastUse = Array.from({ length: graph.memories }, () => -1);
  const lastWrite = Array.from({ length: graph.memories }, () => -1);
  const memoryOf = (value: number): number => (values[value] as GraphValue).memory;
  const updates = new Map<number, number[]>();
  const moved = new Set<number>();
  order.forEach((id, position) => {
    const { primitive, reads, results, changes } = nodes[id] as GraphNode;
    const [operand, result] = [reads[0], results[0]];
    const producer = operand === undefined ? undefined : producers.get(operand);
    const isUpdate =
      primitive.elementwise && reads.length === 1 && isPlaced(values[result as number] as GraphValue);
    if (isUpdate && producer !== undefined) {
      const first = order[producer] as number;
      const last = Math.max(
        lastUse[memoryOf(result as number)] as number,
        lastWrite[memoryOf(operand as number)] as number,
      );
      if (last <= producer) {
        moved.add(id);
        updates.set(first, [...(updates.get(first) ?? []), id]);
      }
    }
    for (const value of [...reads, ...results, ...changes]) lastUse[memoryOf(value)] = position;
    for (const value of [...results, ...changes]) lastWrite[memoryOf(value)] = position;
    // An update of what a moved node computes would move up as far, past nodes with which it was not compared.
    if (!moved.has(id)) for (const value of results) producers.set(value, position);
  });
  return order.filter((id) => !moved.has(id)).flatMap((id) => [id, ...(updates.get(id) ?? [])]);
}
