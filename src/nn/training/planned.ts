/** Plans that are made before there is memory: over placeholders, which tensors replace when a step is bound. */
import { type Plan, overMemory } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { type SetTensors, partsIn } from '../samples/device_set.js';

export interface Planned {
  readonly plans: readonly Plan[];
  /** The tensors without memory that the plans use. */
  readonly placeholders: readonly Tensor[];
}

/** A batch size that fits on the device, with the plan for it. */
export interface PlannedBatch {
  readonly batchSize: number;
  readonly planned: Planned;
}

export interface PlannedBefore {
  /** The plans of the forecast, which are bound instead of planning again. */
  readonly planned: Planned | undefined;
}

/** The plans over `tensors`, in the order of their placeholders. */
export function plansOver({ plans, placeholders }: Planned, tensors: readonly Tensor[]): Plan[] {
  assert(placeholders.length === tensors.length, 'there is a tensor for each placeholder');
  const pairs = placeholders.map((placeholder, i) => [placeholder, tensors[i]!] as const);
  return plans.map((plan) => overMemory(plan, pairs));
}

/** The tensors that a step uses besides those of the model: of its set, and its own. */
export function tensorsOf(
  set: SetTensors,
  { tensors }: { readonly tensors: readonly Tensor[] },
): readonly Tensor[] {
  return [...partsIn(set), ...tensors];
}
