/** Dead nodes. */
import { type Graph, type GraphNode, hasEffect } from './graph.js';

/**
 * Drops the nodes that no output of the program and no effect depends on.
 *
 * Graph → graph with a shorter order. The other nodes keep their order.
 */
export function dropDead(graph: Graph): Graph {
  const { nodes, values, outputs } = graph;
  const isNeeded = values.map(() => false);
  for (const { value } of outputs) isNeeded[value] = true;
  const order: number[] = [];
  for (const id of graph.order.toReversed()) {
    const node = nodes[id] as GraphNode;
    if (!hasEffect(graph, node) && !node.results.some((value) => isNeeded[value])) continue;
    for (const value of node.reads) isNeeded[value] = true;
    order.push(id);
  }
  return { ...graph, order: order.reverse() };
}
