/** Callbacks of Node, as `callbacks`: those that every platform has, and those that need a terminal or a PNG encoder. */
import { hostname } from 'node:os';
import process from 'node:process';
import type { Callback } from '../nn/callbacks/callback.js';
import { progressLine } from '../report/progress_callback.js';
import { type TensorBoardOptions, tensorBoard as eventFiles } from '../report/tensorboard/index.js';
import { encodePng } from '../node/png.js';

export * from './callbacks.js';

/** Event files for TensorBoard, with pictures as PNG; see `tensorBoard` for its options. */
export function tensorBoard(options: TensorBoardOptions): Callback {
  return eventFiles({ encodePng, host: hostname(), pid: process.pid, ...options });
}

/** Keras's progress line on a terminal, or one line per epoch elsewhere. */
export function progress(sink: Parameters<typeof progressLine>[0] = process.stdout): Callback {
  return progressLine(sink);
}
