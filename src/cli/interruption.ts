/** Ctrl-C: what a training still does then, and what it tells. */
import process from 'node:process';
import type { Folder } from '../folder.js';
import type { History } from '../nn/training.js';
import type { Lock } from '../node/files.js';
import { endProcess } from '../node/patience.js';
import { type Output, shellWord } from './output.js';

/** The first Ctrl-C ends training after the step under way, the second one ends the process. */
export function listenForInterrupt(output: Output): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    if (controller.signal.aborted) {
      endProcess(130);
      return;
    }
    output.say('', 'Stopping after this step; press Ctrl-C again to quit without saving.');
    controller.abort();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
    },
  };
}

/** After training nothing is lost by ending at once: the weights are saved, and a resumed run only tests them. */
export function listenAfterTraining(output: Output, folder: Folder, lock: Lock): () => void {
  const onInterrupt = (): void => {
    const status = reportUntested(output, folder);
    void lock.release().finally(() => output.stream.write('', () => endProcess(status)));
  };
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  return () => {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  };
}

export function reportUntested(output: Output, folder: Folder): number {
  output.say('', 'Interrupted after training, which is saved; the report is not finished. Go on with:');
  output.say(resumeCommand(folder));
  return 130;
}

const resumeCommand = ({ path: at }: Folder): string => `  npm run train -- --resume ${shellWord(at)}`;

export function reportInterruption(
  output: Output,
  folder: Folder,
  { checkpoint: { position } }: History,
): number {
  output.say(
    `Interrupted in epoch ${position.epoch + 1} after ${position.step} step${position.step === 1 ? '' : 's'}; saved. Go on with:`,
  );
  output.say(resumeCommand(folder));
  return 130;
}
