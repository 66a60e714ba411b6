/** `bench`: images per second of the training step, and what each of its kernels does. */
import process from 'node:process';
import type { Device } from '../engine/device.js';
import { stateSize, stateWords } from '../kernels/step_state.js';
import { DeviceSet } from '../nn/device_set.js';
import type { AugmentOptions } from '../kernels/index.js';
import { paperModel } from '../nn/models.js';
import { type Filter, filters, preprocessing } from '../nn/preprocessing.js';
import { rmsprop } from '../nn/optimizers.js';
import { replaySteps } from '../nn/replay_loop.js';
import { TrainingStep } from '../nn/training_step.js';
import { open } from '../node/open.js';
import { pcg4d, streams } from '../random.js';
import { kernelRows, kernelTable, middle, namedRows } from './bench_kernels.js';
import { type Output, bold, openOutput, table } from './output.js';
import { presets } from './presets.js';
import { compileProgress } from '../report/progress_callback.js';
import { version } from './version.js';

export interface BenchOptions {
  readonly quick?: boolean;
  /** Also what filters and augmentation cost. */
  readonly inputs?: boolean;
  readonly batchSize: number;
  readonly device?: string;
  readonly json?: boolean;
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
  const inputs = options.inputs ? await inputCosts(device, batchSize, quick ? 5 : 15, output) : [];
  const repeats = quick ? 3 : 9;
  const kernels = device.hasTimestamps ? await kernelRows(step.bound.step, repeats) : [];
  const named = device.hasTimestamps && !quick ? await namedRows(device, repeats, output) : [];
  if (kernels.length > 0) {
    output.say(`\nKernels of the step, each between timestamps of its own (median of ${repeats} repeats):`);
    output.say(kernelTable(kernels));
  } else {
    output.say('This device has no timestamp queries: no times per kernel.');
  }
  if (named.length > 0) output.say(`\nEvery op at named shapes:\n${kernelTable(named)}`);
  output.result({
    trainImagesPerSecond: median,
    trainImagesPerSecondBest: best,
    batchSize,
    dispatchesPerStep: step.plan.dispatches.length,
    peakBytes: device.peakBytes,
    device: { ...device.fingerprint, family: device.traits.family },
    versions: { shadegrad: version, node: process.version },
    date: new Date().toISOString(),
    ...(options.inputs ? { inputs } : {}),
    kernels,
    named,
  });
  return 0;
}

/** The training step of the paper model over made-up images; speed does not depend on what they show. */
async function benchStep(
  device: Device,
  batchSize: number,
  onCompile: (done: number, total: number) => void,
  { filters: applied = [], augmentation }: InputVariant = {},
): Promise<TrainingStep> {
  const model = paperModel({ device, preprocessing: preprocessing({ filters: applied }) });
  model.compile({ optimizer: rmsprop({ learningRate: 1e-4 }), loss: 'sparseCategoricalCrossentropy' });
  const count = batchSize * 4;
  const images = Uint8Array.from(
    { length: count * 784 },
    (_, i) => (pcg4d(0, streams.test, 0, i)[0] & 1) * (i % 256),
  );
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const set = new DeviceSet(device, { images, labels, count, height: 28, width: 28, channels: 1 });
  const step = await TrainingStep.create(model, set, batchSize, {
    onProgress: onCompile,
    augmentation: augmentation ?? undefined,
  });
  step.rates.write(new Float32Array(step.stepsPerEpoch).fill(1e-4));
  return step;
}

// ---- what filters and augmentation cost ----

interface InputVariant {
  readonly filters?: readonly Filter[];
  readonly augmentation?: AugmentOptions | null;
}

const inputVariants: Readonly<Record<string, InputVariant>> = {
  plain: {},
  'augmentation of corrected': { augmentation: presets.corrected.digits.augmentation },
  'every augmentation': {
    augmentation: {
      rotation: 10,
      widthShift: 0.1,
      heightShift: 0.1,
      zoom: 0.1,
      horizontalFlip: true,
      verticalFlip: true,
      fill: 'reflect',
      padAndCrop: 2,
      brightness: 0.2,
      contrast: 0.2,
      erasing: { value: 'noise' },
    },
  },
  'blur ×5 and sharpen': { filters: [filters.blur(5), filters.sharpen()] },
};

interface InputCost {
  readonly inputs: string;
  /** Milliseconds per step, median. */
  readonly ms: number;
  /** Against plain, the median of the ratios of neighbouring rounds. */
  readonly ratio: number;
}

/** Interleaved: each round runs every variant once, one after another, so that a slow moment meets all of them. */
async function inputCosts(
  device: Device,
  batchSize: number,
  rounds: number,
  output: Output,
): Promise<InputCost[]> {
  const names = Object.keys(inputVariants);
  const steps: TrainingStep[] = [];
  for (const name of names)
    steps.push(await benchStep(device, batchSize, compileProgress(output.stream), inputVariants[name]));
  const times: number[][] = names.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, step] of steps.entries()) {
      const ms = (1000 * batchSize) / (await roundRate(device, step, round * step.stepsPerEpoch));
      if (round > 0) times[i]!.push(ms);
    }
  }
  const costs = names.map((inputs, i) => ({
    inputs,
    ms: middle(times[i]!),
    ratio: middle(times[i]!.map((ms, round) => ms / times[0]![round]!)),
  }));
  output.say(`\nThe training step by what is done to its images (median of ${rounds} interleaved rounds):`);
  const rows = costs.map(({ inputs, ms, ratio }) => [inputs, ms.toFixed(1), ratio.toFixed(3)]);
  output.say(table(['inputs', 'ms', 'against plain'], rows));
  return costs;
}

// ---- images per second ----

/** Counted rounds of four steps, however slow the device. */
const leastRounds = 3;

/** Images per second of rounds of steps, the metrics ring read back as in training. */
async function stepRates(device: Device, step: TrainingStep, seconds: number): Promise<number[]> {
  const rates: number[] = [];
  const started = performance.now();
  // The first round warms up and is not counted.
  for (let round = 0; round <= leastRounds || performance.now() - started < seconds * 1000; round++) {
    const rate = await roundRate(device, step, round * step.stepsPerEpoch);
    if (round > 0) rates.push(rate);
  }
  return rates;
}

/** Images per second of one round: an epoch of the made-up images. */
async function roundRate(device: Device, step: TrainingStep, first: number): Promise<number> {
  const words = new Uint32Array(stateSize);
  words[stateWords.step] = first;
  words[stateWords.epochSize] = step.set.epochSize;
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
  return (count * step.batchSize * 1000) / (performance.now() - begun);
}
