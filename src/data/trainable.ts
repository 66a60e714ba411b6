/** Checks that images can be trained on. */
import { DataError } from '../errors.js';
import type { LoadedDataset } from './loaded_dataset.js';

const remedies = {
  idx: 'Name files with images of several classes.',
  csv: 'Add rows of other classes.',
  pictures: 'Put the pictures of each class into its own folder, next to the others.',
} as const;

/** Throws: DataError when all training images are of one class: a constant answer would always be right. */
export function checkTrainable({ name, format, train }: LoadedDataset): void {
  const found = train.classCounts().flatMap((count, label) => (count > 0 ? [train.classNames[label]!] : []));
  if (found.length !== 1) return;
  const images = train.count === 1 ? 'the only image is' : `all ${train.count} images are`;
  throw new DataError(
    `${name}: ${images} of one class, '${found[0]!}', expected two or more classes. ${remedies[format]}`,
  );
}
