/**
 * Formats numbers like Python, for messages, file names and logs that match those of Keras.
 *
 * Source: the Python reference, "Format Specification Mini-Language"; repr() of a float.
 */

/** `repr(float)`: the shortest digits that give the same number; `1.0`, `1e-05`, `nan`, `-inf`. */
export function pythonRepr(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (Object.is(value, -0)) return '-0.0';
  const exponent = Number(/e([+-]\d+)$/.exec(value.toExponential())?.[1]);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) return pad(value.toExponential());
  // JavaScript switches to exponents later than Python, so this text has none; integers lack the decimal point.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** `format(value, '.Nf')`. */
export function pythonFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  // From here on every double is an integer, and toFixed switches to exponents.
  if (size >= 1e21) return `${sign}${BigInt(size)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
  return sign + roundedToEven(size.toFixed(Math.min(100, digits + 30)), digits, size.toFixed(digits));
}

/** `format(value, '.Ne')`: two digits of exponent at least. */
export function pythonExponential(value: number, digits: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const [exact, exponent] = value.toExponential(Math.min(100, digits + 30)).split('e') as [string, string];
  // A tie rounded down has the exponent of the number itself.
  const even = roundedToEven(exact, digits, '');
  return pad(even === '' ? value.toExponential(digits) : `${even}e${exponent}`);
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

function pad(exponential: string): string {
  return exponential.replace(/e([+-])(\d)$/, 'e$10$2');
}

/**
 * Python rounds ties to even, JavaScript away from zero: truncates `exact`, which has many more decimals than
 * `digits`, if it is a tie and the previous digit is even; otherwise returns `otherwise`.
 */
function roundedToEven(exact: string, digits: number, otherwise: string): string {
  const [whole, decimals] = exact.split('.') as [string, string];
  const kept = digits > 0 ? `${whole}.${decimals.slice(0, digits)}` : whole;
  return /^50*$/.test(decimals.slice(digits)) && /[02468]$/.test(kept) ? kept : otherwise;
}
