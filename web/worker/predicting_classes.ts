/** What a model's classes are, as far as page and worker act on it. */

/** Whether they are the ten digits: then the ink of a picture is looked for, scaled and centred. */
export function areDigits(classNames: readonly string[]): boolean {
  return classNames.length === 10 && classNames.every((name, label) => name === String(label));
}
