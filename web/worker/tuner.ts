/** Measures the kernels for a tuning, each while no training step is in flight. */
import type { Choice } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import { type Tuned, choicesOf, tune } from '../../src/engine/tune.js';
import {
  type StepTimes,
  Workload,
  type WorkloadOptions,
  isSlower,
} from '../../src/nn/training/tuning_workload.js';
import type { TunedKernel, Tuning, TuningApi } from '../protocol.js';
import type { Context } from './context.js';
import { loadTrainingShaders } from './family_shaders.js';

export interface MeasuringOptions {
  readonly repeats: number;
  /** Aborting ends the measurement after the current kernel. */
  readonly signal: AbortSignal;
  readonly onProgress: Parameters<TuningApi['run']>[1];
}

export interface Measured extends Pick<Tuning, 'kernels' | 'step'> {
  readonly choices: ReadonlyMap<string, Choice>;
  /** Whether the step as a whole is slower with the choices. */
  readonly isSlower: boolean;
}

/**
 * Measures the variants of the workload's kernels, and the whole step if a variant other than the default is faster.
 *
 * Throws: DeviceError if the device is lost or too small.
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
    results.push(...(await betweenSteps(context, async () => tune(device, [kernelCase], { repeats }))));
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
  // Kernels that cannot be measured, such as those that change their inputs, use the default variant.
  const kernels = results.filter(({ skipped }) => skipped === undefined).map(kernelOf);
  return { kernels, choices, step, isSlower: step !== null && isSlower([step]) };
}

/** Runs `work` between two steps, then lets a running training go on for as long as the work took. */
async function betweenSteps<T>(context: Context, work: () => Promise<T>): Promise<T> {
  let took = 0;
  const result = await context.trainer.betweenSteps(async () => {
    const begun = performance.now();
    const result = await work();
    took = performance.now() - begun;
    return result;
  });
  // Without a training, still a macrotask, so that other waiting tasks can run.
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
