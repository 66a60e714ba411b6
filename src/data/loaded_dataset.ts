/** The result of loading a data set, independent of its file format. */
import type { ImageSet, UnlabelledImages } from './dataset.js';

/** Format of the files: IDX, CSV rows, or pictures in folders. */
export type DataFormat = 'idx' | 'csv' | 'pictures';

export interface LoadedDataset {
  /** For file names and headings: `digits`, `fashion`, or the name of the file or folder. */
  readonly name: string;
  readonly format: DataFormat;
  readonly train: ImageSet;
  /** Undefined if the data set has no labelled test part. */
  readonly test?: ImageSet;
  /** The validation part that comes with the data, if any. */
  readonly validation?: ImageSet;
  /** A test part without labels, as in Kaggle's competitions. */
  readonly unlabelled?: UnlabelledImages;
  /** What was left aside, in sentences. */
  readonly notes?: readonly string[];
  /** Where the files were found, for display. */
  readonly source: string;
}
