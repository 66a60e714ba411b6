/**
 * A plan is a program made concrete for one device: it drops dead nodes and nodes whose results another node
 * computes anyway, fuses element-wise ops into the kernels before them, chooses variants, and assigns each
 * intermediate a buffer that is reused once the value is dead.
 * The result is a flat list of dispatches over numbered slots; `Step` (replay.ts) assigns buffers to the slots.
 */
import mapWgsl from '../../shaders/elementwise/map.wgsl';
import { DeviceError, assert } from '../errors.js';
import type { KernelSelection } from './kernel_selection.js';
import { type Device, type Storage, mebibytes } from './device.js';
import {
  type SharedResult,
  type Dispatch,
  type Lowering,
  type Primitive,
  type PrimitiveContext,
  type Spec,
  type Variant,
  sizeOf,
  storageBytes,
} from './primitive.js';
import {
  type Epilogue,
  type SpecialisedShader,
  registerShaders,
  shaderSource,
  specialise,
} from './shader.js';
import { type Tensor, describe } from './tensor.js';
import { type Node, type Trace, mapRecord } from './trace.js';
import { type Value, rootOf } from './value.js';

registerShaders({ 'elementwise/map': mapWgsl });

/** Alignment of uniform bindings in bytes, valid on every device. */
const scalarsAlignment = 256;

/** Storage buffers that a kernel may bind on every adapter, including the software adapter of browsers. */
const maxBindings = 8;

export type Slot =
  | { readonly kind: 'input' | 'output'; readonly index: number; readonly byteLength: number }
  | { readonly kind: 'buffer'; readonly index: number; readonly byteLength: number }
  | { readonly kind: 'fixed'; readonly storage: Storage }
  /** A range of the plan's scalars, in bytes. */
  | { readonly kind: 'scalars'; readonly offset: number; readonly byteLength: number };

export interface PlannedDispatch {
  /** The primitive and the ops fused into it, e.g. `conv2d/forward + add + relu`. */
  readonly label: string;
  readonly primitive: string;
  /** Index of the group in the plan; all dispatches of one variant share it. */
  readonly node: number;
  readonly variant: string;
  /** The layers or other parts of a model that it computes; several if their ops were fused. */
  readonly scopes: readonly string[];
  /** Whether it computes gradients. */
  readonly isBackward: boolean;
  /** Input shapes, for printouts. */
  readonly shapes: string;
  readonly shader: SpecialisedShader;
  readonly slots: readonly Slot[];
  readonly workgroups: readonly [number, number, number];
  /** Cost of the primitive; on the first dispatch of each primitive only, so that sums are right. */
  readonly flops: number;
  readonly bytes: number;
}

export interface Plan {
  readonly device: Device;
  readonly dispatches: readonly PlannedDispatch[];
  /** Byte length of each intermediate buffer. */
  readonly buffers: readonly number[];
  /** Numbers that the kernels read as uniforms; those of each kernel start at an aligned offset. */
  readonly scalars: Float32Array<ArrayBuffer>;
  readonly inputs: readonly Spec[];
  readonly outputs: readonly Spec[];
  /** Tensors with memory that the program captured; they must outlive every step. */
  readonly held: readonly Tensor[];
  /** Copies after the last dispatch, for outputs that are inputs, captures or repeated. */
  readonly copies: readonly { readonly from: Slot; readonly output: number }[];
  /** Bytes of all intermediates without reuse of buffers. */
  readonly bytesWithoutReuse: number;
  /** Number of dispatches without fusion. */
  readonly dispatchesWithoutFusion: number;
}

export interface PlanOptions {
  /** False disables fusion, for comparison. */
  readonly fusion?: boolean;
  /** Default: that of the device. */
  readonly kernelSelection?: KernelSelection | undefined;
}

type AnyVariant = Variant<string, string, Record<string, never>>;

