/**
 * A plan is a program made concrete for one device: a flat list of dispatches over numbered slots. `Step` (replay.ts)
 * assigns buffers to the slots.
 */
import { assert } from '../../errors.js';
import { type Device, type Storage, mebibytes } from '../device.js';
import type { KernelSelection } from '../kernel_selection.js';
import type { Spec } from '../primitive.js';
import type { SpecialisedShader } from '../shader.js';
import { type Tensor, describe } from '../tensor.js';
import type { BeforeRun } from '../trace.js';

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
  /** Index of its kernel in the plan; several dispatches may compute one kernel. */
  readonly kernel: number;
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
  /** Called before each run. */
  readonly beforeRuns: readonly BeforeRun[];
  /** The inputs and the memory outside the program that it writes, each once. */
  readonly changed: readonly Slot[];
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

/** The plan as text: every dispatch, then buffers, bytes and what reuse saved. */
export function describePlan(plan: Plan): string {
  const rows = plan.dispatches.map((dispatch, i) => {
    const slots = dispatch.slots.map(slotText).join(' ');
    return `${String(i).padStart(3)} ${dispatch.label} (${dispatch.variant}) ${dispatch.shapes} × [${dispatch.workgroups.join(',')}] ${slots}`;
  });
  const bytes = plan.buffers.reduce((sum, length) => sum + length, 0);
  return [
    ...rows,
    `${plan.dispatches.length} dispatches (${plan.dispatchesWithoutFusion} without fusion), ${plan.buffers.length} intermediate buffers of ${mebibytes(bytes)} in all` +
      ` (${mebibytes(plan.bytesWithoutReuse)} without reuse), largest ${mebibytes(Math.max(0, ...plan.buffers))}`,
  ].join('\n');
}

export function slotText(slot: Slot): string {
  return 'index' in slot ? `${slot.kind}${slot.index}` : slot.kind;
}

/**
 * The plan over other memory: wherever it uses the buffer of a tensor on the left, such as a placeholder, it uses that of
 * the tensor on the right.
 */
export function overMemory(plan: Plan, pairs: readonly (readonly [from: Tensor, to: Tensor])[]): Plan {
  const replacements = new Map(pairs.map(([from, to]) => [from.storage.buffer, to]));
  for (const [from, to] of pairs)
    assert(from.storage.byteLength === to.storage.byteLength, `${describe(from)} becomes ${describe(to)}`);
  const slotOver = (slot: Slot): Slot => {
    if (slot.kind !== 'fixed') return slot;
    const { buffer, offset, byteLength } = slot.storage;
    const to = replacements.get(buffer)?.storage;
    return to
      ? { kind: 'fixed', storage: { buffer: to.buffer, offset: to.offset + offset, byteLength } }
      : slot;
  };
  return {
    ...plan,
    dispatches: plan.dispatches.map((dispatch) => ({ ...dispatch, slots: dispatch.slots.map(slotOver) })),
    changed: plan.changed.map(slotOver),
    copies: plan.copies.map(({ from, output }) => ({ from: slotOver(from), output })),
    held: [...new Set(plan.held.map((tensor) => replacements.get(tensor.storage.buffer) ?? tensor))],
  };
}
