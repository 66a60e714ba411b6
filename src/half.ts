/** Half-precision numbers (IEEE 754 binary16) on the host, as 16 bits each: not every runtime has Float16Array. */

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);
/** By the exponent of a normal half. */
const steps = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** The bits of the nearest half, ties to even; infinity from 65,520 on. */
function bitsOf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65_536) return sign | 0x7c00;
  float[0] = size;
  // Below 2⁻¹⁴, halves are subnormal: multiples of 2⁻²⁴.
  const exponent = Math.max((floatBits[0] as number) >>> 23, 127 - 14) - 127;
  // Adding 2⁵² rounds a float64 to an integer, ties to even.
  const fraction = size * 2 ** (10 - exponent) + 2 ** 52 - 2 ** 52;
  return sign | (((exponent + 14) << 10) + fraction);
}

function valueOf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction : fraction + 1024) * (steps[exponent] as number);
}

/** Rounds numbers to halves, ties to even, and returns their bits. */
export function toHalves(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, bitsOf);
}

/** The numbers that the bits of halves stand for, exactly. */
export function fromHalves(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, valueOf);
}

/** The nearest half, as a number. */
export function roundToHalf(value: number): number {
  return valueOf(bitsOf(value));
}
