/** What element-wise passes have in common: broadcast shapes, f32 in and out, one WGSL expression. */
import { ShapeError } from '../errors.js';
import { type Attributes, type Elementwise, type Pass, sizeOf, type NoAttributes } from '../engine/pass.js';
import { describe } from '../engine/tensor.js';
import { broadcastShape } from './broadcast.js';
import { bytesTouched } from './grid.js';

/**
 * A pass from one WGSL expression over operands that broadcast together.
 *
 * Throws (its shape rule): ShapeError when shapes do not broadcast or an operand is not f32.
 */
export function elementwisePass<const I extends string, A extends Attributes = NoAttributes>(
  name: string,
  inputs: readonly I[],
  elementwise: Elementwise<I, A>,
): Pass<I, 'y', A> {
  const op = name.split('/')[0] as string;
  const each = inputs.filter((input) => !elementwise.whole?.includes(input));
  return {
    name,
    inputs,
    outputs: ['y'],
    elementwise,
    shape: (specs) => {
      for (const input of each) {
        if (specs[input].dtype !== 'f32')
          throw new ShapeError(`${op}: '${input}' is ${describe(specs[input])}, expected f32.`);
      }
      return {
        y: {
          shape: broadcastShape(
            op,
            each.map((input) => specs[input]),
          ),
          dtype: 'f32',
        },
      };
    },
    cost: (context) => ({ flops: sizeOf(context.outputs.y.shape), bytes: bytesTouched(context) }),
    variants: [],
  };
}
