/**
 * The planner: stages from graph to plan, each a function in a file of its own. Dead nodes are dropped (live.ts), equal
 * ones merged (common.ts), shared results used (rewrite.ts), kernels chosen (select.ts) and element-wise nodes fused
 * into them (fuse.ts); placed values that their kernel cannot write get a copy (place.ts), values get buffers
 * (memory.ts), and kernels their shaders and slots (emit.ts).
 */
import type { Device } from '../device.js';
import type { Trace } from '../trace.js';
import type { Value } from '../value.js';
import { mergeCommon } from './common.js';
import { emit } from './emit.js';
import { fuse, separateGroups } from './fuse.js';
import { graphOf } from './graph.js';
import { dropDead } from './live.js';
import { assignMemory } from './memory.js';
import { separatePlaced } from './place.js';
import type { Plan, PlanOptions, StageListener } from './plan.js';
import { shareResults } from './rewrite.js';
import { type Kernel, select } from './select.js';
import { graphText, groupsText, kernelsText, memoryText } from './text.js';

export function plan(
  trace: Trace,
  outputs: readonly Value[],
  device: Device,
  {
    fusion = true,
    kernelSelection = device.kernelSelection,
    onStage,
  }: PlanOptions & { readonly onStage?: StageListener } = {},
): Plan {
  const live = dropDead(graphOf(trace, outputs));
  onStage?.('live', () => graphText(live));
  // Merging leaves the operands of a dropped node dead.
  const common = fusion ? dropDead(mergeCommon(live)) : live;
  onStage?.('common', () => graphText(common));
  const rewritten = fusion ? shareResults(common) : common;
  onStage?.('rewrite', () => graphText(rewritten));
  // Dropped nodes too: what they would take is part of the comparison.
  const kernels = select(live, device, kernelSelection);
  onStage?.('select', () => kernelsText(rewritten, kernels));
  const fused = fusion ? fuse(rewritten, kernels) : separateGroups(rewritten, kernels);
  onStage?.('fuse', () => groupsText(rewritten, fused));
  const { graph, groups } = separatePlaced(rewritten, fused, device.traits);
  onStage?.('place', () => groupsText(graph, groups));
  const memory = assignMemory(graph, groups);
  onStage?.('memory', () => memoryText(graph, groups, memory));
  const { dispatches, scalars } = emit(graph, groups, memory, device.traits);
  const copies = groups.length - fused.length;
  return {
    device,
    dispatches,
    buffers: memory.buffers,
    scalars,
    inputs: trace.inputs.map(({ spec }) => spec),
    outputs: outputs.map(({ spec }) => spec),
    held: [...trace.held],
    copies: memory.copies,
    bytesWithoutReuse: memory.bytesWithoutReuse,
    dispatchesWithoutFusion: live.order.reduce((sum, id) => sum + dispatchCount(kernels[id]), copies),
  };
}

function dispatchCount(kernel: Kernel | undefined): number {
  return kernel?.lowering.dispatches.length ?? 0;
}
