/** Several tensors as one, along a new axis: a concatenation. */
import { ShapeError } from '../errors.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { rule } from '../options.js';
import { integerRule } from './axes.js';
import { concatenate } from './concatenate.js';
import { expandDims } from './expand_dims.js';

const tensorsRule = () =>
  rule('a list of one or more tensors', (value) => Array.isArray(value) && value.length > 0);

/**
 * Stacks tensors of one shape along a new axis, which is axis `axis` of the result.
 *
 *   y[k,…] = xₖ[…], for axis 0
 *
 * Throws: UsageError for anything but a list of tensors; ShapeError if their shapes differ, or for an axis that y cannot have.
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkArgument('stack', 'tensors', tensors, tensorsRule);
  checkArgument('stack', 'axis', axis, integerRule);
  checkTensors('stack', Object.fromEntries(tensors.map((tensor, i) => [`tensors[${i}]`, tensor])));
  const [first] = tensors as readonly [Tensor, ...Tensor[]];
  const odd = tensors.find(({ shape }) => shape.join() !== first.shape.join());
  if (odd)
    throw new ShapeError(
      `stack: the tensors are ${describe(first)} and ${describe(odd)}, expected equal shapes.`,
    );
  const rank = first.shape.length;
  if (axis < -rank - 1 || axis > rank)
    throw new ShapeError(
      `stack: axis is ${axis} for tensors ${describe(first)}, expected ${-rank - 1} to ${rank}.`,
    );
  return concatenate(
    tensors.map((tensor) => expandDims(tensor, axis)),
    axis,
  );
}
