/** What measures a tuning's kernels, each at a rest. */
import type { Choice } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import { type Tuned, choicesOf, tune } from '../../src/engine/tune.js';
import { type StepTimes, Workload, type WorkloadOptions, isSlower } from '../../src/nn/tuning_workload.js';
import type { TunedKernel, Tuning, TuningApi } from '../protocol.js';
import type { Context } from './context.js';
import { loadTrainingShaders } from './family_shaders.js';

export interface MeasuringOptions {
  readonly repeats: number;
  /** Aborting ends it behind the kernel under way. */
  readonly signal: AbortSignal;
  readonly onProgress: Parameters<TuningApi['run']>[1];
}

export interface Measured extends Pick<Tuning, 'kernels' | 'step'> {
  readonly choices: ReadonlyMap<string, Choice>;
  /** Whether the choices slow the step as a whole. */
  readonly isSlower: boolean;
}

/**
 * Measures the kernels that a workload chooses from, and the step as a whole where another than the table's is faster.
 *
 * Throws: DeviceError when the device is lost, or too small.
 */
export async function measure(
  context: Context,
  device: Device,
  options: WorkloadOptions,
  { repeats, signal, onProgress }: MeasuringOptions,
): Promise<Measured> {
  await loadTrainingShaders(device);
  const workload = new Workload(device, options);
  const cases = workload.cases();
  const results: Tuned[] = [];
  for (const kernelCase of cases) {
    if (signal.aborted) break;
    onProgress(results.length, cases.length, kernelCase.primitive.name);
    results.push(...(await inTurns(context, async () => tune(device, [kernelCase], { repeats }))));
  }
  const choices = choicesOf(results, new Date());
  let step: StepTimes | null = null;
  if (results.some(({ gain }) => gain > 1) && !signal.aborted) {
    onProgress(results.length, cases.length, null);
    step = await workload.compare(choices, {
      repeats,
      undisturbed: async (time) => context.trainer.betweenSteps(time),
    });
  }
  // Some cannot be tried, such as those that change their inputs: there the table decides.
  const kernels = results.filter(({ skipped }) => skipped === undefined).map(kernelOf);
  return { kernels, choices, step, isSlower: step !== null && isSlower([step]) };
}

/** Works at a rest, and then leaves a training under way the time that the work has taken. */
async function inTurns<T>(context: Context, work: () => Promise<T>): Promise<T> {
  let took = 0;
  const result = await context.trainer.betweenSteps(async () => {
    const begun = performance.now();
    const result = await work();
    took = performance.now() - begun;
    return result;
  });
  // At least a moment, for whatever else waits for a rest.
  await new Promise((resolve) => setTimeout(resolve, context.trainer.active ? took : 0));
  return result;
}

function kernelOf({ primitive, shapes, candidates, chosen, gain }: Tuned): TunedKernel {
  const variants = candidates.map(({ variant, ms, problem }) => ({
    variant,
    ms: ms ?? null,
    problem: problem ?? null,
  }));
  return { primitive, shapes, variants, chosen: chosen ?? null, gain };
}
