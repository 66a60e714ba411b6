/** Common subexpressions. */
import { describe } from '../tensor.js';
import { mapRecord } from '../trace.js';
import type { Primitive } from '../primitive.js';
import {
  type Graph,
  type GraphNode,
  type GraphValue,
  type Operand,
  attributesText,
  hasEffect,
  isPlaced,
  isView,
  makeNode,
} from './graph.js';

/**
 * Computes equal results once: a node with the primitive, attributes and operands of an earlier one is dropped, and
 * its readers take the results of the earlier one.
 *
 * Graph → graph with a shorter order, in which nodes may be dead: equal element-wise nodes are recognised, but both
 * stay. Fused into their consumers they cost nothing, whereas one for both would have to be stored in between.
 * Nodes with effects stay, and so do nodes whose results are changed in place. An operand in memory that was changed
 * meanwhile is another operand.
 */
export function mergeCommon(graph: Graph): Graph {
  const { values } = graph;
  const nodes = [...graph.nodes];
  const isChanged = Array.from({ length: graph.memories }, () => false);
  for (const id of graph.order) {
    for (const value of (nodes[id] as GraphNode).changes) isChanged[memoryOf(value)] = true;
  }
  /** By value: the first value with the same content. */
  const content = values.map((_, value) => value);
  /** By value: the value to read for it. */
  const merged = values.map((_, value) => value);
  /** By memory: a number that is different after each change. */
  const version = Array.from({ length: graph.memories }, () => 0);
  let versions = 0;
  const first = new Map<string, GraphNode>();
  const primitives = new Map<Primitive, number>();

  function memoryOf(value: number): number {
    return (values[value] as GraphValue).memory;
  }
  const take = (operand: Operand): Operand => {
    const value = merged[operand.value] as number;
    return value === operand.value ? operand : { ...operand, value };
  };
  const keyOf = ({ primitive, attributes, inputs }: GraphNode): string => {
    const number = primitives.get(primitive) ?? primitives.size;
    primitives.set(primitive, number);
    // Attributes and operands determine the results.
    let key = `${number}|${attributesText(attributes)}`;
    for (const name in inputs) {
      const operand = inputs[name] as Operand;
      const { value } = operand;
      key += `|${content[value]}@${version[memoryOf(value)]}`;
      if (isView(graph, operand)) key += ` ${describe(operand.spec)}`;
    }
    return key;
  };

  const order: number[] = [];
  for (const id of graph.order) {
    let node = nodes[id] as GraphNode;
    if (node.reads.some((value) => merged[value] !== value)) {
      node = makeNode({ ...node, inputs: mapRecord(node.inputs, take) });
      nodes[id] = node;
    }
    if (!hasEffect(graph, node) && !node.results.some((value) => isChanged[memoryOf(value)])) {
      const key = keyOf(node);
      const twin = first.get(key);
      if (!twin) first.set(key, node);
      twin?.results.forEach((value, i) => (content[node.results[i] as number] = content[value] as number));
      if (twin && !node.primitive.elementwise) {
        twin.results.forEach((value, i) => (merged[node.results[i] as number] = value));
        continue;
      }
    }
    const placed = node.results.filter((value) => isPlaced(values[value] as GraphValue));
    for (const value of [...placed, ...node.changes]) version[memoryOf(value)] = ++versions;
    order.push(id);
  }
  return { ...graph, nodes, order, outputs: graph.outputs.map(take) };
}
