/** From labels to classes: how many there are, and what to call them. */
import { DataError } from '../errors.js';

/** Labels are stored in at most 16 bits. */
export const maxLabel = 0xffff;
export const maxClasses = maxLabel + 1;

/** So many classes may lack images: a sample of a large set does, and EMNIST's letters begin with 1. */
const mayLack = 1000;

/**
 * One more than the largest label.
 *
 * Throws: DataError naming `who` when that makes more than 1,000 classes and most of them have no image: such labels are
 * numbers of something else, and a network would have an output for each.
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

/** What classes are called that nothing names. */
export function numbered(classes: number): string[] {
  return Array.from({ length: classes }, (_, label) => String(label));
}

/** The first of many names. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(', ');
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}
