/**
 * Pauses, steps and resumes `fit` from a callback, runs tasks at a point where no step is in flight, and saves every few
 * seconds of training. Between those points steps run as fast as the device can.
 */
import type { Callback, Training } from '../../src/nn/callbacks/callback.js';

/** At the end of an epoch nothing is under way and saving is cheap; epochs of milliseconds are not all saved. */
const epochSaveMs = 1000;

export interface ControlOptions {
  /** Whether training begins paused. */
  readonly isPaused: boolean;
  /** Milliseconds of training between two saves. */
  readonly saveEveryMs: number;
  /** Saves weights and place, which are those of one moment; resolves when training may go on. */
  readonly save: () => Promise<void>;
  /** Hears when training pauses, behind what `save` saved, and when it goes on. */
  readonly onPause: (isPaused: boolean) => Promise<void>;
  /** Hears when steps cease to be under way, and when they are again. */
  readonly onSync: (isResting: boolean) => void;
  readonly now?: () => number;
}

export class Control {
  readonly callback: Callback;
  /** True from when a pause is asked for until training is to go on. */
  isPauseWanted: boolean;
  readonly #options: ControlOptions;
  readonly #now: () => number;
  /** Steps that may be done although a pause is wanted, counted from `#base`. */
  #allowed = 0;
  /** Steps done at the last rest, or at the beginning of the epoch. */
  #base = 0;
  #savedAt: number;
  #savedStep = -1;
  #isValidating = false;
  /** True while training stands at a pause and everything is saved. */
  #isPaused = false;
  #isEnded = false;
  #isFinished = false;
  readonly #tasks: (() => Promise<void>)[] = [];
  readonly #waitingForPause: (() => void)[] = [];
  /** The last step that was asked for: each is done, one behind the other. */
  #steps: Promise<void> = Promise.resolve();
  /** Counts calls of `resume`: steps asked for before one are part of the run that it starts. */
  #resumes = 0;
  #wake: () => void = () => undefined;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.isPauseWanted = options.isPaused;
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
      onSync: async (training) => this.#rest(training),
    };
  }

  // ---- what people ask for ----

  /** Resolves when training has paused and everything is saved, or when it has ended. */
  async pause(): Promise<void> {
    this.isPauseWanted = true;
    this.#allowed = 0;
    if (this.#isPaused || this.#isEnded) return;
    await new Promise<void>((resolve) => this.#waitingForPause.push(resolve));
  }

  /** One step, then paused again. At the end of an epoch the validation belongs to the step that ended it. */
  async step(): Promise<void> {
    const resumes = this.#resumes;
    const mine = this.#steps.then(async () => this.#step(() => resumes === this.#resumes));
    this.#steps = mine;
    return mine;
  }

  async #step(isWanted: () => boolean): Promise<void> {
    if (!isWanted()) return;
    await this.pause();
    if (this.#isEnded || !isWanted()) return;
    this.#allowed = 1;
    this.#isPaused = false;
    this.#wake();
    await new Promise<void>((resolve) => this.#waitingForPause.push(resolve));
  }

  resume(): void {
    this.#resumes++;
    this.isPauseWanted = false;
    this.#allowed = 0;
    this.#isPaused = false;
    // The saved phase is `paused`: save again after the next step.
    this.#savedAt = -Infinity;
    this.#wake();
    this.#tellPaused();
  }

  /** Runs `work` at the next rest, after those asked for before. Rejects when it does. */
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

  /** Training has been told to end: nothing holds it any more. */
  release(): void {
    this.#isEnded = true;
    this.#wake();
    this.#tellPaused();
  }

  /** Training has ended: does what was asked for and found no rest. */
  async finish(): Promise<void> {
    this.release();
    await this.#runTasks();
    this.#isFinished = true;
  }

  #tellPaused(): void {
    for (const resolve of this.#waitingForPause.splice(0)) resolve();
  }

  // ---- what training does ----

  #stepsUntilSync(training: Training): number {
    if (this.#tasks.length > 0 || this.#isSaveDue(training)) return 0;
    if (!this.isPauseWanted) return Infinity;
    return this.#allowed > 0 && this.#isValidating ? Infinity : this.#allowed;
  }

  #isSaveDue(training: Training): boolean {
    const isLater = this.#now() - this.#savedAt >= this.#options.saveEveryMs;
    return isLater && training.position().step !== this.#savedStep;
  }

  async #rest(training: Training): Promise<void> {
    this.#settle(training);
    this.#options.onSync(true);
    if (this.#isSaveDue(training)) await this.#saved(training);
    await this.#runTasks();
    const isPause = this.#isHeld();
    while (this.#isHeld()) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (!this.#isPaused) {
        await this.#saved(training);
        await this.#options.onPause(true);
        // A call may have come in the meantime.
        if (!this.#isHeld()) break;
        this.#isPaused = true;
        this.#tellPaused();
      }
      if (this.#tasks.length === 0) await woken;
      await this.#runTasks();
    }
    this.#isPaused = false;
    if (this.#isEnded) return;
    if (isPause) await this.#options.onPause(false);
    this.#options.onSync(false);
  }

  #isHeld(): boolean {
    return this.isPauseWanted && this.#allowed === 0 && !this.#isEnded;
  }

  #settle(training: Training): void {
    const { step } = training.position();
    this.#allowed = Math.max(0, this.#allowed - (step - this.#base));
    this.#base = step;
  }

  async #saved(training: Training): Promise<void> {
    await this.#save();
    this.#savedStep = training.position().step;
  }

  async #save(): Promise<void> {
    if (this.#isEnded) return;
    await this.#options.save();
    this.#savedAt = this.#now();
  }

  async #runTasks(): Promise<void> {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task();
  }
}
