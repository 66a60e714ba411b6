/**
 * The activations that compute each element from the element at the same place, in float64. An export here also lets the
 * page compute the activation where there is no device.
 * Letters: x the operand, y the result, dy its gradient.
 */
import type { Attributes, NoAttributes } from '../engine/primitive.js';
import { exceeds64, map64 } from './array64.js';
import { erf64 } from './functions.js';
import type { Reference } from './reference.js';

interface Activation<A> {
  value(x: number, numbers: A): number;
  /** dx. */
  gradient(x: number, dy: number, numbers: A): number;
}

/* @__NO_SIDE_EFFECTS__ */
function activation<A extends Attributes = NoAttributes>(
  op: string,
  { value, gradient }: Activation<A>,
): Reference<'x', 'y', A> {
  return {
    op,
    forward: ({ x }, numbers) => ({ y: map64(x, (at) => value(at, numbers)) }),
    backward: ({ x }, { y: dy }, numbers) => ({
      x: map64(x, (at, i) => gradient(at, dy.values[i] as number, numbers)),
    }),
  };
}

/** y = max(x, 0), with the gradient 0 at 0 and dy at NaN. */
export const reluReference = /* @__PURE__ */ activation('relu', {
  value: (x) => Math.max(x, 0),
  gradient: (x, dy) => (exceeds64(x, 0) ? dy : 0),
});

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** y = 1 / (1 + e⁻ˣ), dx = y·(1 − y)·dy. */
export const sigmoidReference = /* @__PURE__ */ activation('sigmoid', {
  value: logistic,
  gradient: (x, dy) => logistic(x) * (1 - logistic(x)) * dy,
});

/** y = x above 0, otherwise slope · x. */
export const leakyReluReference = /* @__PURE__ */ activation<{ readonly negativeSlope: number }>(
  'leaky_relu',
  {
    value: (x, { negativeSlope }) => (x > 0 ? x : x * negativeSlope),
    gradient: (x, dy, { negativeSlope }) => (exceeds64(x, 0) ? dy : dy * negativeSlope),
  },
);

interface Units extends Attributes {
  readonly alpha: number;
  readonly scale: number;
  readonly rate: number;
}

/** y = scale · x above 0, otherwise alpha · (e^(rate · x) − 1). */
export const eluReference = /* @__PURE__ */ activation<Units>('elu', {
  value: (x, { alpha, scale, rate }) => (x > 0 ? scale * x : alpha * Math.expm1(rate * x)),
  gradient: (x, dy, { alpha, scale, rate }) =>
    dy * (exceeds64(x, 0) ? scale : alpha * rate * Math.exp(rate * x)),
});

/** x · factor, and 0 at −∞, where the factor is 0. */
const gated = (x: number, factor: number): number => (x === -Infinity ? 0 : x * factor);

const normal = (x: number): number => (1 + erf64(x / Math.SQRT2)) / 2;
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
/** x without infinity, for products with what is 0 there. */
const finite = (x: number): number => Math.min(Math.max(x, -1e4), 1e4);

/** y = x·Φ(x). */
export const geluReference = /* @__PURE__ */ activation('gelu', {
  value: (x) => gated(x, normal(x)),
  gradient: (x, dy) => dy * (normal(x) + finite(x) * density(x)),
});

const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

/** y = ½x·(1 + tanh u(x)). */
export const geluTanhReference = /* @__PURE__ */ activation('gelu_tanh', {
  value: (x) => gated(x, (1 + Math.tanh(inner(x))) / 2),
  gradient: (x, dy) => {
    const t = Math.tanh(inner(x));
    const slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * finite(x) ** 2);
    return (dy * (1 + t + finite(x) * (1 - t * t) * slope)) / 2;
  },
});

/** y = x·σ(x). */
export const siluReference = /* @__PURE__ */ activation('silu', {
  value: (x) => gated(x, logistic(x)),
  gradient: (x, dy) => dy * logistic(x) * (1 + finite(x) * logistic(-x)),
});

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** y = x·tanh(ln(1 + eˣ)). */
export const mishReference = /* @__PURE__ */ activation('mish', {
  value: (x) => gated(x, Math.tanh(softplus(x))),
  gradient: (x, dy) => {
    const w = Math.tanh(softplus(x));
    return dy * (w + finite(x) * (1 - w * w) * logistic(x));
  },
});

/** y = ln(1 + eˣ). */
export const softplusReference = /* @__PURE__ */ activation('softplus', {
  value: softplus,
  gradient: (x, dy) => dy * logistic(x),
});

/** y = ln σ(x). */
export const logSigmoidReference = /* @__PURE__ */ activation('log_sigmoid', {
  value: (x) => -softplus(-x),
  gradient: (x, dy) => dy * logistic(-x),
});

/** y = x / (1 + |x|). */
export const softsignReference = /* @__PURE__ */ activation('softsign', {
  value: (x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x))),
  gradient: (x, dy) => dy / (1 + Math.abs(x)) ** 2,
});

/** y = min(max(x, min), max), with the gradient 0 at the limits. */
export const hardTanhReference = /* @__PURE__ */ activation<{ readonly min: number; readonly max: number }>(
  'hard_tanh',
  {
    value: (x, { min, max }) => Math.min(Math.max(x, min), max),
    gradient: (x, dy, { min, max }) => (x <= min || x >= max ? 0 : dy),
  },
);

/** y = x·min(max(x / 6 + ½, 0), 1). */
export const hardSwishReference = /* @__PURE__ */ activation('hard_swish', {
  value: (x) => gated(x, Math.min(Math.max(x / 6 + 0.5, 0), 1)),
  gradient: (x, dy) => {
    const inside = x >= 3 ? 1 : x / 3 + 0.5;
    return dy * (x <= -3 ? 0 : inside);
  },
});
