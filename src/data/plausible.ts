/** What is unusual about a data set, and what to do: said before a training, which goes on. */
import { someOf } from './labels.js';
import type { LoadedDataset } from './loaded_dataset.js';

/** Fewer images per class than this are more often a wrong column of labels than a small set. */
const fewPerClass = 4;
/** The largest class is this many times the smallest. */
const unequal = 10;

export function unusual({ train, test }: LoadedDataset): string[] {
  const { classNames, classCount, count } = train;
  const counts = train.classCounts();
  if (classCount > 20 && count < fewPerClass * classCount)
    return [
      `Unusual: ${classCount} classes for ${count} images. Is the right column the label (--label-column), or are folders pictures of one class?`,
    ];
  const lines: string[] = [];
  const named = (accepts: (count: number) => boolean): string[] =>
    classNames.filter((_, label) => accepts(counts[label]!));
  const single = named((of) => of === 1);
  if (single.length > 0)
    lines.push(
      `Unusual: only one image of ${someOf(single)}, which cannot be both trained on and tested. Add images, or remove the class.`,
    );
  const present = counts.filter((of) => of > 0);
  const [least, most] = [Math.min(...present), Math.max(...present)];
  if (most >= unequal * least) {
    const nameOf = (of: number): string => classNames[counts.indexOf(of)]!;
    lines.push(
      `Unequal classes: ${most} images of ${nameOf(most)}, ${least} of ${nameOf(least)}. See the balanced accuracy, and try --class-weights balanced or --oversample.`,
    );
  }
  if (test) {
    const tested = test.classCounts();
    const untested = classNames.filter((_, label) => counts[label]! > 0 && tested[label] === 0);
    if (untested.length > 0) lines.push(`Not tested: the test part has no image of ${someOf(untested)}.`);
  }
  return lines;
}
