/**
 * Controls the steps of `fit` from a callback: holds them, allows single steps, runs tasks at sync points, where no step is
 * in flight, and saves every few seconds. Between sync points, steps run as fast as the device allows.
 */
import type { Callback, Training } from '../../src/nn/callbacks/callback.js';

/** Saving at the end of an epoch is cheap, since no step is in flight. Short epochs are not all saved. */
const epochSaveMs = 1000;

export interface StepGateOptions {
  /** Whether to hold before the first step. */
  readonly isHolding: boolean;
  /** Milliseconds of training between two saves. */
  readonly saveEveryMs: number;
  /** Saves weights and position. Training continues when it resolves. */
  readonly save: () => Promise<void>;
  /** Called when `fit` holds and has been saved. */
  readonly onHeld: () => Promise<void>;
  /** Called with true when no step is in flight, with false when steps continue. */
  readonly onSync: (isAtSync: boolean) => void;
  readonly now?: () => number;
}

export class StepGate {
  readonly callback: Callback;
  readonly #options: StepGateOptions;
  readonly #now: () => number;
  /** How many steps may follow `#base`: 0 holds, Infinity runs. */
  #allowed: number;
  /** Step count at the last sync point, or at the start of the epoch. */
  #base = 0;
  #savedAt: number;
  #savedStep = -1;
  #isValidating = false;
  /** Whether the present hold has been reported. */
  #isHeld = false;
  #isReleased = false;
  #isFinished = false;
  readonly #tasks: (() => Promise<void>)[] = [];
  #wake: () => void = () => undefined;

  constructor(options: StepGateOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#allowed = options.isHolding ? 0 : Infinity;
    this.#savedAt = this.#now();
    this.callback = {
      onTrainBegin: () => {
        this.#savedAt = this.#now();
      },
      onEpochBegin: (_, training) => this.#settle(training),
      onTestBegin: () => {
        this.#isValidating = true;
      },
      onTestEnd: () => {
        this.#isValidating = false;
      },
      onEpochEnd: async (_, __, training) => {
        options.onSync(true);
        if (this.#now() - this.#savedAt >= Math.min(options.saveEveryMs, epochSaveMs)) await this.#save();
        this.#settle(training);
        options.onSync(false);
      },
      stepsUntilSync: (training) => this.#stepsUntilSync(training),
      onSync: async (training) => this.#sync(training),
    };
  }

  /** Holds after the steps in flight. */
  hold(): void {
    this.#allow(0);
  }

  /** Allows one more step, then holds. The last step of an epoch includes the validation. */
  allowStep(): void {
    this.#allow(Number.isFinite(this.#allowed) ? this.#allowed + 1 : 1);
  }

  proceed(): void {
    // The last save says that the training is paused, so save again after the next step.
    this.#savedAt = -Infinity;
    this.#allow(Infinity);
  }

  #allow(steps: number): void {
    this.#allowed = steps;
    this.#isHeld = false;
    this.#wake();
  }

  /** Runs `task` at the next sync point, after the tasks queued before it. Rejects if `task` does. */
  async betweenSteps<T>(task: () => Promise<T>): Promise<T> {
    if (this.#isFinished) return task();
    return new Promise<T>((resolve, reject) => {
      this.#tasks.push(async () => {
        try {
          resolve(await task());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      this.#wake();
    });
  }

  /** Call it when `fit` is about to return: the gate no longer holds or saves. */
  release(): void {
    this.#isReleased = true;
    this.#wake();
  }

  /** Call it when `fit` has returned: runs the remaining tasks. */
  async finish(): Promise<void> {
    this.release();
    await this.#runTasks();
    this.#isFinished = true;
  }

  #stepsUntilSync(training: Training): number {
    if (this.#tasks.length > 0 || this.#isSaveDue(training)) return 0;
    return this.#allowed > 0 && this.#isValidating ? Infinity : this.#allowed;
  }

  #isSaveDue(training: Training): boolean {
    const isLater = this.#now() - this.#savedAt >= this.#options.saveEveryMs;
    return isLater && training.position().step !== this.#savedStep;
  }

  async #sync(training: Training): Promise<void> {
    this.#settle(training);
    this.#options.onSync(true);
    if (this.#isSaveDue(training)) await this.#saveAt(training);
    await this.#runTasks();
    while (this.#isHolding()) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (!this.#isHeld) {
        await this.#saveAt(training);
        if (!this.#isHolding()) break;
        this.#isHeld = true;
        await this.#options.onHeld();
      } else {
        if (this.#tasks.length === 0) await woken;
        await this.#runTasks();
      }
    }
    if (!this.#isReleased) this.#options.onSync(false);
  }

  #isHolding(): boolean {
    return this.#allowed === 0 && !this.#isReleased;
  }

  #settle(training: Training): void {
    const { step } = training.position();
    this.#allowed = Math.max(0, this.#allowed - (step - this.#base));
    this.#base = step;
  }

  async #saveAt(training: Training): Promise<void> {
    await this.#save();
    this.#savedStep = training.position().step;
  }

  async #save(): Promise<void> {
    if (this.#isReleased) return;
    await this.#options.save();
    this.#savedAt = this.#now();
  }

  async #runTasks(): Promise<void> {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task();
  }
}
