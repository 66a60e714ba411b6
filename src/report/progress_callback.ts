/** The progress line as a callback of `fit`. */
import type { Callback } from '../nn/callbacks/callback.js';
import { checkArgument, checkCall } from '../calls.js';
import { flag, having } from '../options.js';
import { ProgressLine, type Sink } from './progress_line.js';

/**
 * Shows compilation, gradient accumulation, then one line per epoch like Keras: overwritten in place on a terminal,
 * written once elsewhere. Default of `colour`: whether the sink is a terminal.
 */
export function progressLine(sink: Sink, options: { readonly colour?: boolean } = {}): Callback {
  checkArgument('progress', 'sink', sink, () => having('a stream, such as process.stderr', 'write'));
  checkCall('progress', options, () => ({ colour: flag }));
  const { colour = sink.isTTY === true } = options;
  let line: ProgressLine | undefined;
  const compiling = compileProgress(sink);
  return {
    onCompile: (done, total) => compiling(done, total),
    onTrainBegin: ({ accumulation }) => {
      if (accumulation !== undefined) sink.write(`${accumulation}\n`);
    },
    onEpochBegin: (epoch, { epochs, stepsPerEpoch, batchSize, position }) => {
      sink.write(`Epoch ${epoch + 1}/${epochs}\n`);
      const doneBefore = Math.ceil(position().cursor / batchSize);
      line = new ProgressLine(sink, { total: stepsPerEpoch, doneBefore, imagesPerStep: batchSize, colour });
    },
    onBatchEnd: (step, logs) => line?.update(step + 1, logs),
    onEpochEnd: (_, logs) => line?.finish(logs),
    onTrainEnd: (_logs, _training, isInterrupted) => {
      if (isInterrupted) line?.interrupt();
    },
  };
}

/** Shows the number of compiled kernels: overwritten on a terminal, one line at the end elsewhere. */
export function compileProgress(sink: Sink): (done: number, total: number) => void {
  let started = 0;
  let before = Infinity;
  return (done, total) => {
    // A smaller count means that another program, such as the validation, started.
    if (done <= before) started = performance.now();
    before = done;
    const seconds = (performance.now() - started) / 1000;
    const isLast = done === total;
    if (sink.isTTY) sink.write(`\rCompiling kernels ${done}/${total}${isLast ? '\r\u001B[K' : ''}`);
    // Prints nothing if the driver had all kernels in its cache.
    else if (isLast && seconds > 1) sink.write(`Compiled ${total} kernels in ${seconds.toFixed(1)} s.\n`);
  };
}
