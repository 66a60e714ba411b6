/** The status of the training as the page shows it. */
import type { Checkpoint } from '../../src/nn/training/checkpoint.js';
import { type LearningRate, ratesOf } from '../../src/nn/training/schedules.js';
import { meansOf } from '../../src/nn/training/task.js';
import type { TrainingStatus } from '../protocol.js';
import { Speed } from './speed.js';
import { type TrainingPhase, isUnfinished, shownPhaseOf } from './training_phase.js';
import type { TrainingRecord } from './training_record.js';

/** Figures that change while a training runs. */
export interface RunFigures {
  readonly progress: TrainingStatus['progress'];
  readonly position: Checkpoint['position'] | undefined;
  readonly speed: Speed;
  /** How long a validation takes, measured or estimated. */
  readonly validationSeconds: number;
}

/** The figures while no training runs. */
export const noFigures: RunFigures = {
  progress: null,
  position: undefined,
  speed: new Speed(),
  validationSeconds: 0,
};

export interface StatusParts {
  readonly phase: TrainingPhase;
  readonly record: TrainingRecord | undefined;
  readonly figures: RunFigures;
  readonly rate: LearningRate | undefined;
  readonly savedAt: number | null;
}

export function statusOf({ phase: current, record, figures, rate, savedAt }: StatusParts): TrainingStatus {
  const { progress, speed, validationSeconds } = figures;
  const phase = shownPhaseOf(current);
  const position = figures.position ?? record?.checkpoint?.position;
  const { epochs = 0 } = record?.settings ?? {};
  const { stepsPerEpoch = 0, batchSize = 0 } = record ?? {};
  const { step = 0, epoch = 0, cursor = 0, sums = {} } = position ?? {};
  const { loss, accuracy } = meansOf(sums);
  const isRunning = phase === 'training' || phase === 'validating' || phase === 'paused';
  const { stepMs, imagesPerSecond } = speed;
  const left = epochs * stepsPerEpoch - step;
  const isKnown = isRunning && stepMs !== null && stepsPerEpoch > 0;
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
    learningRate: rateAt(rate, { step, epochs, stepsPerEpoch }),
    isScheduled: rate !== undefined && typeof rate !== 'number',
    imagesPerSecond: isRunning ? imagesPerSecond : null,
    stepMs: isRunning ? stepMs : null,
    etaSeconds: isKnown ? (left * stepMs) / 1000 + (epochs - epoch) * validationSeconds : null,
    progress,
    savedAt,
    trouble: record?.trouble ?? null,
    isUnderWay: isUnfinished(current),
  };
}

/** The figure of the last epoch. */
function lastOf(record: TrainingRecord | undefined, name: string): number | null {
  return record?.epochs.at(-1)?.logs[name] ?? null;
}

/** The rate of the next step. */
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
