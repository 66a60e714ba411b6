/** What is known of a training, running or resumable; and the status that people see. */
import { type Choice, choicesFromJson } from '../../src/engine/kernel_selection.js';
import type { KernelChoice } from '../../src/nn/callbacks/callback.js';
import type { Checkpoint } from '../../src/nn/checkpoint.js';
import { type LearningRate, ratesOf } from '../../src/nn/schedules.js';
import { meansOf } from '../../src/nn/task.js';
import { isOver } from '../phase.js';
import type { EpochPoint, Phase, Settings, TrainingStatus } from '../protocol.js';
import { Curve } from './curve.js';
import type { SavedEpoch, SavedPhase, SavedTraining } from './saved_session.js';
import type { Speed } from './speed.js';

export class TrainingRecord {
  curve = new Curve();
  epochs: EpochPoint[] = [];
  /** Where the weights stand that were saved last; undefined before training begins. */
  checkpoint: Checkpoint | undefined;
  stepsPerEpoch = 0;
  batchSize = 0;
  /** Digest of the user's own images; null for sets known by name. */
  dataDigest: number | null = null;
  /** As in TrainingStatus. */
  trouble: string | null = null;
  /** Those of a step, in its order; none before training begins. */
  kernels: readonly KernelChoice[] = [];

  /** `choices`: by key, what was measured when it began; it goes by these to its end, whatever is measured since. */
  constructor(
    readonly settings: Settings,
    public phase: SavedPhase = 'training',
    public choices: ReadonlyMap<string, Choice> = new Map(),
  ) {}

  save(): SavedTraining {
    const { settings, phase, stepsPerEpoch, batchSize, dataDigest, trouble, kernels } = this;
    return {
      settings,
      phase,
      stepsPerEpoch,
      batchSize,
      dataDigest,
      curve: this.curve.save(),
      epochs: this.epochs.map((epoch) => ({ ...epoch, logs: withNulls(epoch.logs) })),
      trouble,
      choices: Object.fromEntries(this.choices),
      kernels,
    };
  }

  /** Throws: DataError where the kernel choices are damaged. */
  static from(saved: SavedTraining, checkpoint: Checkpoint | undefined): TrainingRecord {
    const choices = choicesFromJson(saved.choices ?? {}, 'the saved session');
    const record = new TrainingRecord(saved.settings, saved.phase, choices);
    record.curve = Curve.from(saved.curve);
    record.epochs = saved.epochs.map((epoch) => ({ ...epoch, logs: withoutNulls(epoch.logs) }));
    record.stepsPerEpoch = saved.stepsPerEpoch;
    record.batchSize = saved.batchSize;
    record.dataDigest = saved.dataDigest;
    record.trouble = saved.trouble ?? null;
    record.kernels = saved.kernels ?? [];
    record.checkpoint = checkpoint;
    return record;
  }
}

function withNulls(logs: EpochPoint['logs']): SavedEpoch['logs'] {
  return mapped(logs, (value) => (Number.isFinite(value) ? value : null));
}

function withoutNulls(logs: SavedEpoch['logs']): EpochPoint['logs'] {
  return mapped(logs, (value) => value ?? NaN);
}

function mapped<From, To>(
  logs: Readonly<Record<string, From>>,
  each: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [name, each(value)]));
}

/** What changes while a training runs. */
export interface Pace {
  readonly phase: Phase;
  readonly progress: TrainingStatus['progress'];
  readonly position: Checkpoint['position'] | undefined;
  readonly rate: LearningRate | undefined;
  readonly speed: Speed;
  /** What a validation takes, or is thought to. */
  readonly validationSeconds: number;
}

export function statusOf(
  record: TrainingRecord | undefined,
  pace: Pace,
  savedAt: number | null,
): TrainingStatus {
  const { phase, progress, speed } = pace;
  const position = pace.position ?? record?.checkpoint?.position;
  const { epochs = 0 } = record?.settings ?? {};
  const { stepsPerEpoch = 0, batchSize = 0 } = record ?? {};
  const { step = 0, epoch = 0, cursor = 0, sums = {} } = position ?? {};
  const { loss, accuracy } = meansOf(sums);
  const isOnTheWay = phase === 'training' || phase === 'validating' || phase === 'paused';
  const { stepMs, imagesPerSecond } = speed;
  const left = epochs * stepsPerEpoch - step;
  const isKnown = isOnTheWay && stepMs !== null && stepsPerEpoch > 0;
  return {
    phase,
    settings: record?.settings ?? null,
    step,
    epoch,
    stepInEpoch: batchSize > 0 ? Math.min(Math.ceil(cursor / batchSize), stepsPerEpoch) : 0,
    stepsPerEpoch,
    epochs,
    loss: loss ?? lastOf(record, 'loss'),
    accuracy: accuracy ?? lastOf(record, 'accuracy'),
    learningRate: rateAt(pace.rate, { step, epochs, stepsPerEpoch }),
    isScheduled: pace.rate !== undefined && typeof pace.rate !== 'number',
    imagesPerSecond: isOnTheWay ? imagesPerSecond : null,
    stepMs: isOnTheWay ? stepMs : null,
    etaSeconds: isKnown ? (left * stepMs) / 1000 + (epochs - epoch) * pace.validationSeconds : null,
    progress,
    savedAt,
    trouble: record?.trouble ?? null,
    isUnderWay: record !== undefined && !isOver(record.phase),
  };
}

/** Between two epochs, the figure of the one before. */
function lastOf(record: TrainingRecord | undefined, name: string): number | null {
  return record?.epochs.at(-1)?.logs[name] ?? null;
}

/** The rate of the step that comes next. */
function rateAt(
  rate: LearningRate | undefined,
  {
    step,
    epochs,
    stepsPerEpoch,
  }: { readonly step: number; readonly epochs: number; readonly stepsPerEpoch: number },
): number | null {
  if (rate === undefined) return null;
  if (typeof rate === 'number') return rate;
  const totalSteps = epochs * stepsPerEpoch;
  if (totalSteps === 0) return null;
  return ratesOf(rate, Math.min(step, totalSteps - 1), 1, { totalSteps, stepsPerEpoch })[0] ?? null;
}
