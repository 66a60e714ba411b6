/** The state of the page's training, shared by the parts of the trainer. */
import type { Plan } from '../../src/engine/plan/plan.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import type { LearningRate } from '../../src/nn/training/schedules.js';
import { learningRateOf } from '../../src/recipe/learning_rate_of.js';
import type { Settings } from '../protocol.js';
import type { TrainingPhase } from './training_phase.js';
import type { TrainingRecord } from './training_record.js';
import type { TrainingRun } from './training_run.js';

export class TrainingState {
  /** Only PhaseMachine changes it. */
  phase: TrainingPhase = { name: 'idle' };
  /** The training, running or resumable; undefined when idle. */
  record: TrainingRecord | undefined;
  /** This and `plans` are described in TrainerContext. */
  trainedBy: TrainingRecord | undefined;
  plans: readonly Plan[] = [];
  /** Undefined while `fit` does not run. */
  run: TrainingRun | undefined;

  /** `ownSettings`: the page's settings, which apply before the first training. */
  constructor(public ownSettings: Settings) {}

  /** The settings of the current or last training; the page's settings before the first. */
  get settings(): Settings {
    return this.record?.settings ?? this.ownSettings;
  }

  /** See TrainerContext. */
  get active(): Training | undefined {
    return this.run?.training;
  }

  /** The schedule, or the rate that replaces it; undefined without a training. */
  get rate(): LearningRate | undefined {
    if (this.active) return this.active.model.optimizer.learningRate;
    if (!this.record) return undefined;
    return this.record.checkpoint?.learningRate ?? learningRateOf(this.record.settings);
  }
}
