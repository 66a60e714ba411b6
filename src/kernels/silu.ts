/** SiLU, also known as swish, and mish. Letters: x the operand, y the result, dy its gradient, σ the logistic sigmoid. */
import { apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { add, multiply, scale, subtract } from './arithmetic.js';
import { curve } from './curve.js';
import { tanh } from './exponentials.js';
import { clip } from './extremes.js';
import { preciseExp } from './precise_exp.js';
import { sigmoid } from './sigmoid.js';
import { softplus } from './softplus.js';

/** Beyond, σ(−|x|) is 0 in f32. */
const limit = 104;
const bounded = (x: string): string => `clamp_of(${x}, -${limit}.0, ${limit}.0)`;

export const siluOp = curve<NoAttributes, 'x'>('silu', {
  helpers: preciseExp,
  expression: (x) => `max_of(${x}, -${limit}.0) * logistic_of(${x})`,
  keeps: 'x',
  // σ(x)·(1 + x·σ(−x))
  gradient: (x, dy) => `${dy} * logistic_of(${x}) * (1.0 + ${bounded(x)} * logistic_of(-${x}))`,
  // σ(x)·σ(−x)·(2 + x·(1 − 2σ(x)))
  curvature: (x) => {
    const near = clip(x, -limit, limit);
    const s = sigmoid(near);
    return multiply(multiply(s, scale(s, -1, 1)), add(multiply(near, scale(s, -2, 1)), 2));
  },
});

/** e = eˣ and n = e·(e + 2): tanh(ln(1 + eˣ)) = n / (n + 2), which is 1 in f32 from x = 20 on. */
const mishExp = (x: string): string => `precise_exp(min(${x}, 20.0))`;

export const mishOp = curve<NoAttributes, 'x'>('mish', {
  helpers: preciseExp,
  expression: (x) => {
    const e = mishExp(x);
    return `max_of(${x}, -${limit}.0) * (${e} * (${e} + 2.0) / (${e} * (${e} + 2.0) + 2.0))`;
  },
  keeps: 'x',
  // n / (n + 2) + x·4e·(e + 1) / (n + 2)²
  gradient: (x, dy) => {
    const e = mishExp(x);
    const n = `${e} * (${e} + 2.0)`;
    const below = `clamp_of(${x}, -${limit}.0, 20.0)`;
    return `${dy} * (${n} + ${below} * (4.0 * ${e} * (${e} + 1.0) / (${n} + 2.0))) / (${n} + 2.0)`;
  },
  // ω′·(2 + x·(1 − σ − 2σω)) with ω = tanh(softplus(x)), ω′ = (1 − ω²)·σ
  curvature: (x) => {
    const near = clip(x, -limit, 20);
    const s = sigmoid(near);
    const w = tanh(softplus(near));
    const slope = multiply(multiply(subtract(1, w), add(w, 1)), s);
    const bend = subtract(scale(s, -1, 1), multiply(multiply(s, w), 2));
    return multiply(slope, add(multiply(near, bend), 2));
  },
});

/** y = x·σ(x), 0 at −∞. Source: Hendrycks and Gimpel 2016; Ramachandran et al. 2017, who call it swish. */
export function silu(x: Tensor): Tensor {
  return apply(siluOp, { x }, {}).y;
}

/** y = x·tanh(ln(1 + eˣ)), 0 at −∞. Source: Misra 2019. */
export function mish(x: Tensor): Tensor {
  return apply(mishOp, { x }, {}).y;
}
