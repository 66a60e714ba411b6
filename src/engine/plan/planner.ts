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
import { type Group, fuse, separateGroups } from './fuse.js';
import { type Graph, graphOf } from './graph.js';
import { dropDead } from './live.js';
import { type Memory, assignMemory } from './memory.js';
import { copiedResults, separatePlaced } from './place.js';
import type { Plan, PlanOptions } from './plan.js';
import { shareResults } from './rewrite.js';
import { type Kernel, select } from './select.js';

/** What a stage returns. */
export interface StageResult {
  readonly graph: Graph;
  readonly kernels?: readonly (Kernel | undefined)[];
  readonly groups?: readonly Group[];
  readonly memory?: Memory;
}

/** Called with the name and the result of each stage. */
export type StageListener = (stage: string, result: StageResult) => void;

let stageListener: StageListener | undefined;

/** Has `listener` called for every program that is planned; Node's opener has stages printed (text.ts). */
export function setStageListener(listener: StageListener | undefined): void {
  stageListener = listener;
}

export function plan(
  trace: Trace,
  outputs: readonly Value[],
  device: Device,
  { fusion = true, kernelSelection = device.kernelSelection }: PlanOptions = {},
  isListenedTo = false,
): Plan {
  const onStage = isListenedTo ? stageListener : undefined;
  const live = dropDead(graphOf(trace, outputs));
  onStage?.('live', { graph: live });
  // Merging leaves the operands of a dropped node dead.
  const common = fusion ? dropDead(mergeCommon(live)) : live;
  onStage?.('common', { graph: common });
  const rewritten = fusion ? shareResults(common) : common;
  onStage?.('rewrite', { graph: rewritten });
  // Dropped nodes too: what they would take is part of the comparison.
  const kernels = select(live, device, kernelSelection);
  onStage?.('select', { graph: rewritten, kernels });
  const fused = fusion ? fuse(rewritten, kernels) : separateGroups(rewritten, kernels);
  onStage?.('fuse', { graph: rewritten, groups: fused });
  const { graph, groups } = separatePlaced(rewritten, fused, device.traits);
  onStage?.('place', { graph, groups });
  const memory = assignMemory(graph, groups);
  onStage?.('memory', { graph, groups, memory });
  const { dispatches, scalars } = emit(graph, groups, memory, device.traits);
  return {
    device,
    dispatches,
    buffers: memory.buffers,
    scalars,
    inputs: trace.inputs.map(({ spec }) => spec),
    outputs: outputs.map(({ spec }) => spec),
    held: [...trace.held],
    beforeRuns: trace.beforeRuns,
    changed: memory.changed,
    copies: memory.copies,
    bytesWithoutReuse: memory.bytesWithoutReuse,
    dispatchesWithoutFusion: countWithoutFusion(live, kernels),
  };
}

/** The dispatches of one kernel for each node, with the copies that these kernels would need. */
function countWithoutFusion(graph: Graph, kernels: readonly (Kernel | undefined)[]): number {
  let count = 0;
  for (const group of separateGroups(graph, kernels))
    count += group.kernel.lowering.dispatches.length + copiedResults(graph, group).length;
  return count;
}
