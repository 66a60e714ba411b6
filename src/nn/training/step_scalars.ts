/**
 * The numbers that an optimizer's update reads in each step, such as the learning rate; the host computes them in float64.
 * Those of an epoch are in one table on the device, a row per step, so that steps need no host work.
 */
import type { Tensor } from '../../engine/tensor.js';
import type { Position } from './checkpoint.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { type LearningRate, type ScheduleLength, ratesOf } from './schedules.js';

/** The length of a training, which schedules depend on. */
export interface TrainingLength {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** What schedules depend on, if the table has the row of one step: its number, and the length of the training. */
  readonly schedule?: (ScheduleLength & { readonly step: number }) | undefined;
}

/** The table of an epoch; rewritten from the current row on if a callback changes the optimizer's learning rate. */
export class StepScalars {
  #written: LearningRate | undefined;
  /** Rates from row `#first` on. */
  #rates: readonly number[] = [];
  #first = 0;
  #learningRate = 0;

  /** `table` is [stepsPerEpoch, optimizer.scalars]; `stepsBefore`: the optimizer's step at the start of the training. */
  constructor(
    private readonly optimizer: Optimizer,
    private readonly table: Tensor,
    private readonly length: TrainingLength,
    private readonly stepsBefore: number,
  ) {}

  /** The rate of the last step, or of the first one before it runs; rounded to f32, as on the device. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /** Writes the rows of the epoch of `position`, from its step on. */
  begin({ epoch, step, cursor }: Position): void {
    const { batchSize, stepsPerEpoch, totalSteps, schedule } = this.length;
    const { learningRate, scalars } = this.optimizer;
    // After the last step of the epoch there is no row; the last row still gives the current rate.
    const first = Math.min(cursor / batchSize, stepsPerEpoch - 1);
    const rates = ratesOf(
      learningRate,
      schedule?.step ?? epoch * stepsPerEpoch + first,
      stepsPerEpoch - first,
      schedule ?? { totalSteps, stepsPerEpoch },
    );
    const columns = Object.values(scalars);
    const rows = rates.flatMap((rate, i) =>
      columns.map((scalar) => scalar({ learningRate: rate, update: this.stepsBefore + step + 1 + i })),
    );
    const { device, storage } = this.table;
    device.write(storage, Float32Array.from(rows), first * columns.length * 4);
    this.#written = learningRate;
    this.#rates = rates;
    this.#first = first;
    this.#readRate(first);
  }

  /** Rewrites the rows from `position` on if the optimizer's learning rate has been changed. */
  change(position: Position): boolean {
    if (this.optimizer.learningRate === this.#written) return false;
    this.begin(position);
    return true;
  }

  /** `change`, after the step before `position`. */
  endStep(position: Position): void {
    if (!this.change(position)) this.#readRate(position.cursor / this.length.batchSize - 1);
  }

  #readRate(row: number): void {
    this.#learningRate = Math.fround(this.#rates[row - this.#first]!);
  }
}
