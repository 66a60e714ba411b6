/** What happens when standard output is closed: `head` has seen enough, or the user closed the terminal. */
import process from 'node:process';

/** As a shell reports a program that SIGPIPE ended. */
export const closedStatus = 141;

let listener: (() => void) | undefined;

/** Ends the process without a stack trace, unless a listener is set. */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A terminal that was closed answers with EIO.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      if (listener) listener();
      else process.exit(closedStatus);
    });
  }
}

/** Calls `heard` in place of ending the process, each time that something could not be written. */
export function listenForClosedOutput(heard: () => void): void {
  listener = heard;
}
