/** One call of `fit`: its step gate, its figures, and the events that it sends to the page. */
import type { Device } from '../../src/engine/device.js';
import type { Callback, Training } from '../../src/nn/callbacks/callback.js';
import type { Position } from '../../src/nn/training/checkpoint.js';
import type { TrainingStatus } from '../protocol.js';
import type { EventThrottle } from './event_throttle.js';
import { Speed } from './speed.js';
import { StepGate } from './step_gate.js';
import type { TrainingRecord } from './training_record.js';
import type { RunFigures } from './training_status.js';

/** Validation takes about a third of the time per image: an estimate until it has been measured. */
const inferenceShare = 1 / 3;

/** What `fit` is doing. */
export type RunStage = 'loading' | 'compiling' | 'training' | 'validating';

export interface TrainingRunOptions {
  readonly record: TrainingRecord;
  readonly device: Device;
  /** As in StepGateOptions. */
  readonly isHolding: boolean;
  readonly saveEveryMs: number;
  readonly save: () => Promise<void>;
  readonly onHeld: () => Promise<void>;
  readonly onStage: (stage: RunStage) => void;
  /** Called when the figures have changed. */
  readonly onFigures: () => void;
  readonly events: Pick<EventThrottle, 'emit'>;
}

export class TrainingRun {
  readonly record: TrainingRecord;
  readonly device: Device;
  readonly abort = new AbortController();
  readonly gate: StepGate;
  /** Settles when the first step can begin, or when `fit` has ended before it. */
  readonly ready = deferred();
  /** The training that the callbacks received; undefined before the first step can begin. */
  training: Training | undefined;
  readonly #options: TrainingRunOptions;
  readonly #speed = new Speed();
  readonly #validationSpeed = new Speed();
  /** The speed that is being measured. Its clock stops at sync points. */
  #current: Speed | undefined;
  #stage: RunStage = 'loading';
  #progress: TrainingStatus['progress'] = null;
  /** The position before the step whose metrics arrive next. */
  #before: Position | undefined;
  #validationBatches = 0;

  constructor(options: TrainingRunOptions) {
    const { record, device, isHolding, saveEveryMs, save, onHeld } = options;
    this.record = record;
    this.device = device;
    this.#options = options;
    this.gate = new StepGate({
      isHolding,
      saveEveryMs,
      save,
      onHeld,
      onSync: (isAtSync) => (isAtSync ? this.#current?.stop() : this.#current?.start()),
    });
  }

  /** Makes `fit` return after the steps in flight. */
  end(): void {
    this.abort.abort();
    this.gate.release();
  }

  enter(stage: RunStage): void {
    if (this.#stage !== stage) this.#progress = null;
    this.#stage = stage;
    this.#options.onStage(stage);
  }

  /** Call it when the first step can begin. */
  begin(training: Training): void {
    this.training = training;
    this.#stage = 'training';
    this.#progress = null;
  }

  /** Progress of loading, compiling or validating. */
  set progress(progress: TrainingStatus['progress']) {
    this.#progress = progress;
    this.#options.onFigures();
  }

  get figures(): RunFigures {
    const batchMs = this.#validationSpeed.stepMs;
    const { validationSamples = 0 } = this.training ?? {};
    const estimate = (validationSamples / (this.#speed.imagesPerSecond ?? Infinity)) * inferenceShare;
    return {
      progress: this.#progress,
      position: this.training?.position(),
      speed: this.#speed,
      validationSeconds: batchMs === null ? estimate : (this.#validationBatches * batchMs) / 1000,
    };
  }

  /** Reports what `fit` does. `onBegin` is called before the first step, and resolves with false if `fit` must not begin. */
  callback(onBegin: (training: Training) => Promise<boolean>): Callback {
    const { record } = this;
    const { events, onFigures } = this.#options;
    return {
      onCompile: (done, total) => {
        this.progress = { done, total };
      },
      onTrainBegin: async (training) => {
        if (await onBegin(training)) this.ready.resolve();
      },
      onEpochBegin: (_, training) => {
        this.#before = training.position();
        this.enter('training');
        this.#measure(this.#speed);
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
        events.emit('steps', { points: [point], isFresh: false });
        onFigures();
      },
      onTestBegin: ({ steps }) => {
        this.#validationBatches = steps;
        this.enter('validating');
        this.#measure(this.#validationSpeed);
      },
      onTestBatchEnd: (step, _, { steps }) => {
        this.#validationSpeed.step(1);
        this.progress = { done: step + 1, total: steps };
      },
      onTestEnd: () => this.#measure(undefined),
      onEpochEnd: (epoch, logs, training) => {
        record.epochs = [...record.epochs, { epoch: epoch + 1, step: training.position().step, logs }];
        events.emit('epochs', record.epochs);
      },
    };
  }

  #measure(speed: Speed | undefined): void {
    this.#current?.stop();
    this.#current = speed;
    speed?.start();
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // The caller that began the training handles a rejection. A restored training may not have a caller yet.
  promise.catch(() => undefined);
  return { promise, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}
