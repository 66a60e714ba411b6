/** What the stages of the planner return, as text, for tests and debug level 1. Only Node's opener imports it. */
import { debug } from '../debug.js';
import { describe } from '../tensor.js';
import type { Group } from './fuse.js';
import {
  type Graph,
  type GraphNode,
  type GraphValue,
  type Operand,
  attributesText,
  isView,
} from './graph.js';
import { type Memory, resultsOf } from './memory.js';
import { type Slot, slotText } from './plan.js';
import type { StageListener, StageResult } from './planner.js';
import type { Kernel } from './select.js';

/** Prints the result of a stage (debug level 1). */
export const printStage: StageListener = (stage, result) => {
  debug(1, () => `plan, ${stage}:\n${stageText(result)}`);
};

function stageText({ graph, kernels, groups, memory }: StageResult): string {
  if (kernels) return kernelsText(graph, kernels);
  if (!groups) return graphText(graph);
  return memory ? memoryText(graph, groups, memory) : groupsText(graph, groups);
}

/**
 * The graph as text, a line per node in order:
 *
 *   n2: %5 [4] = sum/forward(x %1 as [4,4]) {first 0, last 0}
 *
 * `%1@m0` is a value in memory outside the program, `!` marks an operand that is changed in place.
 */
export function graphText(graph: Graph): string {
  const { nodes, order, outputs } = graph;
  return [
    ...order.map((id) => nodeText(graph, id, nodes[id] as GraphNode)),
    ...(outputs.length > 0 ? [`return ${outputs.map((each) => operandText(graph, each)).join(', ')}`] : []),
  ].join('\n');
}

function nodeText(graph: Graph, id: number, node: GraphNode): string {
  const { primitive, attributes, inputs, outputs } = node;
  const results = Object.values(outputs).map(
    ({ value, spec }) => `${valueText(graph, value)} ${describe(spec)}`,
  );
  const operands = Object.entries(inputs).map(([name, operand]) => {
    const mark = primitive.mutates?.includes(name) ? '!' : '';
    return `${name} ${operandText(graph, operand)}${mark}`;
  });
  const given = Object.keys(attributes).length > 0 ? ` {${attributesText(attributes)}}` : '';
  const left = results.length > 0 ? `${results.join(', ')} = ` : '';
  return `n${id}: ${left}${primitive.name}(${operands.join(', ')})${given}`;
}

function valueText({ values }: Graph, value: number): string {
  const { source, input, storage, memory } = values[value] as GraphValue;
  if (source === 'input') return `input${input}`;
  if (input !== undefined) return `%${value}@input${input}`;
  return `%${value}${storage ? `@m${memory}${storage.offset > 0 ? `+${storage.offset}` : ''}` : ''}`;
}

function operandText(graph: Graph, operand: Operand): string {
  const { value, spec } = operand;
  return `${valueText(graph, value)}${isView(graph, operand) ? ` as ${describe(spec)}` : ''}`;
}

/** A line per node with its kernel, such as `n3: conv2d/forward gpu_64x64, 1 dispatch, 3 bindings, epilogue`. */
export function kernelsText({ nodes, order }: Graph, kernels: readonly (Kernel | undefined)[]): string {
  const lines = order.map((id) => {
    const { variant, lowering, bindings, hasEpilogue } = kernels[id] as Kernel;
    const { length } = lowering.dispatches;
    const count = `${length} dispatch${length === 1 ? '' : 'es'}, ${bindings} bindings`;
    return `n${id}: ${(nodes[id] as GraphNode).primitive.name} ${variant}, ${count}${hasEpilogue ? ', epilogue' : ''}`;
  });
  return lines.join('\n');
}

/** A line per group: its nodes, and the values that it stores on the way. */
export function groupsText(graph: Graph, groups: readonly Group[]): string {
  return groups
    .map(({ kernel, base, chain, stored }, i) => {
      const nodes = [...(base === undefined ? [] : [base]), ...chain];
      const names = nodes.map((id) => `n${id} ${graph.nodes[id]?.primitive.name}`).join(' + ');
      const stores =
        stored.length > 0 ? `, stores ${stored.map((value) => valueText(graph, value)).join(', ')}` : '';
      return `g${i}: ${names} (${kernel.variant})${stores}`;
    })
    .join('\n');
}

/** A line per group: where its results and scratch memory are, and which buffers are free after it. */
export function memoryText(graph: Graph, groups: readonly Group[], memory: Memory): string {
  const lines = groups.map((group, i) => {
    const results = resultsOf(graph, group).map(
      (value) => `${valueText(graph, value)} → ${slotText(memory.slots[value] as Slot)}`,
    );
    const scratch = Object.entries(memory.scratch[i] ?? {}).map(
      ([name, slot]) => `${name} → ${slotText(slot)}`,
    );
    const free = memory.freed[i] as number[];
    const frees = free.length > 0 ? `; frees ${free.map((index) => `buffer${index}`).join(', ')}` : '';
    return `g${i}: ${[...results, ...scratch].join(', ')}${frees}`;
  });
  return [...lines, `buffers: ${memory.buffers.join(', ') || 'none'}`].join('\n');
}
