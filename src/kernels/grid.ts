/**
 * Dispatch sizes of simple kernels: one invocation per element or row.
 */
import {
  type Attributes,
  type DeviceTraits,
  type PrimitiveContext,
  type Requirements,
  type Spec,
  type Variant,
  bytesPerElement,
  sizeOf,
} from '../engine/primitive.js';

export interface Grid {
  readonly WORKGROUP: number;
  readonly PER_INVOCATION: number;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Workgroups for `count` invocations' worth of work; the grid wraps into y because WebGPU allows 65,535 workgroups
 * per dimension. A software device runs a workgroup as one subgroup of SIMD lanes and pays for each workgroup, so
 * there an invocation may take many elements (`perInvocation`); a GPU wants many small ones.
 */
export function gridFor(
  count: number,
  device: DeviceTraits,
  perInvocation: { software: number } = { software: 1 },
): Grid {
  const isSoftware = device.family === 'software';
  const WORKGROUP = isSoftware && device.subgroupSize > 0 ? device.subgroupSize : 64;
  // Enough workgroups for every core even for little work.
  const most = Math.max(1, Math.floor(count / (WORKGROUP * 16)));
  const PER_INVOCATION = isSoftware ? Math.min(perInvocation.software, most) : 1;
  const groups = Math.ceil(count / (WORKGROUP * PER_INVOCATION));
  const x = Math.min(groups, device.maxWorkgroupsPerDimension);
  return { WORKGROUP, PER_INVOCATION, workgroups: [x, Math.ceil(groups / x), 1] };
}

/** What kernels need whose workgroups are one subgroup. */
export const oneSubgroup: Requirements = { limits: { subgroupSize: 4 } };

/** The variant of a primitive that runs on every device. */
export function baselineVariant<I extends string, O extends string, A extends Attributes>(
  lower: Variant<I, O, A>['lower'],
  { hasEpilogue = false } = {},
): Variant<I, O, A> {
  return { name: 'baseline', family: 'baseline', hasEpilogue, lower };
}

/** Bytes of all operands, each read or written once: the least that a primitive must move. */
export function bytesTouched({
  inputs,
  outputs,
}: Pick<PrimitiveContext<string, string, never>, 'inputs' | 'outputs'>): number {
  return [...Object.values(inputs), ...Object.values(outputs)].reduce(
    (sum, spec: Spec) => sum + bytesPerElement[spec.dtype] * sizeOf(spec.shape),
    0,
  );
}
