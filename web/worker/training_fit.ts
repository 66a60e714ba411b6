/** Runs `fit` for a training of the page: loads its images, creates the model, and handles the outcome. */
import { KernelSelection } from '../../src/engine/kernel_selection.js';
import { DataError } from '../../src/errors.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { isNotFinite, terminateOnNaN } from '../../src/nn/callbacks/terminate_on_nan.js';
import { warnOnDivergence } from '../../src/nn/callbacks/warn_on_divergence.js';
import { kernelChangeOf } from '../../src/nn/training/kernel_change.js';
import { callbacksOf, fitOptionsOf, modelOf } from '../../src/recipe/parts.js';
import type { CurrentModel } from './current_model.js';
import { digestOf } from './custom_images.js';
import type { DataSets } from './data_sets.js';
import type { EventThrottle } from './event_throttle.js';
import { loadTrainingShaders } from './family_shaders.js';
import { memoryPlanOf } from './memory_plan.js';
import { split } from './split.js';
import type { Outcome } from './training_phase.js';
import type { TrainingRecord } from './training_record.js';
import type { TrainingRun } from './training_run.js';

export interface FitDeps {
  readonly current: CurrentModel;
  readonly data: DataSets;
  readonly events: EventThrottle;
  /** Resolves when no task uses the current model, which is about to be replaced. */
  onTasksDone(): Promise<void>;
  /** Called when the first step can begin. */
  onBegan(training: Training): void;
}

/** If the training has begun, stores its final checkpoint in the record. Throws: what `fit` throws; DataError. */
export async function fitTraining(run: TrainingRun, deps: FitDeps): Promise<Outcome> {
  const { record, device, abort, gate } = run;
  const { settings, checkpoint } = record;
  const { signal } = abort;
  const [loaded] = await Promise.all([
    deps.data.get(settings.dataset, {
      signal,
      onProgress: (done, total) => {
        run.progress = { done, total };
      },
    }),
    loadTrainingShaders(device),
  ]);
  run.enter('compiling');
  const images = split(settings, loaded);
  checkSameImages(record, images.train);
  const isNew = checkpoint === undefined;
  const model = isNew ? modelOf(settings, images.train, { device }) : deps.current.model;
  const kernelSelection = new KernelSelection(record.selection);
  const { classNames } = images.train;
  const onBegin = async (training: Training): Promise<boolean> => {
    await deps.onTasksDone();
    if (signal.aborted) return false;
    if (isNew) deps.current.replace({ model, origin: 'trained', classNames });
    recordKernels(record, training, kernelSelection, deps);
    record.stepsPerEpoch = training.stepsPerEpoch;
    record.batchSize = training.batchSize;
    run.begin(training);
    deps.events.emit('memory', memoryPlanOf(model, training));
    deps.onBegan(training);
    return true;
  };
  try {
    const history = await model.fit(images.train, {
      ...fitOptionsOf(settings, images.train),
      validationData: images.validation,
      signal,
      kernelSelection,
      callbacks: [
        warnOnDivergence({
          say: (line) => {
            record.trouble = `${line} Train again with a smaller one.`;
            deps.events.note('warning', record.trouble);
          },
        }),
        terminateOnNaN({ say: () => undefined }),
        ...callbacksOf(settings, (line) => deps.events.note('info', line)),
        run.callback(onBegin),
        gate.callback,
      ],
      ...(checkpoint ? { resume: checkpoint } : {}),
    });
    if (!run.training) return 'interrupted';
    record.checkpoint = history.checkpoint;
    return outcomeOf(run, run.training);
  } finally {
    if (isNew && !run.training) model.dispose();
  }
}

/** An abort after the last epoch counts as finished; a loss that is not finite always counts as diverged. */
function outcomeOf({ record: { checkpoint, settings }, abort }: TrainingRun, training: Training): Outcome {
  if (isNotFinite(training.lossBits())) return 'diverged';
  const isDone = (checkpoint?.position.epoch ?? 0) >= settings.epochs;
  return abort.signal.aborted && !isDone ? 'interrupted' : 'finished';
}

/** Records the kernels, as the bits depend on them. Shows a note if those of a resumed training have changed. */
function recordKernels(
  record: TrainingRecord,
  { kernels }: Training,
  selection: KernelSelection,
  { events }: FitDeps,
): void {
  const before = { choices: Object.fromEntries(record.selection), kernels: record.kernels };
  const change = record.checkpoint && kernelChangeOf(before, kernels, selection);
  if (change !== undefined) events.note('warning', change);
  record.kernels = kernels;
  // Only what this training uses.
  record.selection = selection.used();
}

/** Throws: DataError when the user's images differ from those the training has seen. */
function checkSameImages(record: TrainingRecord, images: Parameters<typeof digestOf>[0]): void {
  if (record.settings.dataset !== 'custom') return;
  const digest = digestOf(images);
  record.dataDigest ??= digest;
  if (record.dataDigest !== digest) {
    throw new DataError(
      'Your images differ from the ones this training started with. Drop the original files again, or start a new training.',
    );
  }
}
