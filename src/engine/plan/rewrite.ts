/** Rewrite rules: nodes that another node computes anyway. */
import type { SharedResult } from '../primitive.js';
import {
  type Graph,
  type GraphNode,
  type GraphValue,
  type Operand,
  isPlaced,
  makeNode,
  memoryUsesOf,
  usesOf,
} from './graph.js';

/**
 * Applies the rules that primitives declare as `sharedResults`: a node whose result another node computes too, in an
 * output that nothing uses, is dropped, and the other one writes its result.
 *
 * Graph → graph with a shorter order. The node with both results runs in the place of the earlier one of the two. Both
 * stay if the operands are not computed by then, or if what runs between them uses the memory that would be read or
 * written earlier.
 */
export function shareResults(graph: Graph): Graph {
  const { values } = graph;
  const nodes = [...graph.nodes];
  const uses = usesOf(graph);
  const memory = memoryUsesOf(graph);
  const positions = nodes.map(() => -1);
  graph.order.forEach((id, position) => (positions[id] = position));
  const placeOf = (id: number): number => positions[id] as number;
  const memoryOf = (value: number): number => (values[value] as GraphValue).memory;

  const isBetween = (ids: readonly number[], first: number, last: number): boolean =>
    ids.some((id) => placeOf(id) >= placeOf(first) && placeOf(id) < placeOf(last));
  /** Whether `reads` and the results of `second` may move ahead of all that runs from `first` up to it. */
  const canMoveUp = (reads: readonly number[], first: number, second: number): boolean => {
    const { results } = nodes[second] as GraphNode;
    return (
      !reads.some((value) => isBetween(memory.writers[memoryOf(value)] as number[], first, second)) &&
      !results.some(
        (value) =>
          isPlaced(values[value] as GraphValue) &&
          isBetween(memory.readers[memoryOf(value)] as number[], first, second),
      )
    );
  };
  const findTwin = (node: GraphNode, shared: SharedResult<string>): number | undefined => {
    const [ours] = Object.values(shared.inputs) as [string];
    const readers = uses.readers[(node.inputs[ours] as Operand).value] as number[];
    return readers.find((other) => placeOf(other) >= 0 && isTwin(nodes[other] as GraphNode, node, shared));
  };

  for (const id of graph.order) {
    if (placeOf(id) < 0) continue;
    const rules = Object.entries((nodes[id] as GraphNode).primitive.sharedResults ?? {});
    for (const [name, shared] of rules as [string, SharedResult<string>][]) {
      const node = nodes[id] as GraphNode;
      const own = (node.outputs[name] as Operand).value;
      const twin = findTwin(node, shared);
      if (twin === undefined || (uses.readers[own] as number[]).length > 0 || uses.isReturned[own]) continue;
      const [first, second] = placeOf(id) < placeOf(twin) ? [id, twin] : [twin, id];
      if (!canMoveUp(node.reads, first, second)) continue;
      const [result] = Object.values((nodes[twin] as GraphNode).outputs) as [Operand];
      nodes[id] = makeNode({ ...node, outputs: { ...node.outputs, [name]: result } });
      positions[id] = placeOf(first);
      positions[twin] = -1;
      (memory.writers[memoryOf(result.value)] as number[]).push(id);
    }
  }
  const order = graph.order.filter((id) => placeOf(id) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
  return { ...graph, nodes, order };
}

function isTwin(
  other: GraphNode,
  node: GraphNode,
  { primitive, inputs, attributes }: SharedResult<string>,
): boolean {
  return (
    other.primitive === primitive &&
    Object.entries(attributes).every(([key, value]) => other.attributes[key] === value) &&
    Object.entries(inputs).every(([theirs, ours]) => {
      const [a, b] = [other.inputs[theirs] as Operand, node.inputs[ours] as Operand];
      return a.value === b.value && a.spec.shape.join() === b.spec.shape.join();
    })
  );
}
