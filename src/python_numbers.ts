/**
 * Numbers as Python writes them, for messages, file names and logs that must read as Keras's do.
 *
 * Source: the Python reference, "Format Specification Mini-Language"; repr() of a float.
 */

/** `repr(float)`: the shortest digits that give the same number; `1.0`, `1e-05`, `nan`, `-inf`. */
export function pythonRepr(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (Object.is(value, -0)) return '-0.0';
  const exponent = Number(/e([+-]\d+)$/.exec(value.toExponential())?.[1]);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) return pad(value.toExponential());
  // JavaScript turns to exponents later at both ends, so this text has none; a whole number lacks its point.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** `format(value, '.Nf')`. A tie goes to the even digit, where JavaScript's toFixed takes the larger number. */
export function pythonFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size >= 1e21) return sign + wholeDigits(size) + (digits > 0 ? `.${'0'.repeat(digits)}` : '');
  return sign + (isTie(size, digits) ? toEven(size, digits) : size.toFixed(digits));
}

/** `format(value, '.Ne')`: two digits of exponent at least. */
export function pythonExponential(value: number, digits: number): string {
  return Number.isFinite(value) ? pad(value.toExponential(digits)) : notFinite(value);
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

function pad(exponential: string): string {
  return exponential.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A double that lies midway has exactly one decimal more, a 5; thirty more decimals tell it from its neighbours. */
function isTie(size: number, digits: number): boolean {
  const rest = size
    .toFixed(Math.min(100, digits + 30))
    .split('.')[1]!
    .slice(digits);
  return /^50*$/.test(rest);
}

function toEven(size: number, digits: number): string {
  const below = size.toFixed(digits + 1).replace(/\.?5$/, '');
  return /[13579]$/.test(below) ? size.toFixed(digits) : below;
}

function wholeDigits(size: number): string {
  return BigInt(size).toString();
}
