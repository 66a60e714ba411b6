/** What the views of the page share: the worker, what it tells, the settings, and the image that is being looked at. */
import type { Remote } from 'comlink';
import type { Cause, Prediction, Settings, WorkerApi, WorkerEvents } from './protocol.js';
import type { Store } from './store.js';

/** The image on the table: drawn, uploaded, or picked from the test set. */
export interface CurrentImage {
  /** As the network takes it: [height,width,channels], a byte per value. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** What it is, where that is known. */
  readonly label: number | null;
  readonly source: 'drawing' | 'upload' | 'test';
  readonly prediction: Prediction | null;
}

export type { Cause };

/** What the worker last told, by name; null before the first time. */
export type WorkerState = { readonly [Name in keyof WorkerEvents]: Store<WorkerEvents[Name] | null> };

/** The worker, with the calls of each of its parts. */
export type RemoteWorker = {
  readonly [Name in keyof WorkerApi]: WorkerApi[Name] extends (...args: never[]) => unknown
    ? Remote<WorkerApi>[Name]
    : Remote<WorkerApi[Name]>;
};

export interface App {
  readonly worker: RemoteWorker;
  readonly state: WorkerState;
  /** What the next training is to be; kept in the page's address. */
  readonly settings: Store<Settings>;
  readonly image: Store<CurrentImage | null>;
  /** The causes of the commands that are running (commands/command.ts). */
  readonly busy: Store<ReadonlySet<Cause>>;
  /** Shows a note, and tells screen readers. Errors stay until they are closed, or their cause is settled. */
  say(text: string, level?: 'info' | 'warning' | 'error', cause?: Cause): void;
  /** What went wrong with this works again, or does not matter any more: its notes go. */
  settle(cause: Cause): void;
  /** Runs `work`: says what goes wrong, and settles the cause when all goes well. */
  attempt(cause: Cause, work: () => Promise<void>): Promise<void>;
}
