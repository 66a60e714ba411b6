/** A summary of a loaded data set, printed before the device is opened. */
import { shapeText } from '../data/dataset.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';

/** At most this many class names are listed. */
const namesShown = 10;

/** What was left aside, and `Data: digits from …: 60,000 training and 10,000 test images of 28×28×1 in 10 classes (0, 1, …).` */
export function describeData({
  name,
  source,
  train,
  validation,
  test,
  notes = [],
}: LoadedDataset): readonly string[] {
  const counts = [
    `${number(train.count)} training`,
    ...(validation ? [`${number(validation.count)} validation`] : []),
    ...(test ? [`${number(test.count)} test`] : []),
  ];
  const last = counts.pop()!;
  const parts = counts.length === 0 ? last : `${counts.join(', ')} and ${last}`;
  const { classCount } = train;
  const data = `Data: ${name} from ${source}: ${parts} images of ${shapeText(train)} in ${classCount} class${classCount === 1 ? '' : 'es'} (${describeClasses(train.classNames)}).`;
  return [data, ...notes];
}

export function describeClasses(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).join(', ');
  return names.length > namesShown ? `${shown}, …` : shown;
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