/** A node with the element-wise nodes fused after it. */
interface Group {
  /** Undefined if the group is element-wise from its start. */
  readonly base: Node | undefined;
  readonly variant: string;
  readonly lowering: Lowering;
  readonly chain: Node[];
  readonly hasEpilogue: boolean;
  /** Values inside the epilogue that other nodes need too, so the epilogue stores them. */
  readonly stored: Value[];
}

/** The nodes that read each value, by the id of its root. */
type Users = ReadonlyMap<number, ReadonlySet<Node | 'output'>>;

export function plan(
  trace: Trace,
  outputs: readonly Value[],
  device: Device,
  { fusion = true, kernelSelection = device.kernelSelection }: PlanOptions = {},
): Plan {
  const live = liveNodes(trace.nodes, outputs);
  const { nodes, dropped } = fusion ? useByproducts(live, outputs) : { nodes: live, dropped: [] };
  const start = (node: Node): Group =>
    node.primitive.elementwise ? mapGroup(node, device) : baseGroup(node, device, kernelSelection);
  const groups = separatePlaced(fuse(nodes, outputs, start, fusion), device);
  const assigned = assign(groups, trace, outputs, device);
  const fused = groups.reduce((sum, { base, chain }) => sum + chain.length - (base ? 0 : 1), 0);
  const spared = dropped.reduce((sum, node) => sum + start(node).lowering.dispatches.length, 0);
  return { ...assigned, dispatchesWithoutFusion: assigned.dispatches.length + fused + spared };
}

// ---- 1. dead nodes ----

function liveNodes(nodes: readonly Node[], outputs: readonly Value[]): Node[] {
  const needed = new Set(outputs.map((value) => rootOf(value).id));
  const live: Node[] = [];
  for (const node of nodes.toReversed()) {
    const results = Object.values(node.outputs);
    const hasEffect =
      (node.primitive.mutates?.length ?? 0) > 0 || results.some((value) => value.placement !== undefined);
    if (!hasEffect && !results.some((value) => needed.has(value.id))) continue;
    for (const value of Object.values(node.inputs)) needed.add(rootOf(value).id);
    live.push(node);
  }
  return live.toReversed();
}

// ---- 2. shared results ----

/**
 * Drops nodes whose result another node computes as a shared result. That other node then runs at the place of the
 * earlier one of the two. Both stay if its operands are not computed by then, or change before it would run.
 */
function useByproducts(
  live: readonly Node[],
  outputs: readonly Value[],
): { nodes: readonly Node[]; dropped: readonly Node[] } {
  const used = new Set([...live.flatMap((node) => Object.values(node.inputs)), ...outputs].map(idOf));
  const dropped: Node[] = [];
  let nodes = live;
  for (const node of live) {
    for (const [name, shared] of Object.entries(node.primitive.sharedResults ?? {}) as [
      string,
      SharedResult<string>,
    ][]) {
      const twin = nodes.find((other) => isTwin(other, node, shared));
      const own = node.outputs[name] as Value;
      if (!twin || used.has(own.id)) continue;
      const joined = {
        ...node,
        outputs: { ...node.outputs, [name]: Object.values(twin.outputs)[0] as Value },
      };
      const [first, second] = [nodes.indexOf(node), nodes.indexOf(twin)].sort((a, b) => a - b) as [
        number,
        number,
      ];
      if (!canMoveUp(joined, nodes.slice(first, second))) continue;
      nodes = [
        ...nodes.slice(0, first),
        joined,
        ...nodes.slice(first + 1, second),
        ...nodes.slice(second + 1),
      ];
      dropped.push(twin);
    }
  }
  return { nodes, dropped };
}

const idOf = (value: Value): number => rootOf(value).id;

