/** Stops a training early, on Ctrl-C, another signal or closed output, and saves what can be saved. */
import process from 'node:process';
import type { Folder } from '../folder.js';
import type { History } from '../nn/training/training.js';
import { endProcess } from '../node/await_gpu.js';
import { closedStatus, listenForClosedOutput } from './closed_output.js';
import { type Output, counted, sayError, shellWord } from './output.js';

/** Each signal with the exit code that a shell reports for a program ended by it. */
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const mostMsToFlush = 500;

/**
 * preparing  there is nothing to save: the process ends at once
 * training   `signal` is aborted; training stops after the current step and saves. A second signal ends the process
 * testing    the training is saved, and resuming it only tests: the process ends at once
 */
type Phase = 'preparing' | 'training' | 'testing';

export class Interruption {
  phase: Phase = 'preparing';
  /** The exit code of the process; 0 until it is interrupted. */
  status = 0;
  readonly #controller = new AbortController();
  readonly #listeners: [NodeJS.Signals, () => void][] = [];
  #isClosed = false;

  /** `release` unlocks the run folder synchronously, when the process ends. */
  constructor(
    private readonly output: Output,
    private readonly folder: Folder,
    private readonly release: () => void,
  ) {
    for (const [name, status] of Object.entries(signals)) {
      const listener = (): void => this.#stop(status, 'again');
      this.#listeners.push([name as NodeJS.Signals, listener]);
      process.on(name, listener);
    }
    listenForClosedOutput(() => {
      this.#isClosed = true;
      // The message about stopping fails to be written, too, and calls this again.
      this.#stop(closedStatus, 'once');
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #stop(status: number, times: 'once' | 'again'): void {
    if (this.status !== 0) {
      if (times === 'again') this.#end();
      return;
    }
    this.status = status;
    if (this.phase === 'training') {
      this.say('', 'Stopping after this step; press Ctrl-C again to quit without saving.');
      this.#controller.abort();
      return;
    }
    if (this.phase === 'testing') this.reportUntested();
    this.#end();
  }

  #end(): void {
    this.release();
    const { stream } = this.output;
    // Writes to a socket may still be pending; wait for them, but not for a reader that has stopped reading.
    const timer = setTimeout(() => endProcess(this.status), mostMsToFlush);
    stream.write('', () => {
      clearTimeout(timer);
      endProcess(this.status);
    });
  }

  /** Prints lines, to standard error if standard output is closed. */
  say(...lines: string[]): void {
    if (this.#isClosed) sayError(...lines);
    else this.output.say(...lines);
  }

  /** Prints where training stopped and how to resume it; returns the exit code. */
  reportStopped({ checkpoint: { position } }: History): number {
    const steps = counted(position.step, 'step');
    this.say(`Interrupted in epoch ${position.epoch + 1} after ${steps}; saved. Resume with:`);
    this.say(this.#resumeCommand);
    return this.status;
  }

  /** Like `reportStopped`, for a training that was not tested yet. */
  reportUntested(): number {
    this.say('', 'Interrupted after training, which is saved; the report is not finished. Resume with:');
    this.say(this.#resumeCommand);
    return this.status;
  }

  get #resumeCommand(): string {
    return `  npm run train -- --resume ${shellWord(this.folder.path)}`;
  }

  /** Restores the default handling of signals, but not of closed output: the work is done by then. */
  dispose(): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener);
  }
}
