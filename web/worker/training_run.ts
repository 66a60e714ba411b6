/** One `fit` under way: how it is held, what is known of it, and what the page is told of it. */
import type { Device } from '../../src/engine/device.js';
import type { Callback, Training } from '../../src/nn/callbacks/callback.js';
import type { Position } from '../../src/nn/checkpoint.js';
import type { Phase, TrainingStatus, WorkerEvents } from '../protocol.js';
import { Control } from './control.js';
import type { Pace, TrainingRecord } from './record.js';
import { Speed } from './speed.js';

/** A validation image takes about a third of a training image, until one has been measured. */
const inferenceShare = 1 / 3;

export interface TrainingRunOptions {
  readonly record: TrainingRecord;
  readonly device: Device;
  readonly isPaused: boolean;
  /** As in ControlOptions. */
  readonly saveEveryMs: number;
  readonly save: () => Promise<void>;
  /** Awaited when training pauses, before it is said. */
  readonly saved: () => Promise<void>;
  emit<Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]): void;
  flush(): void;
  tellStatus(): void;
}

/** The pace where none is under way. */
export const standing: Omit<Pace, 'phase' | 'rate'> = {
  progress: null,
  position: undefined,
  speed: new Speed(),
  validationSeconds: 0,
};

export class TrainingRun {
  readonly record: TrainingRecord;
  readonly device: Device;
  readonly abort = new AbortController();
  readonly control: Control;
  /** Settles when the first step can begin, or when it never will. */
  readonly ready = withResolvers();
  /** What the callbacks were given, from when the first step can begin. */
  training: Training | undefined;
  readonly #options: TrainingRunOptions;
  readonly #speed = new Speed();
  readonly #validationSpeed = new Speed();
  /** That of the steps under way; it stands at a rest. */
  #running: Speed | undefined;
  #phase: Phase = 'loading';
  #isPaused = false;
  #progress: TrainingStatus['progress'] = null;
  /** Before the step whose metrics come next. */
  #before: Position | undefined;
  #validationBatches = 0;

  constructor(options: TrainingRunOptions) {
    const { record, device, isPaused, saveEveryMs, save } = options;
    this.record = record;
    this.device = device;
    this.#options = options;
    this.control = new Control({
      isPaused,
      saveEveryMs,
      save,
      onPause: async (isNow) => this.#pauses(isNow),
      onSync: (isResting) => (isResting ? this.#running?.rest() : this.#running?.goOn()),
    });
  }

  /** Has it end where it is. */
  release(): void {
    this.abort.abort();
    this.control.release();
  }

  enter(phase: Phase): void {
    if (this.#phase !== phase) this.#progress = null;
    this.#phase = phase;
    this.#options.tellStatus();
  }

  /** Of what is loaded, compiled or validated. */
  tellProgress(done: number, total: number): void {
    this.#progress = { done, total };
    this.#options.tellStatus();
  }

  get pace(): Omit<Pace, 'rate'> {
    const batchMs = this.#validationSpeed.stepMs;
    const { validationSamples = 0 } = this.training ?? {};
    const guess = (validationSamples / (this.#speed.imagesPerSecond ?? Infinity)) * inferenceShare;
    return {
      phase: this.#isPaused ? 'paused' : this.#phase,
      progress: this.#progress,
      position: this.training?.position(),
      speed: this.#speed,
      validationSeconds: batchMs === null ? guess : (this.#validationBatches * batchMs) / 1000,
    };
  }

  /** Hears what `fit` does, and tells it. `onBegin` comes before the first step, and says whether there is to be one. */
  callback(onBegin: (training: Training) => Promise<boolean>): Callback {
    const { record } = this;
    const { emit, tellStatus } = this.#options;
    return {
      onCompile: (done, total) => this.tellProgress(done, total),
      onTrainBegin: async (training) => {
        if (!(await onBegin(training))) return;
        this.enter('training');
        this.ready.resolve();
      },
      onEpochBegin: (_, training) => {
        this.#before = training.position();
        this.enter('training');
        this.#run(this.#speed);
      },
      onBatchEnd: (_, __, training) => {
        const position = training.position();
        const before = this.#before ?? position;
        const sumOf = (name: string): number => position.sums[name]! - (before.sums[name] ?? 0);
        const count = sumOf('count');
        this.#before = position;
        const point = {
          step: position.step,
          loss: sumOf('loss') / count,
          accuracy: sumOf('accuracy') / count,
        };
        record.curve.add(point);
        this.#speed.step(count);
        emit('steps', { points: [point], isFresh: false });
        tellStatus();
      },
      onTestBegin: ({ steps }) => {
        this.#validationBatches = steps;
        this.enter('validating');
        this.#run(this.#validationSpeed);
      },
      onTestBatchEnd: (step, _, { steps }) => {
        this.#validationSpeed.step(1);
        this.tellProgress(step + 1, steps);
      },
      onTestEnd: () => this.#run(undefined),
      onEpochEnd: (epoch, logs, training) => {
        record.epochs = [...record.epochs, { epoch: epoch + 1, step: training.position().step, logs }];
        emit('epochs', record.epochs);
      },
    };
  }

  #run(speed: Speed | undefined): void {
    this.#running?.rest();
    this.#running = speed;
    speed?.goOn();
  }

  async #pauses(isNow: boolean): Promise<void> {
    const { saved, tellStatus, flush } = this.#options;
    if (isNow) await saved();
    this.#isPaused = isNow;
    tellStatus();
    if (isNow) flush();
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolvers {
  let settle: Omit<PromiseWithResolvers, 'promise'> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // The caller that began the training handles it; a restored training may not have one yet.
  promise.catch(() => undefined);
  return { promise, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}
