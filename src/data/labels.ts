/** Number and names of classes, from labels. */
import { DataError } from '../errors.js';

/** Labels are stored in at most 16 bits. */
export const maxLabel = 0xffff;
export const maxClasses = maxLabel + 1;

/** Number of classes that may lack images, as in a sample of a large set, or in EMNIST letters, which start at 1. */
const mayLack = 1000;

/**
 * One more than the largest label.
 *
 * Throws: DataError naming `who` for more than 1,000 classes most of which have no image: such labels are not classes,
 * and a network would have an output for each.
 */
export function countClasses(who: string, labels: readonly ArrayLike<number>[]): number {
  const isThere = new Uint8Array(maxClasses);
  for (const own of labels) for (let i = 0; i < own.length; i++) isThere[own[i]!] = 1;
  const largest = Math.max(0, isThere.lastIndexOf(1));
  const found = isThere.reduce((sum, one) => sum + one, 0);
  if (largest >= mayLack && found <= largest / 2) {
    throw new DataError(
      `${who}: the largest label is ${largest}, which makes ${largest + 1} classes, but only ${found} of them have images; expected labels from 0 on without gaps. Number the classes from 0 to ${found - 1}.`,
    );
  }
  return largest + 1;
}

/** The smallest label if all from it to the largest have images, as in EMNIST letters, which start at 1; otherwise 0. */
export function firstLabel(labels: readonly ArrayLike<number>[]): number {
  const isThere = new Uint8Array(maxClasses);
  for (const own of labels) for (let i = 0; i < own.length; i++) isThere[own[i]!] = 1;
  const [first, last] = [isThere.indexOf(1), isThere.lastIndexOf(1)];
  return first > 0 && last > first && isThere.subarray(first, last + 1).every((one) => one === 1) ? first : 0;
}

/** Default class names. */
export function numbered(classes: number): string[] {
  return Array.from({ length: classes }, (_, label) => String(label));
}

/** The first names of a long list, for messages. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(', ');
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}
