/** Dispatches: each kernel with its specialised shader and the slots that it binds. */
import { DeviceError, assert } from '../../errors.js';
import type { DeviceTraits, Dispatch } from '../primitive.js';
import { type Epilogue, type Specialised, specialise } from '../shader.js';
import { epilogueOf } from './epilogue.js';
import type { Group } from './fuse.js';
import { type Graph, type GraphNode, numberText } from './graph.js';
import type { Memory } from './memory.js';
import { membersOf, resultOf } from './place.js';
import type { PlannedDispatch, Slot } from './plan.js';

/** Alignment of uniform bindings in bytes, valid on every device. */
const scalarsAlignment = 256;

/**
 * Writes the dispatches of all groups, in order.
 *
 * Graph, groups, memory → dispatches, and the numbers that they read as uniforms.
 * Throws: DeviceError when the shapes need more workgroups than the device allows.
 */
export function emit(
  graph: Graph,
  groups: readonly Group[],
  memory: Memory,
  traits: DeviceTraits,
): { readonly dispatches: readonly PlannedDispatch[]; readonly scalars: Float32Array<ArrayBuffer> } {
  const shaders = new Shaders();
  const scalars = new Scalars();
  const dispatches = groups.flatMap((group, position): PlannedDispatch[] => {
    const { kernel } = group;
    const members = membersOf(group).map((id) => graph.nodes[id] as GraphNode);
    const [node] = members as [GraphNode];
    const written = epilogueOf(graph, group);
    const operand = operandsOf(graph, group, memory, position);
    const label = members.map(({ primitive }) => primitive.name).join(' + ');
    const scopes = [...new Set(members.flatMap(({ scope }) => scope?.name ?? []))];
    const last = kernel.lowering.dispatches.length - 1;
    return kernel.lowering.dispatches.map((dispatch, i) => {
      checkWorkgroups(dispatch, traits);
      const bound = i === last ? written : undefined;
      const { shader, scalars: values } = shaders.specialise(dispatch, bound?.epilogue);
      const extra = (bound?.values ?? []).map((value) => memory.slots[value] as Slot);
      const storage = shader.bindings.filter(({ access }) => access !== 'uniform');
      const own = storage.slice(0, storage.length - extra.length);
      return {
        label,
        primitive: node.primitive.name,
        kernel: position,
        variant: kernel.variant,
        scopes,
        isBackward: node.scope?.isBackward ?? false,
        shapes: kernel.shapes,
        shader,
        slots: [
          ...own.map(({ name }) => operand(dispatch.bindings?.[name] ?? name)),
          ...extra,
          ...(values.length > 0 ? [scalars.add(values)] : []),
        ],
        workgroups: dispatch.workgroups,
        flops: i === 0 ? kernel.cost.flops : 0,
        bytes: i === 0 ? kernel.cost.bytes : 0,
      };
    });
  });
  return { dispatches, scalars: scalars.toArray() };
}

/** The slot of an operand of the group's kernel by name; its first output is the result of the chain. */
function operandsOf(
  graph: Graph,
  group: Group,
  { slots, scratch }: Memory,
  position: number,
): (name: string) => Slot {
  const base = group.base === undefined ? undefined : (graph.nodes[group.base] as GraphNode);
  const result = resultOf(graph, group);
  return (name) => {
    const own = scratch[position]?.[name];
    if (own) return own;
    const isFirst = !base || Object.keys(base.outputs)[0] === name;
    const value = base?.inputs[name]?.value ?? (isFirst ? result : base.outputs[name]?.value);
    const slot = value === undefined ? undefined : slots[value];
    assert(slot, `${base?.primitive.name ?? 'a map'} has an operand '${name}', which was computed before`);
    return slot;
  };
}

/** The scalars of all kernels in one buffer, those of each at an aligned offset. */
class Scalars {
  readonly #parts: { readonly offset: number; readonly values: readonly number[] }[] = [];
  #byteLength = 0;

  add(values: readonly number[]): Slot {
    const offset = Math.ceil(this.#byteLength / scalarsAlignment) * scalarsAlignment;
    this.#byteLength = offset + values.length * 4;
    this.#parts.push({ offset, values });
    return { kind: 'scalars', offset, byteLength: values.length * 4 };
  }

  toArray(): Float32Array<ArrayBuffer> {
    const array = new Float32Array(this.#byteLength / 4);
    for (const { offset, values } of this.#parts) array.set(values, offset / 4);
    return array;
  }
}

/** Specialised shaders; equal ones, such as those of the layers of a deep network, are written once. */
class Shaders {
  /** By dispatch, which equal cases share, and by the text of the epilogue. */
  readonly #known = new Map<Dispatch, Map<string, Specialised>>();

  specialise(dispatch: Dispatch, epilogue: Epilogue | undefined): Specialised {
    const known = this.#known.get(dispatch) ?? new Map<string, Specialised>();
    this.#known.set(dispatch, known);
    const key = epilogue ? textOf(epilogue) : '';
    let specialised = known.get(key);
    if (!specialised)
      known.set(key, (specialised = specialise(dispatch.shader, dispatch.constants, epilogue)));
    return specialised;
  }
}

function textOf({ body, operands, helpers, scalars, uniforms }: Epilogue): string {
  const bindings = operands.map(({ name, type, access }) => `${name} ${type} ${access}`);
  return [body, ...bindings, ...helpers, ...uniforms, ...scalars.map(numberText)].join('\n');
}

/** Throws: DeviceError when the shapes need more workgroups than the device allows. */
function checkWorkgroups(
  { shader, workgroups }: Dispatch,
  { maxWorkgroupsPerDimension: most }: DeviceTraits,
): void {
  const isCount = workgroups.every((count) => Number.isInteger(count) && count >= 1);
  assert(isCount, `${shader} dispatches something, not [${workgroups.join(',')}]`);
  if (Math.max(...workgroups) <= most) return;
  throw new DeviceError(
    `plan: ${shader} needs [${workgroups.join(',')}] workgroups, more than this device's ${most} per dimension; use a smaller batch.`,
    { problem: 'limit' },
  );
}