function isTwin(other: Node, node: Node, { primitive, inputs, attributes }: SharedResult<string>): boolean {
  return (
    other.primitive.name === primitive &&
    Object.entries(attributes).every(([key, value]) => other.attributes[key] === value) &&
    Object.entries(inputs).every(([theirs, ours]) => {
      const [a, b] = [other.inputs[theirs] as Value, node.inputs[ours] as Value];
      return idOf(a) === idOf(b) && a.spec.shape.join() === b.spec.shape.join();
    })
  );
}

/** False if one of the nodes that `node` would move ahead of computes or changes its operands. */
function canMoveUp(node: Node, before: readonly Node[]): boolean {
  const reads = new Set(Object.values(node.inputs).map(memoryOf));
  return !before.flatMap(writesOf).some((value) => reads.has(memoryOf(value)));
}

function writesOf({ primitive, inputs, outputs }: Node): Value[] {
  return [...Object.values(outputs), ...(primitive.mutates ?? []).map((name) => inputs[name] as Value)];
}

/** Identifies the memory of a value: a buffer that other tensors may share, or the value itself. */
function memoryOf(value: Value): GPUBuffer | number {
  const { id, origin, placement } = rootOf(value);
  return (placement ?? (origin.kind === 'capture' ? origin.storage : undefined))?.buffer ?? id;
}

// ---- 3. variants and fusion ----

/** The first of these that supports the case: the forced variant, the chosen one, the first of the family, the baseline. */
export function chooseVariant(
  node: Pick<Node, 'primitive' | 'attributes'>,
  context: PrimitiveContext<string, string, never>,
  device: Device,
  kernelSelection = device.kernelSelection,
): AnyVariant {
  const variants = node.primitive.variants as unknown as readonly AnyVariant[];
  const forced = device.forcedVariants.get(node.primitive.name);
  const candidates = [
    ...variants.filter((variant) => variant.name === forced),
    ...variants.filter((variant) => variant.family === device.traits.family),
    ...variants.filter((variant) => variant.family === 'baseline'),
  ];
  const first = candidates.find((variant) => variant.supports(context));
  assert(first, `${node.primitive.name} has a baseline variant that supports everything`);
  return first.name === forced ? first : (kernelSelection.choose(node.primitive, context) ?? first);
}

export function contextOf(node: Node, device: Device): PrimitiveContext<string, string, never> {
  const specs = (values: Readonly<Record<string, Value>>): Record<string, Spec> =>
    mapRecord(values, (value) => value.spec);
  return {
    inputs: specs(node.inputs),
    outputs: specs(node.outputs),
    attributes: node.attributes as never,
    device: device.traits,
  };
}

/** `start` makes a group of a node that no earlier group can fuse. */
function fuse(
  nodes: readonly Node[],
  outputs: readonly Value[],
  start: (node: Node) => Group,
  fusion: boolean,
): Group[] {
  const users = new Map<number, Set<Node | 'output'>>();
  const use = (value: Value, user: Node | 'output'): void => {
    const root = rootOf(value).id;
    users.set(root, (users.get(root) ?? new Set()).add(user));
  };
  for (const node of nodes) for (const value of Object.values(node.inputs)) use(value, node);
  for (const value of outputs) use(value, 'output');

  const groups: Group[] = [];
  for (const node of nodes) {
    const host = fusion && node.primitive.elementwise ? findHost(node, groups, users) : undefined;
    if (host) {
      // The host runs at the place of its last fused op, when all operands have been computed.
      groups.splice(groups.indexOf(host), 1);
      for (const map of mapsFor(node, host, groups, users)) {
        groups.splice(groups.indexOf(map), 1);
        host.chain.push(...map.chain);
      }
      host.chain.push(node);
      groups.push(host);
    } else {
      groups.push(start(node));
    }
  }
  for (const group of groups) group.stored.push(...neededOnTheWay(group, users));
  return groups;
}

function baseGroup(node: Node, device: Device, kernelSelection: KernelSelection): Group {
  const context = contextOf(node, device);
  const variant = chooseVariant(node, context, device, kernelSelection);
  const lowering = variant.lower(context);
  const { name, hasEpilogue } = variant;
  return { base: node, variant: name, lowering, chain: [], hasEpilogue, stored: [] };
}

