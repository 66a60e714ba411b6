/** Sine, cosine and tangent. Letters: x the operand, y the result, dy its gradient. */
import trigonometryWgsl from '../../shaders/floats/trigonometry.wgsl';
import { apply } from '../engine/op.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { add, multiply, negate, square } from './arithmetic.js';
import { nonFinite } from './elementwise.js';
import { unary } from './elementwise_op.js';

registerShaders({ 'floats/trigonometry': trigonometryWgsl });

const helpers = [...nonFinite, 'floats/trigonometry'];

export const sinOp = unary('sin', {
  helpers,
  expression: (x) => `sin_of(${x})`,
  dx: ({ x, dy }) => multiply(dy, cos(x)),
});

export const cosOp = unary('cos', {
  helpers,
  expression: (x) => `cos_of(${x})`,
  dx: ({ x, dy }) => negate(multiply(dy, sin(x))),
});

export const tanOp = unary('tan', {
  helpers,
  expression: (x) => `tan_of(${x})`,
  dx: ({ y, dy }) => multiply(dy, add(square(y), 1)),
});

/** y = sin x, within 4 · 2⁻²⁴ of the result for x of any size; NaN for infinity. Units: x in radians. */
export function sin(x: Tensor): Tensor {
  return apply(sinOp, { x }, {}).y;
}

/** y = cos x, within 4 · 2⁻²⁴ of the result for x of any size; NaN for infinity. Units: x in radians. */
export function cos(x: Tensor): Tensor {
  return apply(cosOp, { x }, {}).y;
}

/** y = tan x, within 12 · 2⁻²⁴ of the result for x of any size; NaN for infinity. Units: x in radians. */
export function tan(x: Tensor): Tensor {
  return apply(tanOp, { x }, {}).y;
}
