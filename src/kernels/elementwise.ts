/** Element-wise primitives: broadcast shapes, one WGSL expression, computed in f32 and stored as f32 or f16. */
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import {
  type Attributes,
  type Elementwise,
  type Primitive,
  oneFloat,
  publicName,
  sizeOf,
  type NoAttributes,
} from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import { broadcastShape } from './broadcast.js';
import { bytesTouched } from './grid.js';

registerShaders({ 'floats/non_finite': nonFiniteWgsl });

/** Functions that detect NaN and infinity by their bits, since WGSL expressions may lose them. */
export const nonFinite = ['floats/non_finite'] as const;

/**
 * A primitive from one WGSL expression over operands that broadcast together. By default, those that it reads element by
 * element are all f32 or all f16, like the result, and `whole` ones f32.
 *
 * Throws: ShapeError, from the shape rule, when shapes do not broadcast.
 */
/* @__NO_SIDE_EFFECTS__ */
export function elementwisePrimitive<const I extends string, A extends Attributes = NoAttributes>(
  name: string,
  inputs: readonly I[],
  elementwise: Elementwise<I, A>,
  types?: Primitive<I, 'y', A>['types'],
): Primitive<I, 'y', A> {
  const op = publicName(name);
  const each = inputs.filter((input) => !elementwise.whole?.includes(input));
  return {
    name,
    inputs,
    outputs: ['y'],
    types: types ?? oneFloat([...each, 'y']),
    elementwise,
    shape: (specs) => ({
      y: broadcastShape(
        op,
        each.map((input) => specs[input]),
      ),
    }),
    cost: (context) => ({ flops: sizeOf(context.outputs.y.shape), bytes: bytesTouched(context) }),
    variants: [],
  };
}
