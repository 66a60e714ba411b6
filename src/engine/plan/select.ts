/** Which kernels compute each node: a variant of its primitive, or the map for an element-wise one. */
import mapWgsl from '../../../shaders/elementwise/map.wgsl';
import { DeviceError, assert } from '../../errors.js';
import type { Device } from '../device.js';
import type { AnyVariant, KernelSelection } from '../kernel_selection.js';
import {
  type Cost,
  type DeviceTraits,
  type Lowering,
  type Primitive,
  type PrimitiveContext,
  type Spec,
  type Requirements,
  canRun,
  halfPrecision,
  lackingOf,
  publicName,
  sizeOf,
  takesTypes,
} from '../primitive.js';
import { registerShaders, shaderSource } from '../shader.js';
import { describe } from '../tensor.js';
import { mapRecord } from '../trace.js';
import { type Graph, type GraphNode, type Operand, attributesText } from './graph.js';

registerShaders({ 'elementwise/map': mapWgsl });

/** How one node is computed, before anything is fused into it. */
export interface Kernel {
  readonly variant: string;
  /** Shapes of the inputs, for printouts. */
  readonly shapes: string;
  readonly lowering: Lowering;
  readonly cost: Cost;
  /** True for an element-wise node by itself: its expression is the epilogue of a kernel that computes nothing. */
  readonly isMap: boolean;
  /** Whether element-wise nodes can be fused into the last dispatch. */
  readonly hasEpilogue: boolean;
  /** Storage bindings of the last dispatch. */
  readonly bindings: number;
  /** Numbers that the last dispatch reads as uniforms, at most. */
  readonly scalars: number;
}

/** What choosing a variant needs of a device. */
export type Target = Pick<Device, 'traits' | 'forcedVariants' | 'kernelSelection'>;

/**
 * Chooses the kernels of every node that runs.
 *
 * Graph, device → kernel by node. Equal cases, such as the layers of a deep network, share one kernel.
 */
export function select(
  { nodes, order }: Graph,
  device: Target,
  kernelSelection = device.kernelSelection,
): readonly (Kernel | undefined)[] {
  const kernels = nodes.map((): Kernel | undefined => undefined);
  const known = new Map<Primitive, Map<string, Kernel>>();
  for (const id of order) {
    const node = nodes[id] as GraphNode;
    const cases = known.get(node.primitive) ?? new Map<string, Kernel>();
    known.set(node.primitive, cases);
    const shapes = shapesOf(node);
    const key = `${attributesText(node.attributes)}|${shapes}`;
    let kernel = cases.get(key);
    if (!kernel) cases.set(key, (kernel = kernelOf(node, shapes, device, kernelSelection)));
    kernels[id] = kernel;
  }
  return kernels;
}

function shapesOf({ inputs }: GraphNode): string {
  let text = '';
  for (const name in inputs) text += `${text && ' '}${describe((inputs[name] as Operand).spec)}`;
  return text;
}

function kernelOf(node: GraphNode, shapes: string, device: Target, kernelSelection: KernelSelection): Kernel {
  const context = contextOf(node, device);
  const cost = node.primitive.cost(context);
  if (node.primitive.elementwise) {
    const [output] = Object.values(node.outputs);
    assert(output, 'an element-wise primitive has an output');
    const operands = [...Object.values(node.inputs), output];
    if (operands.some(({ spec }) => spec.dtype === 'f16')) assertHas(halfPrecision, node.primitive, context);
    return mapKernel(output.spec, shapes, { cost, scalars: scalarsOf(node) }, device.traits);
  }
  const variant = chooseVariant(node.primitive, context, device, kernelSelection);
  const lowering = variant.lower(context);
  const { name, hasEpilogue } = variant;
  const constants = Object.values(lowering.dispatches.at(-1)?.constants ?? {});
  const scalars = constants.flat().filter((value) => typeof value === 'number').length;
  const bindings = bindingsOf(lowering);
  return { variant: name, shapes, lowering, cost, isMap: false, hasEpilogue, bindings, scalars };
}

