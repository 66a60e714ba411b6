/** What the page's views share: the worker, its latest events, the settings, and the current image. */
import type { Remote } from 'comlink';
import type { Cause, Prediction, Settings, WorkerApi, WorkerEvents } from './protocol.js';
import type { Store } from './store.js';

/** The image that is being classified: drawn, uploaded, or picked from the test set. */
export interface CurrentImage {
  /** The network's input: [height,width,channels], a byte per value. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** Its true class, if known. */
  readonly label: number | null;
  readonly source: 'drawing' | 'upload' | 'test';
  readonly prediction: Prediction | null;
}

export type { Cause };

/** The worker's latest event of each kind; null before the first. */
export type WorkerState = { readonly [Name in keyof WorkerEvents]: Store<WorkerEvents[Name] | null> };

/** The worker's API as the page calls it. */
export type RemoteWorker = {
  readonly [Name in keyof WorkerApi]: WorkerApi[Name] extends (...args: never[]) => unknown
    ? Remote<WorkerApi>[Name]
    : Remote<WorkerApi[Name]>;
};

export interface App {
  readonly worker: RemoteWorker;
  readonly state: WorkerState;
  /** The settings of the next training, synchronised with the page's URL. */
  readonly settings: Store<Settings>;
  readonly image: Store<CurrentImage | null>;
  /** The causes of the commands that are running (commands/command.ts). */
  readonly busy: Store<ReadonlySet<Cause>>;
  /** Shows a note and announces it to screen readers. Errors stay until they are closed or their cause is settled. */
  say(text: string, level?: 'info' | 'warning' | 'error', cause?: Cause): void;
  /** Removes the notes with this cause: the problem is solved, or no longer matters. */
  settle(cause: Cause): void;
  /** Runs `work`. Shows a note if it fails, and settles the cause if it succeeds. */
  attempt(cause: Cause, work: () => Promise<void>): Promise<void>;
}
