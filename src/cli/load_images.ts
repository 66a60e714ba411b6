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
  'dataset' | 'data' | 'transpose' | 'shape' | 'labelColumn' | 'pixelRange' | 'pictures' | 'size' | 'skipBad'
>;

/** Also how many channels pictures are brought to, for a model that exists. */
export type ImageSource = DataSource & Pick<LoadOptions, 'channels'>;

/** Throws: as `loadDataset`. */
export async function loadImages(
  source: ImageSource,
  { offline = false }: { readonly offline?: boolean },
  output: Output,
): Promise<LoadedDataset> {
  const { dataset, data, transpose, shape, labelColumn, pixelRange } = source;
  const { pictures, size, channels, skipBad } = source;
  return loadDataset(dataset, {
    ...(data === null ? {} : { folder: data }),
    ...(shape === null ? {} : { shape }),
    transpose,
    ...(labelColumn !== undefined && { labelColumn }),
    ...(pixelRange && { pixelRange }),
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
  readonly labelColumn?: string;
  readonly pixelRange?: NonNullable<DataSource['pixelRange']>;
  readonly size?: NonNullable<DataSource['size']>;
  readonly fit?: string;
  readonly background?: string;
  readonly skipBad?: boolean;
}

export function dataSourceOf(options: DataOptions): DataSource {
  const { dataset, data = null, transpose = false, imageShape: shape = null } = options;
  return { dataset, data, transpose, shape, ...formChoice(options) };
}

/** The part of a recipe that the options for tables and pictures determine. */
export function formChoice({
  labelColumn,
  pixelRange,
  size,
  fit,
  background,
  skipBad,
}: Omit<DataOptions, 'dataset'>): Pick<
  DataSource,
  'labelColumn' | 'pixelRange' | 'pictures' | 'size' | 'skipBad'
> {
  const pictures = {
    ...(fit === undefined ? {} : { fit: fit as PictureFit }),
    ...(background === undefined ? {} : { background }),
  };
  return {
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(pixelRange === undefined ? {} : { pixelRange }),
    ...(Object.keys(pictures).length > 0 ? { pictures } : {}),
    ...(size === undefined ? {} : { size }),
    ...(skipBad ? { skipBad } : {}),
  };
}