function mapGroup(node: Node, device: Device): Group {
  const [output] = Object.values(node.outputs);
  assert(output, 'an element-wise primitive has an output');
  return {
    base: undefined,
    variant: 'map',
    lowering: lowerMap(output.spec, device),
    chain: [node],
    hasEpilogue: true,
    stored: [],
  };
}

function lowerMap({ shape }: Spec, { traits }: Device): Lowering {
  const size = sizeOf(shape);
  const workgroup = traits.family === 'software' && traits.subgroupSize > 0 ? traits.subgroupSize : 64;
  const perInvocation = traits.family === 'software' ? 64 : 1;
  const groups = Math.ceil(size / (workgroup * perInvocation));
  const x = Math.min(groups, traits.maxWorkgroupsPerDimension);
  const constants = {
    SIZE: size,
    CHANNELS: shape.at(-1) ?? 1,
    WORKGROUP: workgroup,
    PER_INVOCATION: perInvocation,
  };
  return {
    dispatches: [{ shader: 'elementwise/map', constants, workgroups: [x, Math.ceil(groups / x), 1] }],
  };
}

/** The group that computes an operand of `node` and can fuse `node` into its epilogue. */
function findHost(node: Node, groups: readonly Group[], users: Users): Group | undefined {
  const hosts = fusableOperands(node).flatMap((id) => {
    const host = groups.find((group) => group.hasEpilogue && flowOf(group).some((value) => value.id === id));
    return host && canTake(host, [node], groups, users) ? [host] : [];
  });
  // A kernel is a better host than a map.
  return hosts.find((host) => host.base) ?? hosts[0];
}

/** Maps that compute other operands of `node` only, so that `host` can fuse them as well. */
function mapsFor(node: Node, host: Group, groups: readonly Group[], users: Users): Group[] {
  const chosen: Group[] = [];
  for (const id of fusableOperands(node)) {
    const map = groups.find((group) => !group.base && resultOf(group).id === id);
    if (!map || users.get(id)?.size !== 1 || neededOnTheWay(map, users).length > 0) continue;
    const chain = [...chosen, map].flatMap((each) => each.chain);
    const isThere = canTake(map, [], groups, users);
    if (isThere && bindingCount({ ...host, chain: [...host.chain, ...chain, node] }, users) <= maxBindings)
      chosen.push(map);
  }
  return chosen;
}

/** The operands, by the id of their root, whose elements correspond one to one to those of the result. */
function fusableOperands(node: Node): number[] {
  const [output] = Object.values(node.outputs);
  assert(output, 'an element-wise primitive has an output');
  return Object.entries(node.inputs)
    .filter(([name]) => !node.primitive.elementwise?.whole?.includes(name))
    .filter(([, { spec }]) => sizeOf(spec.shape) === sizeOf(output.spec.shape))
    .map(([, value]) => idOf(value));
}

/** The value that the epilogue transforms: the first output of the kernel. */
function resultOf(group: Group): Value {
  const last = group.chain.at(-1) ?? group.base;
  const [value] = Object.values((last as Node).outputs);
  assert(value, `${(last as Node).primitive.name} with an epilogue has an output`);
  return value;
}

/** The values that flow through the epilogue, from the first output of the kernel to the result. */
function flowOf({ base, chain }: Group): Value[] {
  return [base, ...chain].flatMap((node) => (node ? Object.values(node.outputs).slice(0, 1) : []));
}

/** Of these, the ones before the result that other groups read or that are program outputs. */
function neededOnTheWay(group: Group, users: Users): Value[] {
  const isOutside = (user: Node | 'output'): boolean => user === 'output' || !group.chain.includes(user);
  return flowOf(group)
    .slice(0, -1)
    .filter(({ id }) => [...(users.get(id) ?? [])].some(isOutside));
}

