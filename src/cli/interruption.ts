/** What ends a training before its time (Ctrl-C, a signal, closed output), and what it still does then. */
import process from 'node:process';
import type { Folder } from '../folder.js';
import type { History } from '../nn/training.js';
import { endProcess } from '../node/await_gpu.js';
import { closedStatus, listenForClosedOutput } from './closed_output.js';
import { type Output, sayError, shellWord } from './output.js';

/** With the status that a shell reports for a program that the signal ended. */
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const mostMsToFlush = 500;

/**
 * preparing  nothing is worth saving: the process ends at once
 * training   `signal` is aborted; training stops after the step under way and saves. A second signal ends the process
 * testing    training is saved, and a resumed run only tests: the process ends at once
 */
type Phase = 'preparing' | 'training' | 'testing';

export class Interruption {
  phase: Phase = 'preparing';
  /** What the process returns once it has been interrupted. */
  status = 0;
  readonly #controller = new AbortController();
  readonly #heard: [NodeJS.Signals, () => void][] = [];
  #isClosed = false;

  /** `giveBack`: releases the run folder at once, when the process ends. */
  constructor(
    private readonly output: Output,
    private readonly folder: Folder,
    private readonly giveBack: () => void,
  ) {
    for (const [name, status] of Object.entries(signals)) {
      const listener = (): void => this.#stop(status, 'again');
      this.#heard.push([name as NodeJS.Signals, listener]);
      process.on(name, listener);
    }
    listenForClosedOutput(() => {
      this.#isClosed = true;
      // What stopping says cannot be written either.
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
    this.giveBack();
    const { stream } = this.output;
    // Output may still be on its way to a socket; a reader that does not read does not delay the exit.
    const timer = setTimeout(() => endProcess(this.status), mostMsToFlush);
    stream.write('', () => {
      clearTimeout(timer);
      endProcess(this.status);
    });
  }

  /** To standard error where standard output is closed. */
  say(...lines: string[]): void {
    if (this.#isClosed) sayError(...lines);
    else this.output.say(...lines);
  }

  /** Says where training stopped and how to resume it; returns the exit code. */
  reportStopped({ checkpoint: { position } }: History): number {
    const steps = `${position.step} step${position.step === 1 ? '' : 's'}`;
    this.say(`Interrupted in epoch ${position.epoch + 1} after ${steps}; saved. Go on with:`);
    this.say(this.#resumeCommand);
    return this.status;
  }

  /** As `reportStopped`, of a training that ended and was not tested. */
  reportUntested(): number {
    this.say('', 'Interrupted after training, which is saved; the report is not finished. Go on with:');
    this.say(this.#resumeCommand);
    return this.status;
  }

  get #resumeCommand(): string {
    return `  npm run train -- --resume ${shellWord(this.folder.path)}`;
  }

  /** Signals end the process again as they do by default; closed output still does not, since work is over. */
  dispose(): void {
    for (const [name, listener] of this.#heard) process.off(name, listener);
  }
}