/** The first of these that can run the case: the forced variant, the chosen one, the first of the family, the baseline. */
export function chooseVariant(
  primitive: Primitive,
  context: PrimitiveContext<string, string, never>,
  device: Target,
  kernelSelection = device.kernelSelection,
): AnyVariant {
  const variants = primitive.variants as unknown as readonly AnyVariant[];
  const forced = device.forcedVariants.get(primitive.name);
  const candidates = [
    ...variants.filter((variant) => variant.name === forced),
    ...variants.filter((variant) => variant.family === device.traits.family),
    ...variants.filter((variant) => variant.family === 'baseline'),
  ];
  const first = candidates.find((variant) => canRun(variant, context));
  if (!first) {
    const last = candidates.findLast((variant) => takesTypes(variant, context));
    assertHas(last?.requires ?? {}, primitive, context);
  }
  assert(first, `${primitive.name} has a baseline variant that supports every shape`);
  return first.name === forced ? first : (kernelSelection.choose(primitive, context) ?? first);
}

/** Throws: DeviceError when the device lacks what every kernel for this case requires. */
function assertHas(
  requirements: Requirements,
  { name }: Primitive,
  { inputs, outputs, device }: PrimitiveContext<string, string, never>,
): void {
  const lacking = lackingOf(requirements, device);
  if (lacking.length === 0) return;
  const shapes = [inputs, outputs].map((specs) => Object.values<Spec>(specs).map(describe).join(' and '));
  const remedy = shapes.join().includes('f16') ? 'compute in f32, or use' : 'use';
  throw new DeviceError(
    `${publicName(name)}: ${shapes.join(' → ')} needs ${lacking.join(' and ')}, which this device lacks; ${remedy} another device.`,
    { problem: 'limit' },
  );
}

function contextOf(node: GraphNode, { traits }: Target): PrimitiveContext<string, string, never> {
  const specs = (operands: Readonly<Record<string, Operand>>): Record<string, Spec> =>
    mapRecord(operands, ({ spec }) => spec);
  return {
    inputs: specs(node.inputs),
    outputs: specs(node.outputs),
    attributes: node.attributes as never,
    device: traits,
  };
}

/** The binding of the map's shader that takes the result of the chain. */
export const mapResult = 'y';

/** How many scalars the expression of an element-wise node reads. */
function scalarsOf({ primitive, inputs, attributes }: GraphNode): number {
  let count = 0;
  const scalar = (): string => `scalar_${count++}`;
  const names = mapRecord(inputs, (_, name) => name);
  primitive.elementwise?.expression(names, attributes, 'index', scalar);
  return count;
}

/** The kernel that runs a chain of element-wise nodes over a result of this shape; the first node has this cost. */
export function mapKernel(
  { shape, dtype }: Spec,
  shapes: string,
  { cost, scalars }: Pick<Kernel, 'cost' | 'scalars'>,
  traits: DeviceTraits,
): Kernel {
  const size = sizeOf(shape);
  const workgroup = traits.family === 'software' && traits.subgroupSize > 0 ? traits.subgroupSize : 64;
  const perInvocation = traits.family === 'software' ? 64 : 1;
  const groups = Math.ceil(size / (workgroup * perInvocation));
  const x = Math.min(groups, traits.maxWorkgroupsPerDimension);
  const constants = {
    SIZE: size,
    CHANNELS: shape.at(-1) ?? 1,
    Value: dtype === 'f16' ? 'f16' : 'f32',
    WORKGROUP: workgroup,
    PER_INVOCATION: perInvocation,
  };
  const lowering: Lowering = {
    dispatches: [{ shader: 'elementwise/map', constants, workgroups: [x, Math.ceil(groups / x), 1] }],
  };
  const bindings = bindingsOf(lowering);
  return { variant: 'map', shapes, lowering, cost, isMap: true, hasEpilogue: true, bindings, scalars };
}

function bindingsOf({ dispatches }: Lowering): number {
  const shader = dispatches.at(-1)?.shader as string;
  return shaderSource(shader).match(/@binding\(/g)?.length ?? 0;
}
