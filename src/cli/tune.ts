/**
 * `tune`: measures which variant of each kernel of a model is fastest on this device, prints the speedup, and stores the
 * result for later commands.
 */
import type { KernelCase } from '../engine/kernel_selection.js';
import type { Device } from '../engine/device.js';
import { type Candidate, type Tuned, choicesOf, tune as tuneCases } from '../engine/tune.js';
import { presets } from '../recipe/presets.js';
import { type StepTimes, Workload, isSlower } from '../nn/training/tuning_workload.js';
import { tuningFiles } from '../node/tuning_store.js';
import { compileProgress } from '../report/progress_callback.js';
import type { TuneOptions } from './commands.js';
import { openDevice, sayDevice } from './device.js';
import { type Output, bold, counted, openOutput, table } from './output.js';

export async function tune(options: TuneOptions): Promise<number> {
  const output = openOutput(options);
  const device = await openDevice(options);
  sayDevice(output, device);
  const store = tuningFiles({ warn: output.say });
  const file = store.fileOf(device.fingerprint);
  if (options.clear) {
    await store.forget(device.fingerprint);
    output.say(`Deleted the stored results of this device (${file}).`);
    output.result({ forgotten: file });
    return 0;
  }

  const batchSizes = [...new Set(options.batchSize ?? usualBatchSizes(device))];
  const workloads = batchSizes.map((batchSize) => workloadFor(device, options, batchSize));
  output.say(`Model ${options.model}, training and evaluation in batches of ${batchSizes.join(' and ')}.`);
  const met = workloads.flatMap((workload) => workload.cases());
  const cases = [...new Map(met.map((kernelCase) => [kernelCase.key, kernelCase])).values()];
  output.say(
    cases.length === 0
      ? 'No kernel has more than one variant on this device, so there is nothing to tune.'
      : `${counted(cases.length, 'kernel')} with more than one variant on this device; each time is the minimum of ${counted(options.repeats, 'repeat')}:`,
  );
  const results = await tuneCases(device, cases, {
    repeats: options.repeats,
    onBegin: (kernelCase, done) => showProgress(output, kernelCase, done, cases.length),
    onTuned: (tuned) => showCase(output, tuned),
  });
  const choices = choicesOf(results, new Date());
  const steps: StepTimes[] = [];
  if (results.some(({ gain }) => gain > 1)) {
    const { repeats } = options;
    const onProgress = compileProgress(output.stream);
    for (const workload of workloads) steps.push(await workload.compare(choices, { repeats, onProgress }));
    showSteps(output, steps);
  } else if (cases.length > 0) {
    output.say('', 'The default kernels are the fastest: tuning gains nothing on this device.');
  }
  const isWorse = isSlower(steps);
  const isStored = choices.size > 0 && !options.dryRun && !isWorse;
  if (isStored) {
    await store.save(device.fingerprint, choices);
    output.say(
      '',
      `Stored in ${file}; train, evaluate, predict and bench will use it (--no-tune ignores it).`,
    );
  } else if (isWorse) {
    output.say(
      '',
      'The step as a whole is slower with these kernels, so nothing was stored. Try again when the machine is idle.',
    );
  } else if (options.dryRun) {
    output.say('', 'Nothing was stored (--dry-run).');
  }
  output.result({
    device: { ...device.fingerprint, family: device.traits.family },
    model: options.model,
    kernels: results,
    steps,
    stored: isStored ? file : null,
  });
  return 0;
}

function workloadFor(
  device: Device,
  { model, imageShape = { height: 28, width: 28, channels: 1 }, classes }: TuneOptions,
  batchSize: number,
): Workload {
  return new Workload(device, { model, imageShape, classes, batchSize });
}

/** The default batch sizes of `train` and of the other commands. */
function usualBatchSizes({ traits }: Device): number[] {
  const preset = presets[traits.family === 'software' ? 'quick' : 'corrected'];
  return [preset.digits.batchSize, 128];
}

// ---- output ----

/** On a terminal, shows the kernel that is being measured. */
function showProgress(output: Output, { primitive }: KernelCase, done: number, total: number): void {
  if (output.stream.isTTY) output.stream.write(`\r\u001B[K${done + 1}/${total} ${primitive.name}`);
}

function showCase(output: Output, { primitive, shapes, candidates, chosen, gain, skipped }: Tuned): void {
  if (output.stream.isTTY) output.stream.write('\r\u001B[K');
  output.say(
    '',
    `${bold(output, primitive)} ${shapes}${skipped === undefined ? '' : ` skipped: ${skipped}`}`,
  );
  if (skipped !== undefined) return;
  const rows = candidates.map((candidate, i) => [
    `  ${candidate.variant}`,
    candidate.ms === undefined ? '–' : candidate.ms.toFixed(3),
    verdict(candidate, { isFirst: i === 0, isChosen: candidate.variant === chosen, gain }),
  ]);
  output.say(...table(['  variant', 'ms', ''], rows));
}

function verdict(
  { problem }: Candidate,
  { isFirst, isChosen, gain }: { isFirst: boolean; isChosen: boolean; gain: number },
): string {
  if (problem !== undefined) return `EXCLUDED: ${problem}`;
  if (isFirst) return isChosen ? 'default, kept' : 'default';
  return isChosen ? `chosen: ${gain.toFixed(2)} times as fast` : '';
}

function showSteps(output: Output, steps: readonly StepTimes[]): void {
  output.say('', 'The training step with the default and the tuned kernels, interleaved:');
  const rate = (batchSize: number, ms: number): string => ((batchSize * 1000) / ms).toFixed(1);
  const rows = steps.map(({ batchSize, microBatchSize, untunedMs, tunedMs }) => [
    microBatchSize === batchSize ? batchSize : `${microBatchSize} of ${batchSize}`,
    untunedMs.toFixed(2),
    tunedMs.toFixed(2),
    rate(microBatchSize, untunedMs),
    rate(microBatchSize, tunedMs),
    `${((tunedMs / untunedMs) * 100).toFixed(1)} %`,
  ]);
  output.say(
    ...table(
      ['batch', 'untuned ms', 'tuned ms', 'untuned images/s', 'tuned images/s', 'tuned / untuned'],
      rows,
    ),
  );
}
