/** Functions of one number, in float64: exponentials, the error function, sines, powers, signs and rounding. */
import { unary } from './arithmetic.js';

export const expm1Reference = /* @__PURE__ */ unary('expm1', Math.expm1, Math.exp);
export const log1pReference = /* @__PURE__ */ unary('log1p', Math.log1p, (x) => 1 / (1 + x));
export const tanhReference = /* @__PURE__ */ unary('tanh', Math.tanh, (x) => 1 - Math.tanh(x) ** 2);

/** (2/√π)·e^−x²·Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, whose terms all have the same sign; 1 from 6 on. */
export function erf64(x: number): number {
  if (Math.abs(x) >= 6) return Math.sign(x);
  let [sum, term] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export const erfReference = /* @__PURE__ */ unary(
  'erf',
  erf64,
  (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
);

export const sinReference = /* @__PURE__ */ unary('sin', Math.sin, Math.cos);
export const cosReference = /* @__PURE__ */ unary('cos', Math.cos, (x) => -Math.sin(x));
export const tanReference = /* @__PURE__ */ unary('tan', Math.tan, (x) => 1 + Math.tan(x) ** 2);

export const rsqrtReference = /* @__PURE__ */ unary(
  'rsqrt',
  (x) => 1 / Math.sqrt(x),
  (x) => -0.5 / Math.sqrt(x) ** 3,
);

export const absReference = /* @__PURE__ */ unary('abs', Math.abs, Math.sign);
export const signReference = /* @__PURE__ */ unary('sign', Math.sign, null);
export const floorReference = /* @__PURE__ */ unary('floor', Math.floor, null);
export const ceilReference = /* @__PURE__ */ unary('ceil', Math.ceil, null);
export const roundReference = /* @__PURE__ */ unary('round', roundToEven, null);

function roundToEven(x: number): number {
  const low = Math.floor(x);
  if (x - low === 0.5) return low % 2 === 0 ? low : low + 1;
  return Number.isFinite(x) ? Math.round(x) : x;
}
