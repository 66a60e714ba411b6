/** Axes of extent 1: views, without a copy. */
import { ShapeError } from '../errors.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { either } from '../options.js';
import { axisOf, integerRule, integersRule } from './axes.js';
import { reshape } from './reshape.js';

/**
 * Inserts an axis of extent 1, so that it is axis `axis` of the result; −1 adds it at the end.
 *
 * Throws: ShapeError for an axis that the result cannot have.
 */
export function expandDims(x: Tensor, axis = 0): Tensor {
  checkTensors('expandDims', { x });
  checkArgument('expandDims', 'axis', axis, integerRule);
  const rank = x.shape.length;
  if (axis < -rank - 1 || axis > rank)
    throw new ShapeError(
      `expandDims: axis is ${axis} for x ${describe(x)}, expected ${-rank - 1} to ${rank}.`,
    );
  return reshape(x, x.shape.toSpliced(axis < 0 ? axis + rank + 1 : axis, 0, 1));
}

/**
 * Removes the given axes, which must have extent 1; by default all of extent 1.
 *
 * Throws: ShapeError for an axis that x does not have, or of another extent.
 */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  checkTensors('squeeze', { x });
  if (axis === undefined)
    return reshape(
      x,
      x.shape.filter((extent) => extent !== 1),
    );
  checkArgument('squeeze', 'axis', axis, () => either(integerRule(), integersRule()));
  const axes = [axis].flat().map((each) => axisOf('squeeze', x, each));
  const long = axes.find((each) => x.shape[each] !== 1);
  if (long !== undefined)
    throw new ShapeError(
      `squeeze: axis ${long} of x ${describe(x)} has the extent ${x.shape[long]}, expected 1.`,
    );
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}
