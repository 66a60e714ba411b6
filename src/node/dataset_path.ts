/** Loads a custom data set by its path on disk. */
import { type FilesOptions, loadFiles } from '../data/dataset_files.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { diskTree } from './disk_tree.js';

/** See `loadFiles` for accepted files and errors. */
export async function loadPath(at: string, options?: FilesOptions): Promise<LoadedDataset> {
  return loadFiles(diskTree, at, options);
}
