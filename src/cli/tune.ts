/**
 * `tune`: measures which variant of each kernel of a model is fastest on this device, shows what that gains, and stores
 * it for the commands that follow.
 */
import { type KernelCase } from '../engine/choices.js';
import type { Device } from '../engine/device.js';
import { timeInTurns } from '../engine/stopwatch.js';
import { type Candidate, type Tuned, choicesOf, tune as tuneCases } from '../engine/tune.js';
import type { ImageShape } from '../data/dataset.js';
import { DeviceSet, type LabelledImages } from '../nn/device_set.js';
import { Evaluator } from '../nn/evaluator.js';
import { type ModelName, modelsByName } from '../nn/models.js';
import { rmsprop } from '../nn/optimizers.js';
import { TrainingStep } from '../nn/training_step.js';
import { open } from '../node/open.js';
import { tuningFiles } from '../node/tuning_store.js';
import { pcg4d, streams } from '../random.js';
import { compileProgress } from '../report/progress_callback.js';
import { type Output, bold, openOutput, table } from './output.js';
import { presets } from '../nn/presets.js';

export interface TuneOptions {
  readonly model: ModelName;
  /** Those of the device's preset and of `evaluate` and `bench` when left out. */
  readonly batchSize?: readonly number[];
  readonly imageShape?: ImageShape;
  readonly classes: number;
  readonly repeats: number;
  /** Measure and show, but store nothing. */
  readonly dryRun?: boolean;
  /** Forget what was stored, and do nothing else. */
  readonly clear?: boolean;
  readonly device?: string;
  readonly json?: boolean;
}

export async function tune(options: TuneOptions): Promise<number> {
  const output = openOutput(options);
  const device = await open(options.device === undefined ? {} : { device: options.device });
  const { adapter, driver } = device.fingerprint;
  output.say(`Device: ${adapter} (${driver}), ${device.traits.family} kernels.`);
  const store = tuningFiles({ warn: output.say });
  const file = store.fileOf(device.fingerprint);
  if (options.clear) {
    await store.forget(device.fingerprint);
    output.say(`Nothing is stored for this device any more (${file}).`);
    output.result({ forgotten: file });
    return 0;
  }

  const batchSizes = [...new Set(options.batchSize ?? usualBatchSizes(device))];
  const workload = new Workload(device, options, output);
  output.say(`Model ${options.model}, training and evaluation in batches of ${batchSizes.join(' and ')}.`);
  const cases = await workload.cases(batchSizes);
  output.say(
    cases.length === 0
      ? 'No kernel has more than one variant for this device: there is nothing to choose.'
      : `${count(cases.length, 'kernel')} with more than one variant for this device; least of ${count(options.repeats, 'repeat')}:`,
  );
  const results = await tuneCases(device, cases, {
    repeats: options.repeats,
    onBegin: (kernelCase, done) => showProgress(output, kernelCase, done, cases.length),
    onTuned: (tuned) => showCase(output, tuned),
  });
  const choices = choicesOf(results, new Date());
  const steps: StepTimes[] = [];
  if (results.some(({ gain }) => gain > 1)) {
    for (const batchSize of batchSizes)
      steps.push(await workload.compare(batchSize, choices, options.repeats));
    showSteps(output, steps);
  } else if (cases.length > 0) {
    output.say('\nThe table chooses the fastest everywhere: an untuned start is as fast as a tuned one.');
  }
  const isWorse = isSlower(steps);
  const isStored = choices.size > 0 && !options.dryRun && !isWorse;
  if (isStored) {
    await store.save(device.fingerprint, choices);
    output.say(
      `\nStored in ${file}; train, evaluate, predict and bench go by it from now on (--no-tune forbids it).`,
    );
  } else if (isWorse) {
    output.say(
      '\nThe step as a whole is slower with these choices: nothing was stored. Try again when the machine is idle.',
    );
  } else if (options.dryRun) {
    output.say('\nNothing was stored (--dry-run).');
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

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** What `train` takes without --batch-size, and what the other commands do. */
function usualBatchSizes({ traits }: Device): number[] {
  const preset = presets[traits.family === 'software' ? 'quick' : 'corrected'];
  return [preset.digits.batchSize, 128];
}

// ---- what is tuned ----

/** The training step over made-up images, untuned against tuned. */
interface StepTimes {
  readonly batchSize: number;
  readonly untunedMs: number;
  readonly tunedMs: number;
}

/** The programs whose kernels are wanted: a model's training step and its evaluation. */
class Workload {
  readonly #compiling: (done: number, total: number) => void;

  constructor(
    private readonly device: Device,
    private readonly options: TuneOptions,
    output: Output,
  ) {
    this.#compiling = compileProgress(output.stream);
  }

  /** Every case with more than one variant that training and evaluation meet at these batch sizes. */
  async cases(batchSizes: readonly number[]): Promise<KernelCase[]> {
    const { choices } = this.device;
    choices.watch();
    for (const batchSize of batchSizes) {
      await this.#withStep(batchSize, async () => undefined);
      await this.#evaluate(batchSize);
    }
    return [...choices.met.values()];
  }

  /** Both ways of choosing, measured in turns. The device goes by `choices` from then on. */
  async compare(
    batchSize: number,
    choices: ReturnType<typeof choicesOf>,
    repeats: number,
  ): Promise<StepTimes> {
    const { device } = this;
    device.choices.clear();
    return this.#withStep(batchSize, async (untuned) => {
      for (const [key, choice] of choices) device.choices.set(key, choice);
      return this.#withStep(batchSize, async (tuned) => {
        const steps = [untuned, tuned].map(({ bound }) => bound.step);
        const times = await timeInTurns(device, steps, repeats);
        const [untunedMs = Number.NaN, tunedMs = Number.NaN] = times.map((ms) => Math.min(...ms));
        return { batchSize, untunedMs, tunedMs };
      });
    });
  }

  async #withStep<R>(batchSize: number, use: (step: TrainingStep) => Promise<R>): Promise<R> {
    const model = this.#model();
    const set = new DeviceSet(this.device, this.#images(batchSize));
    let step: TrainingStep | undefined;
    try {
      step = await TrainingStep.create(model, set, batchSize, { onProgress: this.#compiling });
      step.begin({ step: 0, epoch: 0, cursor: 0, lossSum: 0, correct: 0, count: 0 }, { seed: 0, rate: 1e-4 });
      return await use(step);
    } finally {
      for (const resource of [step, set, model]) resource?.dispose();
    }
  }

  async #evaluate(batchSize: number): Promise<void> {
    const model = this.#model();
    const options = { onProgress: this.#compiling };
    const evaluator = await Evaluator.create(model, this.#images(batchSize), batchSize, options);
    evaluator.dispose();
    model.dispose();
  }

  #model(): ReturnType<(typeof modelsByName)[ModelName]> {
    const { classes } = this.options;
    const { height, width, channels } = this.#shape;
    const model = modelsByName[this.options.model]({
      device: this.device,
      inputShape: [height, width, channels],
      classes,
    });
    model.compile({ optimizer: rmsprop({ learningRate: 1e-4 }), loss: 'sparseCategoricalCrossentropy' });
    return model;
  }

  get #shape(): ImageShape {
    return this.options.imageShape ?? { height: 28, width: 28, channels: 1 };
  }

  /**
   * Noise: how fast a kernel is does not depend on what the images show.
   *
   * Throws: DeviceError for more than the device takes.
   */
  #images(total: number): LabelledImages {
    const { height, width, channels } = this.#shape;
    this.device.assertTakes(total * height * width * channels);
    const images = Uint8Array.from(
      { length: total * height * width * channels },
      (_, i) => pcg4d(0, streams.test, 1, i)[0],
    );
    const labels = Uint32Array.from({ length: total }, (_, i) => i % this.options.classes);
    return { images, labels, count: total, ...this.#shape };
  }
}

