/**
 * Entry for Node. src/browser/index.ts is the entry for browsers, with the same names.
 *
 *   import { open, sequential, layers, optimizers, callbacks, datasets } from 'shadegrad';
 */
import { hostname } from 'node:os';
import { splitDataset } from './data/splits.js';
import { setFolderOpener } from './folder.js';
import { callbacks as platformless, charts as drawings } from './library.js';
import { type LoadOptions, loadDataset } from './node/datasets.js';
import { openFolder } from './node/files.js';
import { encodePng } from './node/png.js';
import { svgToPng } from './node/svg_png.js';
import { svgFile } from './report/charts/svg.js';
import { progressLine } from './report/progress_callback.js';
import { type TensorBoardOptions, tensorBoard } from './report/tensorboard/index.js';

setFolderOpener(openFolder);

// Exports here override those of the library.
export * from './library.js';
export { open, type OpenOptions } from './node/open.js';
export { openFolder } from './node/files.js';

export const callbacks = {
  ...platformless,
  /** Event files for TensorBoard, with pictures as PNG; see `tensorBoard` for its options. */
  tensorBoard: (options: TensorBoardOptions) =>
    tensorBoard({ encodePng, host: hostname(), pid: process.pid, ...options }),
  /** Keras's progress line on a terminal, or one line per epoch elsewhere. */
  progress: (sink: Parameters<typeof progressLine>[0] = process.stdout) => progressLine(sink),
};

export const datasets = {
  /** MNIST, 60,000 and 10,000 digits; see `loadDataset` for the search order. */
  digits: (options?: LoadOptions) => loadDataset('digits', options),
  /** Fashion-MNIST, 60,000 and 10,000 pieces of clothing. */
  fashion: (options?: LoadOptions) => loadDataset('fashion', options),
  /** A data set by name, or custom data by path: CSV, IDX, a folder of pictures by class. */
  load: (nameOrPath: string, options?: LoadOptions) => loadDataset(nameOrPath, options),
  /** Training, validation and test parts, by class and seed: `official`, `kaggle`, `45k/15k`, `k-fold`. */
  split: splitDataset,
};

/** Drawings as in a run's report; `charts.svg(drawing)` is a file's text, `charts.png(drawing)` its picture. */
export const charts = {
  ...drawings,
  png: (drawing: Parameters<typeof svgFile>[0]) => svgToPng(svgFile(drawing)),
};
