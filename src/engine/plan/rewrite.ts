/** Rewrite rules: nodes that another node computes anyway. */
import type { SharedResult } from '../primitive.js';
import {
  type Graph,
  type GraphNode,
  type GraphValue,
  type Operand,
  areOrdered,
  isPlaced,
  makeNode,
  usesOf,
} from './graph.js';

/**
 * Applies the rules that primitives declare as `sharedResults`: a node whose result another node computes too, in an
 * output that nothing uses, is dropped, and the other one writes its result.
 *
 * Graph → graph with a shorter order. The node with both results runs in the place of the earlier one of the two. Both
 * stay if the later one must not run before a node between them, or the earlier one.
 */
export function shareResults(graph: Graph): Graph {
  const nodes = [...graph.nodes];
  const uses = usesOf(graph);
  /** By position: the node that runs there. */
  const order: (number | undefined)[] = [...graph.order];
  /** By node: its position; undefined for those that do not run. */
  const positions: (number | undefined)[] = nodes.map(() => undefined);
  order.forEach((id, position) => (positions[id as number] = position));

  const canMoveUp = (from: number, to: number): boolean => {
    const moved = nodes[order[from] as number] as GraphNode;
    return order
      .slice(to, from)
      .every((id) => id === undefined || !areOrdered(graph, nodes[id] as GraphNode, moved));
  };
  const findTwin = (node: GraphNode, shared: SharedResult<string>): number | undefined => {
    const [ours] = Object.values(shared.inputs) as [string];
    const readers = uses.readers[(node.inputs[ours] as Operand).value] as number[];
    return readers.find(
      (other) => positions[other] !== undefined && isTwin(nodes[other] as GraphNode, node, shared),
    );
  };

  for (const id of graph.order) {
    if (positions[id] === undefined) continue;
    const rules = Object.entries((nodes[id] as GraphNode).primitive.sharedResults ?? {});
    for (const [name, shared] of rules as [string, SharedResult<string>][]) {
      const node = nodes[id] as GraphNode;
      const own = (node.outputs[name] as Operand).value;
      const isFree = !isPlaced(graph.values[own] as GraphValue) && !uses.isReturned[own];
      if (!isFree || (uses.readers[own] as number[]).length > 0) continue;
      const twin = findTwin(node, shared);
      if (twin === undefined) continue;
      const ours: number = positions[id];
      const theirs: number = positions[twin] as number;
      const first = Math.min(ours, theirs);
      const second = Math.max(ours, theirs);
      if (!canMoveUp(second, first)) continue;
      const [result] = Object.values((nodes[twin] as GraphNode).outputs) as [Operand];
      nodes[id] = makeNode({ ...node, outputs: { ...node.outputs, [name]: result } });
      order[theirs] = undefined;
      order[ours] = undefined;
      order[first] = id;
      positions[id] = first;
      positions[twin] = undefined;
    }
  }
  return { ...graph, nodes, order: order.filter((id) => id !== undefined) };
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