/** Kernels that are faster alone may yet be slower one after another, or were measured in a busy moment. */
function isSlower(steps: readonly StepTimes[]): boolean {
  const sum = (of: (times: StepTimes) => number): number => steps.reduce((so, times) => so + of(times), 0);
  return sum(({ tunedMs }) => tunedMs) > sum(({ untunedMs }) => untunedMs) * 1.02;
}

// ---- what is shown ----

/** On a terminal: what is being measured, and gone when it is. */
function showProgress(output: Output, { pass }: KernelCase, done: number, total: number): void {
  if (output.stream.isTTY) output.stream.write(`\r\u001B[K${done + 1}/${total} ${pass.name}`);
}

function showCase(output: Output, { pass, shapes, candidates, chosen, gain, skipped }: Tuned): void {
  if (output.stream.isTTY) output.stream.write('\r\u001B[K');
  output.say(`\n${bold(output, pass)} ${shapes}${skipped === undefined ? '' : ` not tried: ${skipped}`}`);
  if (skipped !== undefined) return;
  const rows = candidates.map((candidate, i) => [
    `  ${candidate.variant}`,
    candidate.ms === undefined ? '–' : candidate.ms.toFixed(3),
    verdict(candidate, { isFirst: i === 0, isChosen: candidate.variant === chosen, gain }),
  ]);
  output.say(table(['  variant', 'ms', ''], rows));
}

function verdict(
  { problem }: Candidate,
  { isFirst, isChosen, gain }: { isFirst: boolean; isChosen: boolean; gain: number },
): string {
  if (problem !== undefined) return `EXCLUDED: ${problem}`;
  if (isFirst) return isChosen ? "the table's, kept" : "the table's";
  return isChosen ? `chosen: ${gain.toFixed(2)} times as fast` : '';
}

function showSteps(output: Output, steps: readonly StepTimes[]): void {
  output.say('\nThe training step, its kernels chosen by the table and by this tuning, measured in turns:');
  const rate = (batchSize: number, ms: number): string => ((batchSize * 1000) / ms).toFixed(1);
  const rows = steps.map(({ batchSize, untunedMs, tunedMs }) => [
    batchSize,
    untunedMs.toFixed(2),
    tunedMs.toFixed(2),
    rate(batchSize, untunedMs),
    rate(batchSize, tunedMs),
    `${((tunedMs / untunedMs) * 100).toFixed(1)} %`,
  ]);
  output.say(
    table(['batch', 'untuned ms', 'tuned ms', 'untuned images/s', 'tuned images/s', 'untuned / tuned'], rows),
  );
}
