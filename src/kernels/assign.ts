/** Assignment: a tensor takes other values, in place. */
import { ShapeError, StateError, assert } from '../errors.js';
import { runEagerly } from '../engine/program.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { type Trace, currentTrace } from '../engine/trace.js';
import { elementwisePrimitive } from './elementwise.js';

const copy = elementwisePrimitive('assign/forward', ['value'], { expression: ({ value }) => value });

/**
 * target ← value, in place, element by element.
 *
 * In a program, `target` is an argument or a tensor with memory that the function uses. What the program computed from it
 * before keeps the old elements; what is recorded afterwards, other handles on its memory (`reshape`, `alias`, and ops that
 * have nothing to compute, such as `sum` of a scalar) and the caller see the new ones. If `value` is computed element by
 * element and its element i depends on element i of `target` only, nothing is copied: the kernel that computes `value`
 * updates `target`.
 *
 *   const decay = program((x) => {
 *     assign(x, multiply(x, 0.5));
 *     return [];
 *   });
 *
 * Shapes and dtypes: equal, f32 or f16. `grad` refuses to differentiate through it.
 * Throws: UsageError for anything but tensors; StateError for a disposed tensor, and for a target that the program
 * computes; ShapeError for another shape or dtype. Source: `Variable.assign` of TensorFlow.
 */
export function assign(target: Tensor, value: Tensor): void {
  checkTensors('assign', { target, value });
  const isEqual =
    target.shape.length === value.shape.length && target.shape.every((n, i) => n === value.shape[i]);
  if (!isEqual || target.dtype !== value.dtype)
    throw new ShapeError(
      `assign: value is ${describe(value)} and target ${describe(target)}, expected the same shape and dtype.`,
    );
  const trace = currentTrace();
  if (trace) {
    record(trace, target, value);
    return;
  }
  target.willBeWritten();
  runEagerly(copy, { target, value }, {}, (traced) => {
    const inner = currentTrace();
    assert(inner, 'runEagerly records');
    record(inner, traced.target, traced.value);
    return {};
  });
}

function record(trace: Trace, target: Tensor, value: Tensor): void {
  if (!trace.isOutside(target))
    throw new StateError(
      `assign: target ${describe(target)} is computed by the program, expected an argument of it or a tensor with memory; use value itself from here on.`,
    );
  trace.assign(copy, target, value);
}
