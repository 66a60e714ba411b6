/** Loads the images of a command, and shows the progress of a download. */
import type { LoadedDataset } from '../data/loaded_dataset.js';
import type { PictureFit } from '../picture_preparation.js';
import { type LoadOptions, loadDataset } from '../node/datasets.js';
import type { Recipe } from '../recipe/recipe.js';
import { downloadProgress, pictureProgress } from './download_progress.js';
import type { Output } from './output.js';

/** The source of the images, and how to read them. */
export type DataSource = Pick<
  Recipe,
  'dataset' | 'data' | 'transpose' | 'shape' | 'pictures' | 'size' | 'skipBad'
>;

/** Also how many channels pictures are brought to, for a model that exists. */
export type ImageSource = DataSource & Pick<LoadOptions, 'channels'>;

/** Throws: as `loadDataset`. */
export async function loadImages(
  { dataset, data, transpose, shape, pictures, size, channels, skipBad }: ImageSource,
  { offline = false }: { readonly offline?: boolean },
  output: Output,
): Promise<LoadedDataset> {
  return loadDataset(dataset, {
    ...(data === null ? {} : { folder: data }),
    ...(shape === null ? {} : { shape }),
    transpose,
    ...(pictures && { pictures }),
    ...(size && { size }),
    ...(channels && { channels }),
    ...(skipBad && { skipBad }),
    offline,
    onProgress: downloadProgress(output),
    onPicture: pictureProgress(output),
  });
}

/** The options that name images. */
export interface DataOptions {
  readonly dataset: string;
  readonly data?: string;
  readonly transpose?: boolean;
  readonly imageShape?: NonNullable<DataSource['shape']>;
  readonly size?: NonNullable<DataSource['size']>;
  readonly fit?: string;
  readonly background?: string;
  readonly skipBad?: boolean;
}

export function dataSourceOf(options: DataOptions): DataSource {
  const { dataset, data = null, transpose = false, imageShape: shape = null } = options;
  return { dataset, data, transpose, shape, ...pictureChoice(options) };
}

/** The part of a recipe that the options for pictures determine. */
export function pictureChoice({
  size,
  fit,
  background,
  skipBad,
}: Pick<DataOptions, 'size' | 'fit' | 'background' | 'skipBad'>): Pick<
  DataSource,
  'pictures' | 'size' | 'skipBad'
> {
  const pictures = {
    ...(fit === undefined ? {} : { fit: fit as PictureFit }),
    ...(background === undefined ? {} : { background }),
  };
  return {
    ...(Object.keys(pictures).length > 0 ? { pictures } : {}),
    ...(size === undefined ? {} : { size }),
    ...(skipBad ? { skipBad } : {}),
  };
}
