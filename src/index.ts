/**
 * Entry for Node. src/browser/index.ts is the entry for browsers, with the same names.
 *
 *   import { open, sequential, layers, optimizers, callbacks, datasets } from 'shadegrad';
 */
import { splitDataset } from './data/splits.js';
import { anyData } from './nn/samples/any_data.js';
import { allData } from './nn/samples/all_data.js';
import { setFolderOpener } from './folder.js';
import { parameterExtensions } from './nn/parameters/parameter_options.js';
import { allParameterOptions } from './nn/parameters/parameter_extensions.js';
import { type LoadOptions, loadDataset } from './node/datasets.js';
import { openFolder } from './node/files.js';

anyData.provide(allData);
setFolderOpener(openFolder);
parameterExtensions.provide(allParameterOptions);

// Exports here override those of the library.
export * from './library.js';
export { open, type OpenOptions } from './node/open.js';
export { openFolder } from './node/files.js';
export { readPicture } from './node/read_picture.js';
export { imagesFor } from './library/pictures.js';
export { digitImage } from './data/digit_image.js';
export { fitPicture, type Picture } from './data/picture.js';
export type { PicturePreparation } from './picture_preparation.js';

/** Those of the library, with a terminal and a PNG encoder. */
export * as callbacks from './library/node_callbacks.js';

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
export * as charts from './library/node_charts.js';
