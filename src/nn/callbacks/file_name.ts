/** File names with replacement fields, such as `{epoch:02d}-{val_loss:.2f}`: Python's str.format for numbers. */
import { UsageError } from '../../errors.js';
import { pythonExponential, pythonFixed, pythonRepr } from '../../python_numbers.js';

/** Width, precision and type of a field. */
const spec = /^(?<fill>0?)(?<width>\d*)(?:\.(?<precision>\d+))?(?<type>[dfe]?)$/;

/**
 * Formats a template. Names in `whole` are integers, those in `real` floats, which Python formats differently; `{{` and
 * `}}` are braces.
 *
 * Throws: UsageError for an unknown field, or a format other than d, f and e with width and precision.
 */
export function fileName(
  template: string,
  whole: Readonly<Record<string, number>>,
  real: Readonly<Record<string, number>>,
): string {
  return template.replaceAll(
    /\{\{|\}\}|\{([^{}:]*)(?::([^{}]*))?\}/g,
    (field: string, name?: string, format: string = '') => {
      if (name === undefined) return field[0]!;
      const isWhole = Object.hasOwn(whole, name);
      const value = isWhole ? whole[name] : Object.hasOwn(real, name) ? real[name] : undefined;
      if (value === undefined) {
        const known = Object.keys({ ...whole, ...real }).join(', ');
        throw new UsageError(`modelCheckpoint: '${template}' asks for '${name}', expected one of ${known}.`);
      }
      const text = formatted(value, isWhole, format);
      if (text === undefined) {
        const expected = isWhole ? '02d, 4d or the like' : '.2f, 08.4f, .3e or the like';
        throw new UsageError(
          `modelCheckpoint: '${template}' has the format '${format}' for '${name}', expected ${expected}.`,
        );
      }
      return text;
    },
  );
}

function formatted(value: number, isWhole: boolean, format: string): string | undefined {
  const groups = spec.exec(format)?.groups;
  if (!groups) return undefined;
  const { fill, width, precision, type } = groups;
  // Python refuses a precision for integers, and `d` for floats.
  if (type === 'd' ? !isWhole || precision !== undefined : type === '' && precision !== undefined)
    return undefined;
  const digits = precision === undefined ? 6 : Number(precision);
  const text =
    type === 'f'
      ? pythonFixed(value, digits)
      : type === 'e'
        ? pythonExponential(value, digits)
        : isWhole
          ? String(value)
          : pythonRepr(value);
  if (fill !== '0') return text.padStart(Number(width));
  const sign = text.startsWith('-') ? '-' : '';
  return sign + text.slice(sign.length).padStart(Number(width) - sign.length, '0');
}
