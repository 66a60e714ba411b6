/** Conversion between dtypes. */
import { ShapeError } from '../errors.js';
import { checkArgument } from '../calls.js';
import { type Op, apply } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { oneOf, required } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';
import { unchanged } from './reshape.js';

type CastAttributes = { readonly dtype: 'f32' | 'f16' };

/** Storing the result converts it. */
export const castForward = elementwisePrimitive<'x', CastAttributes>(
  'cast/forward',
  ['x'],
  { expression: ({ x }) => `f32(${x})` },
  ({ x }, { dtype }) => ({ x, y: dtype }),
);

export const castOp: Op<'x', 'y', CastAttributes> = {
  name: 'cast',
  primitives: [castForward],
  forward: (inputs, attributes) => runPrimitive(castForward, inputs, attributes),
  backward: ({ inputs: { x }, gradients }) => ({
    x: x.dtype === 'f32' || x.dtype === 'f16' ? castBack(gradients.y as Tensor, x.dtype) : null,
  }),
};

const castBack = (dy: Tensor, dtype: CastAttributes['dtype']) => (): Tensor => cast(dy, dtype);

const dtypeRule = () => required(oneOf(['f32', 'f16']));

/**
 * x with another dtype. f16 has 11 significant bits: magnitudes up to 65,504, exact integers up to 2,048. A number between two
 * halves becomes one of them, the nearer one on devices known so far (WGSL leaves that open); from 65,520 on, infinity.
 *
 * The gradient is cast back to the dtype of x. The result shares the memory of x if that has the dtype already.
 * Throws: ShapeError when x is u8; when planned, DeviceError on a device without the feature shader-f16.
 */
export function cast(x: Tensor, dtype: 'f32' | 'f16'): Tensor {
  checkTensors('cast', { x });
  checkArgument('cast', 'dtype', dtype, dtypeRule);
  if (x.dtype === dtype) return unchanged(x);
  if (x.dtype === 'u8') throw new ShapeError(`cast: x is ${describe(x)}, expected f32, f16 or u32.`);
  return apply(castOp, { x }, { dtype }).y;
}
