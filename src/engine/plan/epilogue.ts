/** The WGSL of the element-wise nodes that were fused into a kernel. */
import { assert } from '../../errors.js';
import { sizeOf } from '../primitive.js';
import { type Epilogue, shaderSource } from '../shader.js';
import { mapRecord } from '../trace.js';
import type { Group } from './fuse.js';
import type { Graph, GraphNode, GraphValue, Operand } from './graph.js';
import { boundTogether } from './in_place.js';
import { membersOf, resultOf } from './place.js';
import { mapResult } from './select.js';

/** An epilogue with the values that its additional bindings hold, in their order: operands, then stored values. */
export interface BoundEpilogue {
  readonly epilogue: Epilogue;
  readonly values: readonly number[];
}

/**
 * Writes the epilogue of a group's kernel; undefined without a chain.
 *
 * Values flow through it in f32, and are rounded to f16 only where they are stored. The text depends on shapes and
 * places in the chain only, not on the numbers of nodes and values: equal layers have equal text, and share a pipeline.
 */
export function epilogueOf(graph: Graph, group: Group): BoundEpilogue | undefined {
  const { nodes, values } = graph;
  const { base, chain, stored } = group;
  if (chain.length === 0) return undefined;
  const all = operandsOf(graph, group);
  const written = base === undefined ? [...stored, resultOf(graph, group) as number] : stored;
  // An operand that is updated in place has the binding that writes it.
  const together = new Map(all.map((value) => [value, boundTogether(values, value, written)]));
  const operands = all.filter((value) => together.get(value) === undefined);
  const nameOf = new Map<number, string>(operands.map((value, i) => [value, `operand_${i}`]));
  for (const [value, update] of together) {
    if (update === undefined) continue;
    const place = stored.indexOf(update);
    nameOf.set(value, place < 0 ? mapResult : `stored_${place}`);
  }
  const [first] = membersOf(group) as [number];
  const [start] = (nodes[first] as GraphNode).results as [number];
  // Names of the flowing values: `value` for that of the kernel, a constant for the result of each op.
  const flowing = new Map(base === undefined ? [] : [[start, 'value']]);
  const channels = (values[start] as GraphValue).spec.shape.at(-1) ?? 1;
  const helpers = new Set<string>();
  const scalars: number[] = [];
  const uniforms: string[] = [];
  const scalar = (value: number): string => `scalar_${scalars.push(value) - 1}`;
  const lines = chain.map((id, link) => {
    const { primitive, inputs, outputs, attributes } = nodes[id] as GraphNode;
    const { elementwise } = primitive;
    assert(elementwise, `${primitive.name} is element-wise`);
    const [output] = Object.values(outputs) as [Operand];
    const whole = new Set(elementwise.whole);
    const texts = mapRecord(inputs, ({ value, spec }: Operand, key) => {
      const inFlow = flowing.get(value);
      if (inFlow !== undefined) return inFlow;
      const name = nameOf.get(value) as string;
      if (whole.has(key)) return name;
      const element = `${name}[${broadcastIndex(spec.shape, output.spec.shape, channels)}]`;
      return spec.dtype === 'f16' ? `f32(${element})` : element;
    });
    for (const helper of elementwise.helpers ?? []) helpers.add(shaderSource(helper));
    flowing.set(output.value, `v${link}`);
    const expression = elementwise.expression(texts, attributes, 'index', scalar);
    const value = elementwise.isUniform ? `uniform_${uniforms.push(expression) - 1}` : expression;
    return `  let v${link} = ${value};`;
  });
  const typeOf = (value: number): string => {
    const own = (values[value] as GraphValue).spec.dtype;
    return own === 'f32' || own === 'f16' ? own : 'u32';
  };
  const stores = stored.map((value, i) => {
    const text = flowing.get(value);
    return `  stored_${i}[index] = ${typeOf(value) === 'f16' ? `f16(${text})` : text};`;
  });
  const epilogue: Epilogue = {
    body: [...lines, ...stores, `  return v${chain.length - 1};`].join('\n'),
    operands: [
      ...operands.map((value, i) => ({
        name: `operand_${i}`,
        type: `array<${typeOf(value)}>`,
        access: 'read' as const,
      })),
      ...stored.map((value, i) => ({
        name: `stored_${i}`,
        type: `array<${typeOf(value)}>`,
        access: 'read_write' as const,
      })),
    ],
    helpers: [...helpers],
    scalars,
    uniforms,
  };
  return { epilogue, values: [...operands, ...stored] };
}

/** The values that the chain reads in addition to those that flow through it, each once. */
function operandsOf({ nodes }: Graph, group: Group): number[] {
  const flowing = new Set(membersOf(group).map((id) => (nodes[id] as GraphNode).results[0]));
  const reads = group.chain.flatMap((id) => (nodes[id] as GraphNode).reads);
  return [...new Set(reads)].filter((value) => !flowing.has(value));
}

/** WGSL for the flat index into an operand of shape `from` broadcast to shape `to`, at flat `index` there. */
function broadcastIndex(from: readonly number[], to: readonly number[], channels: number): string {
  const size = sizeOf(from);
  if (size === 1) return '0';
  if (size === sizeOf(to)) return 'index';
  const last = to.at(-1) as number;
  if (size === last && from.at(-1) === last) return last === channels ? 'channel' : `index % ${last}u`;
  const terms: string[] = [];
  let stride = 1;
  let fromStride = 1;
  for (let back = 1; back <= from.length; back++) {
    const extent = from[from.length - back] as number;
    const toExtent = to[to.length - back] as number;
    if (extent > 1) terms.push(`(index / ${stride}u % ${toExtent}u) * ${fromStride}u`);
    stride *= toExtent;
    fromStride *= extent;
  }
  return terms.join(' + ');
}
