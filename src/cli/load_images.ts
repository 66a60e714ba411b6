/** Loads the images of a command, and shows the progress of a download. */
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { loadDataset } from '../node/datasets.js';
import type { Recipe } from '../recipe/recipe.js';
import { downloadProgress } from './download_progress.js';
import type { Output } from './output.js';

/** The source of the images, and how to read them. */
export type DataSource = Pick<Recipe, 'dataset' | 'data' | 'transpose' | 'shape'>;

/** Throws: as `loadDataset`. */
export async function loadImages(
  { dataset, data, transpose, shape }: DataSource,
  { offline = false }: { readonly offline?: boolean },
  output: Output,
): Promise<LoadedDataset> {
  return loadDataset(dataset, {
    ...(data === null ? {} : { folder: data }),
    ...(shape === null ? {} : { shape }),
    transpose,
    offline,
    onProgress: downloadProgress(output),
  });
}

/** The options that name images. */
export interface DataOptions {
  readonly dataset: string;
  readonly data?: string;
  readonly transpose?: boolean;
  readonly imageShape?: NonNullable<DataSource['shape']>;
}

export function dataSourceOf({ dataset, data, transpose, imageShape }: DataOptions): DataSource {
  return { dataset, data: data ?? null, transpose: transpose ?? false, shape: imageShape ?? null };
}
