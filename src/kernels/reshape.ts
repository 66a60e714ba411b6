/** A view of the same elements with another shape; no memory is copied. */
import { ShapeError, StateError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Shape, sizeOf } from '../engine/primitive.js';
import { type Tensor, checkShape, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { list, rule } from '../options.js';
import { currentTrace } from '../engine/trace.js';

export const reshapeOp: Op<'x', 'y', { shape: Shape }> = {
  name: 'reshape',
  primitives: [],
  forward: ({ x }, { shape }) => {
    const trace = currentTrace();
    if (!trace) throw new StateError('reshape: recorded outside a program.');
    return { y: trace.view(x, shape) };
  },
  backward: ({ inputs: { x }, gradients }) => ({ x: () => reshape(gradients.y as Tensor, x.shape) }),
};

const shapeRule = () =>
  list(
    'a list of extents',
    rule('an extent', (value) => typeof value === 'number'),
  );

/**
 * The same elements in the same order with another shape; one extent may be −1 and is inferred.
 *
 * Memory: outside a program, the result shares the memory of x, which is freed with the last of the two.
 * Throws: ShapeError when the sizes differ.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensors('reshape', { x });
  checkArgument('reshape', 'shape', shape, shapeRule);
  const known = sizeOf(shape.filter((extent) => extent !== -1));
  const full = shape.map((extent) => (extent === -1 ? x.size / known : extent));
  if (
    shape.filter((extent) => extent === -1).length > 1 ||
    sizeOf(full) !== x.size ||
    !full.every(Number.isInteger)
  ) {
    throw new ShapeError(
      `reshape: x ${describe(x)} has ${x.size} elements, which do not fill [${shape.join(',')}].`,
    );
  }
  checkShape('reshape', full);
  return currentTrace() ? apply(reshapeOp, { x }, { shape: full }).y : x.alias(full);
}

/** x as a new handle: disposing either one leaves the other valid. */
export function unchanged(x: Tensor): Tensor {
  return currentTrace() ? x : x.alias(x.shape);
}

/** Merges all axes but the first, in row-major (for images: NHWC) order. */
export function flatten(x: Tensor): Tensor {
  checkTensors('flatten', { x });
  return reshape(x, [x.shape[0] as number, -1]);
}
