/** The state of a training, running or resumable, except for its weights. */
import { type Choice, choicesFromJson } from '../../src/engine/kernel_selection.js';
import type { KernelChoice } from '../../src/nn/callbacks/callback.js';
import type { Checkpoint } from '../../src/nn/training/checkpoint.js';
import type { EpochPoint, Settings } from '../protocol.js';
import { Curve } from './curve.js';
import type { SavedEpoch, SavedPhase, SavedTraining } from './saved_session.js';

/** The inputs of a new training. */
export interface NewTraining {
  readonly settings: Settings;
  /** The measured kernel choices by key. */
  readonly selection: ReadonlyMap<string, Choice>;
}

export class TrainingRecord {
  curve = new Curve();
  epochs: EpochPoint[] = [];
  /** The position of the last save; undefined before training begins. */
  checkpoint: Checkpoint | undefined;
  stepsPerEpoch = 0;
  batchSize = 0;
  /** Digest of the user's own images; null for built-in data sets. */
  dataDigest: number | null = null;
  /** As in TrainingStatus. */
  trouble: string | null = null;
  /** The kernels of a step, in order; empty before training begins. */
  kernels: readonly KernelChoice[] = [];

  readonly settings: Settings;
  /** The measured kernel choices, by key. They apply until the training ends, whatever is measured later. */
  selection: ReadonlyMap<string, Choice>;

  constructor({ settings, selection }: NewTraining) {
    this.settings = settings;
    this.selection = selection;
  }

  save(phase: SavedPhase): SavedTraining {
    const { settings, stepsPerEpoch, batchSize, dataDigest, trouble, kernels } = this;
    return {
      settings,
      phase,
      stepsPerEpoch,
      batchSize,
      dataDigest,
      curve: this.curve.save(),
      epochs: this.epochs.map((epoch) => ({ ...epoch, logs: withNulls(epoch.logs) })),
      trouble,
      choices: Object.fromEntries(this.selection),
      kernels,
    };
  }

  /** Throws: DataError if the kernel choices are damaged. */
  static from(saved: SavedTraining, checkpoint: Checkpoint | undefined): TrainingRecord {
    const selection = choicesFromJson(saved.choices ?? {}, 'the saved session');
    const record = new TrainingRecord({ settings: saved.settings, selection });
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