/** Whether `group` can run as late as the last of `nodes`, with them in its epilogue. */
function canTake(group: Group, nodes: readonly Node[], groups: readonly Group[], users: Users): boolean {
  // A placed value ends its chain: further operands might share its buffer, which the dispatch could then not read.
  if (flowOf(group).some(({ placement }) => placement !== undefined)) return false;
  const sides = new Set(
    Object.values(group.base?.outputs ?? {})
      .slice(1)
      .map(idOf),
  );
  const flow = new Set(flowOf(group).map(idOf));
  // A kernel cannot read a buffer that it writes, except the element that flows through the epilogue.
  const isBusy = ({ primitive, inputs }: Node): boolean =>
    Object.entries(inputs).some(
      ([name, value]) =>
        sides.has(idOf(value)) || (primitive.elementwise?.whole?.includes(name) && flow.has(idOf(value))),
    );
  if (nodes.some(isBusy)) return false;
  const reads = new Set(inputsOf(group).map(memoryOf));
  const changes = new Set(writtenBy(group).map(memoryOf));
  const isInTheWay = (later: Group): boolean =>
    inputsOf(later).some((value) => changes.has(memoryOf(value))) ||
    writtenBy(later).some((value) => reads.has(memoryOf(value)));
  if (groups.slice(groups.indexOf(group) + 1).some(isInTheWay)) return false;
  return bindingCount({ ...group, chain: [...group.chain, ...nodes] }, users) <= maxBindings;
}

function inputsOf(group: Group): Value[] {
  return [group.base, ...group.chain].flatMap((node) => (node ? Object.values(node.inputs) : []));
}

/** The values that it computes or changes in place. */
function writtenBy(group: Group): Value[] {
  return [group.base, ...group.chain].flatMap((node) => (node ? writesOf(node) : []));
}

