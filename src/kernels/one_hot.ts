/** Class labels as rows of zeros with a one. */
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import type { Primitive } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { count } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';
import { reshape } from './reshape.js';

/** `labels` has a last axis of extent 1, along which the classes are broadcast. */
type OneHotAttributes = { readonly classes: number; readonly isFloat: boolean };

export const oneHotForward: Primitive<'labels', 'y', OneHotAttributes> = {
  ...elementwisePrimitive<'labels', OneHotAttributes>(
    'one_hot/forward',
    ['labels'],
    {
      expression: ({ labels }, { classes, isFloat }, index) =>
        `select(0.0, 1.0, ${labels} == ${isFloat ? 'f32' : 'u32'}(${index} % ${classes}u))`,
    },
    ({ labels }) => (labels === 'f32' ? {} : { labels: 'u32' }),
  ),
  shape: ({ labels }, { classes }) => ({ y: [...labels.shape.slice(0, -1), classes] }),
};

export const oneHotOp: Op<'labels', 'y', OneHotAttributes> = {
  name: 'one_hot',
  primitives: [oneHotForward],
  forward: (inputs, attributes) => runPrimitive(oneHotForward, inputs, attributes),
  backward: () => ({ labels: null }),
};

/**
 * Class labels as rows of zeros with a one at the label.
 *
 *   y[…,k] = 1 if labels[…] = k, else 0
 *
 * Labels are u32, or f32 with integers. A label that is not a class, such as 0xffffffff of ignored rows, gives a row of zeros.
 * Shapes: labels [N…] → y [N…, classes] f32. The derivative is 0.
 * Throws: UsageError for classes that are not a positive integer; ShapeError for labels of another dtype.
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  checkTensors('oneHot', { labels });
  checkArgument('oneHot', 'classes', classes, () => count);
  if (labels.dtype !== 'u32' && labels.dtype !== 'f32')
    throw new ShapeError(`oneHot: labels is ${describe(labels)}, expected u32, or f32 with integers.`);
  const rows = reshape(labels, [...labels.shape, 1]);
  return apply(oneHotOp, { labels: rows }, { classes, isFloat: labels.dtype === 'f32' }).y;
}
