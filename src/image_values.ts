/** Checks the values of images and labels. */
import {
  type RequiredRule,
  type Rules,
  countOrZero,
  integer,
  isNumberList,
  required,
  rule,
  wrong,
} from './options.js';

export const integerList = (): RequiredRule => required(rule('a list of integers', isNumberList));

/**
 * Bytes in a byte array or a list of numbers. The error for floats says how to convert them.
 */
export const pixelsRule = (): RequiredRule =>
  required((value, who, name) => {
    if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return undefined;
    const expected = 'bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them';
    if (!isNumberList(value) || value instanceof Float32Array || value instanceof Float64Array)
      return expected;
    const byte = integer(0, 255);
    Array.from(value as ArrayLike<unknown>).forEach((each, i) => {
      if (byte(each, who, name) !== undefined) throw wrong(who, `${name}[${i}]`, each, expected);
    });
    return undefined;
  });

/** Index of the first label that is not an integer from 0 to classes − 1; −1 if all are valid. */
export function firstOrphan(labels: ArrayLike<number>, classes: number): number {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes) return i;
  }
  return -1;
}

/** Pixels in rows, channels last. */
export const pictureRules = (): Rules<Record<'data' | 'width' | 'height' | 'channels', unknown>> => ({
  data: required(
    rule(
      'a Uint8Array or Uint8ClampedArray',
      (value) => value instanceof Uint8Array || value instanceof Uint8ClampedArray,
    ),
  ),
  // `checkPicture` checks the number of pixels.
  width: required(countOrZero),
  height: required(countOrZero),
  channels: required(integer(1, 4)),
});