function bindingCount(group: Group, users: Users): number {
  const shader = group.lowering.dispatches.at(-1)?.shader as string;
  const own = shaderSource(shader).match(/@binding\(/g)?.length ?? 0;
  return own + operandsOf(group).length + neededOnTheWay(group, users).length;
}

/** Copies a value to its place, after the kernel that computes it. */
const copyPrimitive: Primitive<'x', 'y'> = {
  name: 'copy/forward',
  inputs: ['x'],
  outputs: ['y'],
  elementwise: { expression: ({ x }) => x },
  shape: ({ x }) => ({ y: x }),
  cost: ({ inputs: { x } }) => ({ flops: 0, bytes: 2 * storageBytes(x) }),
  variants: [],
};

/**
 * A kernel cannot write to a buffer that it also reads, not even to another range of it: a value placed in such a
 * buffer is computed into its own buffer and copied.
 */
function separatePlaced(groups: readonly Group[], device: Device): Group[] {
  let count = 0;
  return groups.flatMap((group) => {
    const reads = new Set(inputsOf(group).map(memoryOf));
    let separated = group;
    const copies: Group[] = [];
    for (const node of [group.base, ...group.chain]) {
      for (const [name, placed] of Object.entries(node?.outputs ?? {})) {
        if (!node || placed.placement === undefined || !reads.has(placed.placement.buffer)) continue;
        const beside: Value = { id: -++count, spec: placed.spec, origin: { kind: 'node' } };
        const rewritten = { ...node, outputs: { ...node.outputs, [name]: beside } };
        separated = replaceNode(separated, node, rewritten);
        const inputs = { x: beside };
        copies.push(
          mapGroup(
            { primitive: copyPrimitive, attributes: {}, inputs, outputs: { y: placed }, scope: node.scope },
            device,
          ),
        );
      }
    }
    return [separated, ...copies];
  });
}

function replaceNode(group: Group, node: Node, by: Node): Group {
  return {
    ...group,
    base: group.base === node ? by : group.base,
    chain: group.chain.map((link) => (link === node ? by : link)),
  };
}

// ---- 4. epilogues ----

/** The values that the fused ops read in addition to those that flow through them, each once. */
function operandsOf(group: Group): Value[] {
  const flowing = new Set(flowOf(group).map(idOf));
  const operands = new Map<number, Value>();
  for (const node of group.chain) {
    for (const value of Object.values(node.inputs)) {
      const root = rootOf(value);
      if (!flowing.has(root.id)) operands.set(root.id, root);
    }
  }
  return [...operands.values()];
}

function epilogueOf(group: Group): Epilogue | undefined {
  if (group.chain.length === 0) return undefined;
  const operands = operandsOf(group);
  const nameOf = new Map(operands.map((root, i) => [root.id, `operand_${i}`]));
  // Names of the flowing values: `value` for that of the kernel, a constant for the result of each op.
  const flowing = new Map(group.base ? [[idOf(flowOf(group)[0] as Value), 'value']] : []);
  const base = Object.values((group.base ?? (group.chain[0] as Node)).outputs)[0] as Value;
  const channels = base.spec.shape.at(-1) ?? 1;
  const helpers = new Set<string>();
  const scalars: number[] = [];
  const scalar = (value: number): string => `scalar_${scalars.push(value) - 1}`;
  const lines = group.chain.map((node, link) => {
    const { elementwise } = node.primitive;
    assert(elementwise, `${node.primitive.name} is element-wise`);
    const [output] = Object.values(node.outputs) as [Value];
    const whole = new Set(elementwise.whole);
    const texts = mapRecord(node.inputs, (value, key) => {
      const inFlow = flowing.get(idOf(value));
      if (inFlow !== undefined) return inFlow;
      const name = nameOf.get(idOf(value)) as string;
      return whole.has(key)
        ? name
        : `${name}[${broadcastIndex(value.spec.shape, output.spec.shape, channels)}]`;
    });
    for (const helper of elementwise.helpers ?? []) helpers.add(shaderSource(helper));
    flowing.set(output.id, `v${link}`);
    return `  let v${link} = ${elementwise.expression(texts, node.attributes, 'index', scalar)};`;
  });
  const stores = group.stored.map(({ id }, i) => `  stored_${i}[index] = ${flowing.get(id)};`);
  return {
    body: [...lines, ...stores, `  return v${group.chain.length - 1};`].join('\n'),
    operands: [
      ...operands.map(({ id, spec }) => ({
        name: nameOf.get(id) as string,
        type: spec.dtype === 'f32' ? 'array<f32>' : 'array<u32>',
        access: 'read' as const,
      })),
      ...group.stored.map((_, i) => ({
        name: `stored_${i}`,
        type: 'array<f32>',
        access: 'read_write' as const,
      })),
    ],
    helpers: [...helpers],
    scalars,
  };
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

// ---- 5. buffers ----

/** Buffers whose lengths grow during planning; a value takes the free one that fits best. */
class BufferPlan {
  readonly lengths: number[] = [];
  readonly #free = new Set<number>();
  total = 0;

  take(byteLength: number): number {
    this.total += byteLength;
    let best: number | undefined;
    for (const index of this.#free) {
      if (best === undefined || this.#badness(index, byteLength) < this.#badness(best, byteLength))
        best = index;
    }
    if (best === undefined) return this.lengths.push(byteLength) - 1;
    this.#free.delete(best);
    this.lengths[best] = Math.max(this.lengths[best] as number, byteLength);
    return best;
  }

  give(index: number): void {
    this.#free.add(index);
  }

  /** Cost of using a buffer: bytes by which it would grow or, with less weight, bytes by which it is too large. */
  #badness(index: number, byteLength: number): number {
    const length = this.lengths[index] as number;
    return length >= byteLength ? (length - byteLength) / 16 : byteLength - length;
  }
}

function assign(
  groups: readonly Group[],
  trace: Trace,
  outputs: readonly Value[],
  device: Device,
): Omit<Plan, 'dispatchesWithoutFusion'> {
  const outputIndex = new Map<number, number>();
  const copies: { from: Value; output: number }[] = [];
  outputs.forEach((value, index) => {
    const root = rootOf(value);
    if (root.origin.kind === 'node' && !root.placement && !outputIndex.has(root.id))
      outputIndex.set(root.id, index);
    else copies.push({ from: root, output: index });
  });

  const lastUse = new Map<number, number>();
  groups.forEach((group, position) => {
    for (const value of inputsOf(group)) lastUse.set(rootOf(value).id, position);
  });
  // An output that is copied at the end stays live until then.
  for (const { from } of copies) lastUse.set(from.id, Infinity);

  const buffers = new BufferPlan();
  const bufferOf = new Map<number, number>();
  const slotOf = (root: Value): Slot => {
    const byteLength = storageBytes(root.spec);
    if (root.placement) return { kind: 'fixed', storage: root.placement };
    if (root.origin.kind === 'capture') return { kind: 'fixed', storage: root.origin.storage };
    if (root.origin.kind === 'input') return { kind: 'input', index: root.origin.index, byteLength };
    const output = outputIndex.get(root.id);
    if (output !== undefined) return { kind: 'output', index: output, byteLength };
    const index = bufferOf.get(root.id);
    assert(index !== undefined, `value ${root.id} ${describe(root.spec)} was computed before it is read`);
    return { kind: 'buffer', index, byteLength };
  };

  const scalars: number[] = [];
  const placeScalars = (values: readonly number[]): Slot => {
    const offset = Math.ceil((scalars.length * 4) / scalarsAlignment) * scalarsAlignment;
    while (scalars.length < offset / 4) scalars.push(0);
    scalars.push(...values);
    return { kind: 'scalars', offset, byteLength: values.length * 4 };
  };

  const dispatches: PlannedDispatch[] = [];
  groups.forEach((group, position) => {
    const results = Object.values(group.base?.outputs ?? {});
    if (group.chain.length > 0) results[0] = resultOf(group);
    results.push(...group.stored);
    for (const value of results) {
      if (!value.placement && !outputIndex.has(value.id))
        bufferOf.set(value.id, buffers.take(storageBytes(value.spec)));
    }
    const scratch = mapRecord(group.lowering.scratch ?? {}, (byteLength: number): Slot => {
      const padded = Math.ceil(byteLength / 16) * 16;
      return { kind: 'buffer', index: buffers.take(padded), byteLength: padded };
    });
    dispatches.push(...planGroup(group, position, scratch, { slotOf, placeScalars }, device));
    for (const slot of Object.values(scratch)) if (slot.kind === 'buffer') buffers.give(slot.index);
    const dead = new Set(
      [...inputsOf(group).map(rootOf), ...results].filter(
        (value) => (lastUse.get(value.id) ?? position) === position,
      ),
    );
    for (const value of dead) {
      const index = bufferOf.get(value.id);
      if (index !== undefined) buffers.give(index);
    }
  });

  return {
    device,
    dispatches,
    buffers: buffers.lengths,
    scalars: Float32Array.from(scalars),
    inputs: trace.inputs.map((value) => value.spec),
    outputs: outputs.map((value) => value.spec),
    held: [...trace.held],
    copies: copies.map(({ from, output }) => ({ from: slotOf(from), output })),
    bytesWithoutReuse: buffers.total,
  };
}

function planGroup(
  group: Group,
  position: number,
  scratch: Readonly<Record<string, Slot>>,
  {
    slotOf,
    placeScalars,
  }: {
    readonly slotOf: (root: Value) => Slot;
    readonly placeScalars: (values: readonly number[]) => Slot;
  },
  device: Device,
): PlannedDispatch[] {
  const node = group.base ?? group.chain[0];
  assert(node, 'a group has a base or a chain');
  const epilogue = epilogueOf(group);
  const epilogueSlots = epilogue ? [...operandsOf(group), ...group.stored].map(slotOf) : [];
  const operand = (name: string): Slot => {
    if (scratch[name]) return scratch[name];
    if (!group.base) return slotOf(resultOf(group));
    const input = group.base.inputs[name];
    if (input) return slotOf(rootOf(input));
    const place = Object.keys(group.base.outputs).indexOf(name);
    assert(place >= 0, `${group.base.primitive.name} has an operand '${name}'`);
    return slotOf(place === 0 ? resultOf(group) : (group.base.outputs[name] as Value));
  };
  const links = [group.base, ...group.chain].filter((link) => link !== undefined);
  const label = links.map(({ primitive }) => primitive.name).join(' + ');
  const cost = node.primitive.cost(contextOf(node, device));
  const last = group.lowering.dispatches.length - 1;
  return group.lowering.dispatches.map((dispatch: Dispatch, i): PlannedDispatch => {
    const { shader, scalars } = specialise(
      dispatch.shader,
      dispatch.constants,
      i === last ? epilogue : undefined,
    );
    const storage = shader.bindings.filter(({ access }) => access !== 'uniform');
    const own = storage.slice(0, storage.length - (i === last ? epilogueSlots.length : 0));
    const slots = [
      ...own.map((binding) => operand(dispatch.bindings?.[binding.name] ?? binding.name)),
      ...(i === last ? epilogueSlots : []),
      ...(scalars.length > 0 ? [placeScalars(scalars)] : []),
    ];
    checkWorkgroups(dispatch, device);
    return {
      label,
      primitive: node.primitive.name,
      node: position,
      variant: group.variant,
      scopes: [...new Set(links.flatMap(({ scope }) => scope?.name ?? []))],
      isBackward: node.scope?.isBackward ?? false,
      shapes: Object.values(node.inputs)
        .map((value) => describe(value.spec))
        .join(' '),
      shader,
      slots,
      workgroups: dispatch.workgroups,
      flops: i === 0 ? cost.flops : 0,
      bytes: i === 0 ? cost.bytes : 0,
    };
  });
}

/** Throws: DeviceError when the shapes need more workgroups than the device allows. */
function checkWorkgroups({ shader, workgroups }: Dispatch, { traits }: Device): void {
  const isCount = workgroups.every((count) => Number.isInteger(count) && count >= 1);
  assert(isCount, `${shader} dispatches something, not [${workgroups.join(',')}]`);
  const most = traits.maxWorkgroupsPerDimension;
  if (Math.max(...workgroups) <= most) return;
  throw new DeviceError(
    `plan: ${shader} needs [${workgroups.join(',')}] workgroups, more than this device's ${most} per dimension; use a smaller batch.`,
    { problem: 'limit' },
  );
}

/** The plan as text: every dispatch, then buffers, bytes and what reuse saved. */
export function describePlan(plan: Plan): string {
  const rows = plan.dispatches.map((dispatch, i) => {
    const slots = dispatch.slots
      .map((slot) => ('index' in slot ? `${slot.kind}${slot.index}` : slot.kind))
      .join(' ');
    return `${String(i).padStart(3)} ${dispatch.label} (${dispatch.variant}) ${dispatch.shapes} × [${dispatch.workgroups.join(',')}] ${slots}`;
  });
  const bytes = plan.buffers.reduce((sum, length) => sum + length, 0);
  return [
    ...rows,
    `${plan.dispatches.length} dispatches (${plan.dispatchesWithoutFusion} without fusion), ${plan.buffers.length} intermediate buffers of ${mebibytes(bytes)} in all` +
      ` (${mebibytes(plan.bytesWithoutReuse)} without reuse), largest ${mebibytes(Math.max(0, ...plan.buffers))}`,
  ].join('\n');
}
