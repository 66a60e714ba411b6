/** What loading a data set gives, whatever its files were. */
import type { ImageSet, UnlabelledImages } from './dataset.js';

/** What the files were: IDX, rows of a CSV, or pictures in folders. */
export type DataFormat = 'idx' | 'csv' | 'png';

export interface LoadedDataset {
  /** For file names and headings: `digits`, `fashion`, or what the file or folder is called. */
  readonly name: string;
  readonly format: DataFormat;
  readonly train: ImageSet;
  /** Undefined when the data hold no part with labels that is kept for testing. */
  readonly test?: ImageSet;
  /** A part that the data themselves set aside for validation. */
  readonly validation?: ImageSet;
  /** A test part without labels, as in Kaggle's competitions. */
  readonly unlabelled?: UnlabelledImages;
  /** Where the files were found, for people to read. */
  readonly source: string;
}
