/** The page's App with a fake worker that records its calls. Tests set `state` to feed the views. */
import type { App, Cause, WorkerState } from '../../web/app.js';
import type { Phase, TrainingStatus } from '../../web/protocol.js';
import { defaultSettings } from '../../web/settings.js';
import { Store } from '../../web/store.js';

export interface FakeApp extends App {
  /** The calls in order, such as `training.begin`, with their arguments. */
  readonly calls: (readonly [name: string, ...given: unknown[]])[];
  /** By name, what a call resolves with or throws. Default: undefined. */
  readonly answers: Record<string, () => unknown>;
  /** The texts of all notes, including errors of `attempt`. */
  readonly said: string[];
}

/** As the page shows them. */
export const phases: readonly Phase[] = [
  'idle',
  'loading',
  'compiling',
  'training',
  'validating',
  'paused',
  'finished',
  'stopped',
  'lost',
];

const nothing = <T>(): Store<T | null> => new Store<T | null>(null);

/** Before the worker has sent anything. */
export function emptyState(): WorkerState {
  return {
    device: nothing(),
    status: nothing(),
    steps: nothing(),
    epochs: nothing(),
    memory: nothing(),
    model: nothing(),
    sets: nothing(),
    undo: nothing(),
    tuned: nothing(),
    note: nothing(),
  };
}

export function fakeApp(): FakeApp {
  const calls: FakeApp['calls'] = [];
  const answers: FakeApp['answers'] = {};
  const said: string[] = [];
  const part = (name: string): unknown =>
    new Proxy(
      {},
      {
        get:
          (_, method) =>
          async (...given: unknown[]) => {
            const called = `${name}.${String(method)}`;
            calls.push([called, ...given]);
            return answers[called]?.();
          },
      },
    );
  const worker = new Proxy({}, { get: (_, name) => part(String(name)) }) as App['worker'];
  const state = emptyState();
  return {
    worker,
    state,
    settings: new Store(defaultSettings),
    image: nothing(),
    busy: new Store<ReadonlySet<Cause>>(new Set()),
    say: (text) => void said.push(text),
    settle: () => undefined,
    attempt: async (_, work) => {
      try {
        await work();
      } catch (error) {
        said.push((error as Error).message);
      }
    },
    calls,
    answers,
    said,
  };
}

/** A status in the second of five epochs. */
export function statusOf(
  phase: TrainingStatus['phase'],
  changes: Partial<TrainingStatus> = {},
): TrainingStatus {
  return {
    phase,
    settings: defaultSettings,
    step: 150,
    epoch: 1,
    stepInEpoch: 50,
    stepsPerEpoch: 100,
    epochs: 5,
    loss: 0.25,
    accuracy: 0.9,
    learningRate: 1e-3,
    isScheduled: true,
    imagesPerSecond: 1_234,
    stepMs: 25.9,
    etaSeconds: 9,
    progress: null,
    savedAt: null,
    isUnderWay: !['idle', 'finished', 'stopped'].includes(phase),
    trouble: null,
    ...changes,
  };
}
