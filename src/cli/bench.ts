/** `bench`: images per second of the training step, and what each of its kernels does. */
import process from 'node:process';
import type { Device } from '../engine/device.js';
import type { PlannedDispatch } from '../engine/plan.js';
import { stateSize, stateWords } from '../kernels/step_state.js';
import { DeviceSet } from '../nn/device_set.js';
import { paperModel } from '../nn/models.js';
import { rmsprop } from '../nn/optimizers.js';
import { replaySteps } from '../nn/replay_loop.js';
import { TrainingStep } from '../nn/training.js';
import { open } from '../node/open.js';
import { pcg4d, streams } from '../random.js';
import { bold, openOutput, table } from './output.js';
import { compileProgress } from '../report/progress_callback.js';
import { version } from './version.js';

export interface BenchOptions {
  readonly quick?: boolean;
  readonly batchSize: number;
  readonly device?: string;
  readonly json?: boolean;
}

interface KernelRow {
  readonly kernel: string;
  readonly variant: string;
  readonly shapes: string;
  /** Median and spread over the repeats. */
  readonly ms: number;
  readonly msMin: number;
  readonly msMax: number;
  readonly gflops: number;
  readonly gbPerSecond: number;
  /** Of the sum of all kernels. */
  readonly share: number;
}

export async function bench(options: BenchOptions): Promise<number> {
  const output = openOutput(options);
  const device = await open(options.device === undefined ? {} : { device: options.device });
  const { batchSize, quick = false } = options;
  output.say(
    `Device: ${device.fingerprint.adapter} (${device.fingerprint.driver}), ${device.traits.family} kernels.`,
  );

  const step = await benchStep(device, batchSize, compileProgress(output.stream));
  const seconds = quick ? 8 : 20;
  const rates = await stepRates(device, step, seconds);
  const best = Math.max(...rates);
  const median = middle(rates);
  output.say(
    `\n${bold(output, `Training the paper model, batch ${batchSize}: ${median.toFixed(1)} images/s`)} ` +
      `(median of ${rates.length} rounds of ${step.stepsPerEpoch} steps, best ${best.toFixed(1)}; ${step.plan.dispatches.length} dispatches per step, ` +
      `peak device memory ${(device.peakBytes / 2 ** 20).toFixed(0)} MiB)`,
  );
  const kernels = device.hasTimestamps ? await kernelRows(step, quick ? 3 : 9) : [];
  if (kernels.length > 0) {
    output.say(`\nKernels by time, each between timestamps of its own (median of ${quick ? 3 : 9} repeats):`);
    output.say(
      table(
        ['kernel', 'variant', 'shapes', 'ms', 'min', 'max', 'GFLOP/s', 'GB/s', 'share %'],
        kernels.map((row) => [
          row.kernel,
          row.variant,
          row.shapes,
          row.ms.toFixed(2),
          row.msMin.toFixed(2),
          row.msMax.toFixed(2),
          row.gflops.toFixed(1),
          row.gbPerSecond.toFixed(1),
          (row.share * 100).toFixed(1),
        ]),
      ),
    );
  } else {
    output.say('This device has no timestamp queries: no times per kernel.');
  }
  output.result({
    trainImagesPerSecond: median,
    trainImagesPerSecondBest: best,
    batchSize,
    dispatchesPerStep: step.plan.dispatches.length,
    peakBytes: device.peakBytes,
    device: { ...device.fingerprint, family: device.traits.family },
    versions: { shadegrad: version, node: process.version },
    date: new Date().toISOString(),
    kernels,
  });
  return 0;
}

/** The training step of the paper model over made-up images; speed does not depend on what they show. */
async function benchStep(
  device: Device,
  batchSize: number,
  onCompile: (done: number, total: number) => void,
): Promise<TrainingStep> {
  const model = paperModel({ device });
  model.compile({ optimizer: rmsprop({ learningRate: 1e-4 }), loss: 'sparseCategoricalCrossentropy' });
  const count = batchSize * 4;
  const images = Uint8Array.from(
    { length: count * 784 },
    (_, i) => (pcg4d(0, streams.test, 0, i)[0] & 1) * (i % 256),
  );
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const set = new DeviceSet(device, { images, labels, count, height: 28, width: 28, channels: 1 });
  const step = await TrainingStep.create(model, set, batchSize, { onProgress: onCompile });
  step.rates.write(new Float32Array(step.stepsPerEpoch).fill(1e-4));
  return step;
}

/** Counted rounds of four steps, however slow the device. */
const leastRounds = 3;

/** Images per second of rounds of steps, the metrics ring read back as in training. */
async function stepRates(device: Device, step: TrainingStep, seconds: number): Promise<number[]> {
  const rates: number[] = [];
  const started = performance.now();
  let first = 0;
  // The first round warms up and is not counted.
  for (let round = 0; round <= leastRounds || performance.now() - started < seconds * 1000; round++) {
    const words = new Uint32Array(stateSize);
    words[stateWords.step] = first;
    words[stateWords.epochSize] = step.set.count;
    new Float32Array(words.buffer)[stateWords.learningRate] = 1e-4;
    step.state.write(words);
    const count = step.stepsPerEpoch;
    const begun = performance.now();
    await replaySteps({
      device,
      step: step.bound.step,
      ring: step.ring,
      firstStep: first,
      count,
      onStep: () => undefined,
    });
    const elapsed = (performance.now() - begun) / 1000;
    if (round > 0) rates.push((count * step.batchSize) / elapsed);
    first += count;
  }
  return rates;
}

async function kernelRows(step: TrainingStep, repeats: number): Promise<KernelRow[]> {
  const samples: number[][] = step.plan.dispatches.map(() => []);
  for (let i = 0; i <= repeats; i++) {
    const profile = await step.bound.step.profile();
    // The first one warms up.
    if (i > 0) profile.forEach(({ ns }, j) => samples[j]!.push(ns / 1e6));
  }
  const total = samples.reduce((sum, times) => sum + middle(times), 0);
  return merge(step.plan.dispatches, samples)
    .map(({ dispatches: [first], times }) => {
      const { label, variant, shapes, flops, bytes } = first as PlannedDispatch;
      const ms = middle(times);
      return {
        kernel: label.replaceAll('/forward', ''),
        variant,
        shapes,
        ms,
        msMin: Math.min(...times),
        msMax: Math.max(...times),
        gflops: flops / ms / 1e6,
        gbPerSecond: bytes / ms / 1e6,
        share: ms / total,
      };
    })
    .sort((a, b) => b.ms - a.ms);
}

/** Dispatches of one pass, such as partial sums and their reduction, are one row: their times add up. */
function merge(
  dispatches: readonly PlannedDispatch[],
  samples: readonly number[][],
): { dispatches: PlannedDispatch[]; times: number[] }[] {
  const rows: { node: number; dispatches: PlannedDispatch[]; times: number[] }[] = [];
  dispatches.forEach((dispatch, i) => {
    const before = rows.at(-1);
    const times = samples[i]!;
    if (before?.node === dispatch.node) {
      before.dispatches.push(dispatch);
      times.forEach((ms, j) => (before.times[j]! += ms));
    } else {
      rows.push({ node: dispatch.node, dispatches: [dispatch], times: [...times] });
    }
  });
  return rows;
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
