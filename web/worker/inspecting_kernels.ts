/** The kernels of a step with their times and their compiled WGSL. */
import type { Plan, PlannedDispatch } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import type { DispatchTime } from '../../src/engine/replay.js';
import { UsageError } from '../../src/errors.js';
import { recordPrediction } from '../../src/nn/training/evaluator.js';
import type { Model } from '../../src/nn/model.js';
import type { InspectingApi, KernelRow } from '../protocol.js';
import { oneImage } from './one_image.js';

/** A dispatch with its time; null without timestamps. */
interface Timed {
  readonly dispatch: PlannedDispatch;
  readonly ns: number | null;
}

/** The result of `InspectingApi.kernels`, and the dispatches of its rows. */
export interface KernelList {
  readonly table: Awaited<ReturnType<InspectingApi['kernels']>>;
  readonly dispatches: readonly PlannedDispatch[];
}

/** Limits of time and number of replays: enough for a mean, and short enough not to delay a training noticeably. */
const budgetMs = 400;
const mostReplays = 40;

/**
 * The dispatches of a step with their mean times over the faster half of several replays. The slower half is discarded,
 * since other work may have disturbed it. A mean, not a median, because browsers round timestamps, usually to 0.1 ms: a
 * kernel that takes a tenth of that shows one tick in ten replays, and its median is 0.
 */
export async function meanTimes(profile: () => Promise<readonly DispatchTime[]>): Promise<Timed[]> {
  const begun = performance.now();
  const replays = [await profile()];
  while (replays.length < mostReplays && performance.now() - begun < budgetMs) replays.push(await profile());
  const totalOf = (replay: readonly DispatchTime[]): number => replay.reduce((sum, { ns }) => sum + ns, 0);
  const kept = replays.sort((a, b) => totalOf(a) - totalOf(b)).slice(0, Math.ceil(replays.length / 2));
  return kept[0]!.map(({ dispatch }, i) => ({
    dispatch,
    ns: kept.reduce((sum, replay) => sum + replay[i]!.ns, 0) / kept.length,
  }));
}

export function untimed(plans: readonly Plan[]): Timed[] {
  return plans.flatMap(({ dispatches }) => dispatches.map((dispatch) => ({ dispatch, ns: null })));
}

/** The dispatches that predict one image, with their times. Throws: DeviceError if the device is lost. */
export async function predictionTimes(model: Model): Promise<Timed[]> {
  const { device } = model;
  const { set, state } = oneImage(model);
  try {
    const { step, outputs } = await program(() => recordPrediction(model, set, state, 1), device).bind();
    try {
      if (!device.hasTimestamps) return untimed([step.plan]);
      // A warm-up run: drivers finish compiling a kernel when it first runs.
      step.run();
      return await meanTimes(() => step.profile());
    } finally {
      step.dispose();
      outputs.dispose();
    }
  } finally {
    set.dispose();
    state.dispose();
  }
}

export function kernelList(of: 'training' | 'prediction', timed: readonly Timed[]): KernelList {
  const rates = ratesOf(timed);
  const rows = timed.map(({ dispatch, ns }, index): KernelRow => {
    const { scopes, isBackward, label, shader, variant, shapes, workgroups } = dispatch;
    const ms = ns === null ? null : ns / 1e6;
    const what = { scopes, isBackward, label, shader: shader.label, variant, shapes, workgroups };
    return { index, ...what, ms, ...rates[index]! };
  });
  const isTimed = timed.length > 0 && timed.every(({ ns }) => ns !== null);
  const totalMs = isTimed ? timed.reduce((sum, { ns }) => sum + ns! / 1e6, 0) : null;
  return { table: { of, rows, totalMs }, dispatches: timed.map(({ dispatch }) => dispatch) };
}

/** Cost per time of each primitive. If it has several dispatches, the rate is in the row of the slowest. */
function ratesOf(timed: readonly Timed[]): Pick<KernelRow, 'gflops' | 'gbytes'>[] {
  return primitivesOf(timed).flatMap((primitive) => {
    const times = primitive.map(({ ns }) => ns ?? 0);
    const ns = times.reduce((sum, time) => sum + time, 0);
    const slowest = times.indexOf(Math.max(...times));
    const { flops, bytes } = primitive[0]!.dispatch;
    // Operations per nanosecond are giga-operations per second. A kernel below the clock's resolution has time 0.
    const rate = (amount: number): number | null => (ns > 0 && amount > 0 ? amount / ns : null);
    return primitive.map((_, i) => ({
      gflops: i === slowest ? rate(flops) : null,
      gbytes: i === slowest ? rate(bytes) : null,
    }));
  });
}

/** Groups the dispatches by primitive; those of one primitive are adjacent. */
function primitivesOf(timed: readonly Timed[]): Timed[][] {
  const primitives: Timed[][] = [];
  for (const each of timed) {
    const last = primitives.at(-1);
    if (last?.[0]?.dispatch.kernel === each.dispatch.kernel) last.push(each);
    else primitives.push([each]);
  }
  return primitives;
}

/** The compiled WGSL of a row, below a comment that names the kernel. Throws: UsageError if there is no such row. */
export function sourceOf({ dispatches }: KernelList, index: number): string {
  const dispatch = dispatches[index];
  if (!dispatch) {
    throw new UsageError(
      `source: the index is ${index}, expected one of the ${dispatches.length} kernels of the last list.`,
    );
  }
  const { label, variant, shapes, workgroups, shader } = dispatch;
  const head = [
    `// ${label} · ${variant} · shaders/${shader.label}.wgsl`,
    `// ${shapes} · ${workgroups.join(' × ')} workgroups`,
  ].join('\n');
  return `${head}\n${shader.code}`;
}
