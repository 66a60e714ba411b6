/** Classes that page and worker treat specially. */

/** Whether the classes are the ten digits: then the ink of a picture is cropped, scaled and centred. */
export function areDigits(classNames: readonly string[]): boolean {
  return classNames.length === 10 && classNames.every((name, label) => name === String(label));
}
