/**
 * shadegrad for browsers: what users import in a page or a worker. The same names as Node's entry (src/index.ts), with
 * the browser's own files and data sets.
 *
 *   import { open, sequential, layers, optimizers, callbacks, datasets } from 'shadegrad';
 */
import { splitDataset } from '../data/splits.js';
import { anyData } from '../nn/samples/any_data.js';
import { allData } from '../nn/samples/all_data.js';
import { setFolderOpener } from '../folder.js';
import { parameterExtensions } from '../nn/parameters/parameter_options.js';
import { allParameterOptions } from '../nn/parameters/parameter_extensions.js';
import { checkCall } from '../calls.js';
import { type FetchOptions, type FetchedDataset, addressRule, fetchDataset, fetchRules } from './datasets.js';
import { chosenFiles, datasetFromFiles, droppedFiles } from './dropped_files.js';
import { openOpfsFolder } from './opfs_folder.js';

anyData.provide(allData);
setFolderOpener(openOpfsFolder);
parameterExtensions.provide(allParameterOptions);

export * from '../library.js';
export { open, type OpenOptions } from './open.js';
export {
  isOpfsUsable,
  openOpfsFolder as openFolder,
  removeOpfsFolder as removeFolder,
} from './opfs_folder.js';
export { memoryFolder, type MemoryFolder } from '../memory_folder.js';
export { browserTuningStore, useStoredKernels } from './tuning_store.js';
export { type FromPixelsOptions, type PixelSource, fromPixels } from './from_pixels.js';
export { readPicture } from './read_picture.js';
export { digitImage } from '../data/digit_image.js';
export { fitPicture, type Picture } from '../data/picture.js';
export { imagesFor } from '../library/pictures.js';
export type { PicturePreparation } from '../picture_preparation.js';

/** Default location of the page's data sets. */
const dataFolder = 'data/';

type Fetching = FetchOptions & { readonly base?: URL | string };

async function fetchKnown(name: 'digits' | 'fashion', fetching: Fetching = {}): Promise<FetchedDataset> {
  checkCall(`datasets.${name}`, fetching, () => ({ base: addressRule(), ...fetchRules() }));
  const { base = dataFolder, ...options } = fetching;
  return fetchDataset(base, name, options);
}

export const datasets = {
  /** MNIST, 60,000 and 10,000 digits, from `data/digits/` next to the page; see `fetchDataset`. */
  digits: (options?: Fetching) => fetchKnown('digits', options),
  /** Fashion-MNIST, 60,000 and 10,000 pieces of clothing, from `data/fashion/`. */
  fashion: (options?: Fetching) => fetchKnown('fashion', options),
  /** Any data set of the page's origin, or its test part. */
  fetch: fetchDataset,
  /** A custom data set from files: `datasets.fromFiles(chosenFiles(input.files))`. */
  fromFiles: datasetFromFiles,
  chosenFiles,
  droppedFiles,
  /** Training, validation and test parts, by class and seed: `official`, `kaggle`, `45k/15k`, `k-fold`. */
  split: splitDataset,
};
