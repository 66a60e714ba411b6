/** Handles a closed standard output: `head` has read enough, or the user closed the terminal. */
import process from 'node:process';

/** The exit code that a shell reports for a program ended by SIGPIPE. */
export const closedStatus = 141;

let listener: (() => void) | undefined;

/** Makes a failed write end the process without a stack trace, unless a listener is set. */
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

/** Calls `onClosed` at every failed write, instead of ending the process. */
export function listenForClosedOutput(onClosed: () => void): void {
  listener = onClosed;
}
