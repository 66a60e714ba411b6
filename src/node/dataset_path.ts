/** A data set of the user's own, by its path on the disk. */
import { type FilesOptions, loadFiles } from '../data/dataset_files.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { diskTree } from './disk_tree.js';

/** See `loadFiles` for what a path may lead to, and for the errors. */
export async function loadPath(at: string, options?: FilesOptions): Promise<LoadedDataset> {
  return loadFiles(diskTree, at, options);
}
