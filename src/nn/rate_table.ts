/** The rates of an epoch's steps, worked out on the host and read on the device. */
import { stateWords } from '../kernels/step_state.js';
import type { Position } from './checkpoint.js';
import type { TrainableModel } from './trainable_model.js';
import { type LearningRate, ratesOf } from './schedules.js';
import type { TrainingStep } from './training_step.js';

/** The epoch's learning rates on the device, rewritten when a callback changes the optimizer's rate. */
export class RateTable {
  #written: LearningRate | undefined;
  #rates: Float32Array<ArrayBuffer> = new Float32Array(1);
  current = 0;

  constructor(
    private readonly model: TrainableModel,
    private readonly step: TrainingStep,
    private readonly totalSteps: number,
  ) {}

  /** Returns the rate of the step at `position`. */
  write(epoch: number, { cursor }: Position): number {
    const { stepsPerEpoch, batchSize } = this.step;
    this.#written = this.model.optimizer.learningRate;
    this.#rates = ratesOf(this.#written, epoch * stepsPerEpoch, stepsPerEpoch, {
      totalSteps: this.totalSteps,
      stepsPerEpoch,
    });
    this.step.rates.write(this.#rates);
    return this.#rateAt(cursor / batchSize);
  }

  #rateAt(index: number): number {
    this.current = this.#rates[Math.min(index, this.#rates.length - 1)] as number;
    return this.current;
  }

  /** After the step before `position`. */
  refresh(epoch: number, position: Position): void {
    if (!this.change(epoch, position)) this.#rateAt(position.cursor / this.step.batchSize - 1);
  }

  /** Gives the step at `position` the optimizer's rate if that has been changed. */
  change(epoch: number, position: Position): boolean {
    if (this.model.optimizer.learningRate === this.#written) return false;
    const rate = Float32Array.of(this.write(epoch, position));
    this.model.device.write(this.step.state.storage, rate, stateWords.learningRate * 4);
    return true;
  }
}
