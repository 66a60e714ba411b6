/** Values that are placed in memory which their own kernel reads, and cannot update in place. */
import { StateError } from '../../errors.js';
import { type DeviceTraits, type Primitive, oneFloat, storageBytes } from '../primitive.js';
import { describe } from '../tensor.js';
import { mapRecord } from '../trace.js';
import type { Group } from './fuse.js';
import { type Graph, type GraphNode, type GraphValue, type Operand, isPlaced, makeNode } from './graph.js';
import { isUpdatedInPlace } from './in_place.js';
import { mapKernel } from './select.js';

/** Copies a value to its place, after the kernel that computes it. */
const copyPrimitive: Primitive<'x', 'y'> = {
  name: 'copy/forward',
  inputs: ['x'],
  outputs: ['y'],
  types: oneFloat(['x', 'y']),
  elementwise: { expression: ({ x }) => x },
  shape: ({ x }) => ({ y: x.shape }),
  cost: ({ inputs: { x } }) => ({ flops: 0, bytes: 2 * storageBytes(x) }),
  variants: [],
};

/**
 * Gives a value that is placed in a buffer which its kernel reads memory of its own, and copies it to its place
 * afterwards: a kernel cannot write to a buffer that it also reads, not even to another range of it. Updates in place
 * (in_place.ts) are the exception: they read and write through one binding.
 *
 * Graph, groups → graph with more nodes and values, groups with a map for each copy. Afterwards no kernel computes a
 * value into a buffer that it reads otherwise.
 * Throws: StateError for such a value that is neither f32 nor f16, which no map can copy.
 */
export function separatePlaced(
  graph: Graph,
  groups: readonly Group[],
  traits: DeviceTraits,
): { readonly graph: Graph; readonly groups: readonly Group[] } {
  const nodes = [...graph.nodes];
  const values = [...graph.values];
  let { memories } = graph;
  const separated = groups.flatMap((group): Group[] => {
    const copied = copiedResults(graph, group);
    const copies: Group[] = [];
    let { stored } = group;
    for (const id of copied.length > 0 ? membersOf(group) : []) {
      for (const [name, placed] of Object.entries((nodes[id] as GraphNode).outputs)) {
        if (!copied.includes(placed.value)) continue;
        const { spec } = values[placed.value] as GraphValue;
        const node = nodes[id] as GraphNode;
        if (spec.dtype !== 'f32' && spec.dtype !== 'f16')
          throw new StateError(
            `program: ${node.primitive.name} writes ${describe(spec)} to memory that its kernel reads, expected f32 or f16 there; write it to another tensor.`,
          );
        const beside: Operand = { value: values.length, spec: placed.spec };
        values.push({ spec, source: 'node', memory: memories++ });
        stored = stored.map((each) => (each === placed.value ? beside.value : each));
        nodes[id] = makeNode({ ...node, outputs: { ...node.outputs, [name]: beside } });
        // What reads it in the same kernel takes the value that flows.
        for (const other of membersOf(group)) {
          const reader = nodes[other] as GraphNode;
          if (!reader.reads.includes(placed.value)) continue;
          const flowing = ({ value, spec: seen }: Operand): Operand => ({
            value: value === placed.value ? beside.value : value,
            spec: seen,
          });
          nodes[other] = makeNode({ ...reader, inputs: mapRecord(reader.inputs, flowing) });
        }
        const { scope } = node;
        const [inputs, outputs] = [{ x: beside }, { y: placed }];
        nodes.push(makeNode({ primitive: copyPrimitive, attributes: {}, scope, inputs, outputs }));
        const cost = { flops: 0, bytes: 2 * storageBytes(placed.spec) };
        const kernel = mapKernel(placed.spec, describe(placed.spec), { cost, scalars: 0 }, traits);
        copies.push({ kernel, base: undefined, chain: [nodes.length - 1], stored: [] });
      }
    }
    return [{ ...group, stored }, ...copies];
  });
  return {
    graph: { ...graph, nodes, values, memories, order: separated.flatMap(membersOf) },
    groups: separated,
  };
}

/** The results of a group that are placed in a buffer which its kernel reads, and not updated in place. */
export function copiedResults(graph: Graph, group: Pick<Group, 'base' | 'chain'>): readonly number[] {
  const { nodes, values } = graph;
  const members = membersOf(group);
  const results = new Set(members.flatMap((id) => (nodes[id] as GraphNode).results));
  const placed = [...results].filter((value) => isPlaced(values[value] as GraphValue));
  if (placed.length === 0) return [];
  const operands = members
    .flatMap((id) => (nodes[id] as GraphNode).reads)
    .filter((value) => !results.has(value));
  const read = new Set(operands.map((value) => values[value]?.memory));
  return placed.filter((value) => read.has(values[value]?.memory) && !isUpdatedInPlace(graph, group, value));
}

/** The nodes of a group in the order of computation. */
export function membersOf({ base, chain }: Pick<Group, 'base' | 'chain'>): readonly number[] {
  return base === undefined ? chain : [base, ...chain];
}

/** The value that a group's kernel passes through its epilogue and writes last, if it has one. */
export function resultOf({ nodes }: Graph, group: Group): number | undefined {
  const last = membersOf(group).at(-1) as number;
  return (nodes[last] as GraphNode).results[0];
}
