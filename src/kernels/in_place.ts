/** Checks for primitives that update parameters in place: operands of equal length, and the step's state. */
import { ShapeError } from '../errors.js';
import { type Spec, sizeOf } from '../engine/primitive.js';
import { describe } from '../engine/tensor.js';
import { stateSize } from './step_state.js';

/**
 * Throws: ShapeError when the operands differ in length, `state` is not a step's state, or `stepScalars`, the numbers that
 * the host computes for each step, is not a table of one column.
 */
export function checkInPlace(
  who: string,
  {
    state,
    stepScalars,
    ...operands
  }: Readonly<Record<string, Spec>> & { readonly state: Spec; readonly stepScalars?: Spec },
): void {
  const entries = Object.entries(operands);
  const [first] = entries;
  const other = entries.find(([, spec]) => sizeOf(spec.shape) !== sizeOf(first![1].shape));
  if (other)
    throw new ShapeError(
      `${who}: ${other[0]} is ${describe(other[1])}, expected as many elements as ${first![0]} ${describe(first![1])}.`,
    );
  if (sizeOf(state.shape) !== stateSize)
    throw new ShapeError(`${who}: state is ${describe(state)}, expected the step's state [${stateSize}].`);
  if (stepScalars && (stepScalars.shape.length !== 2 || stepScalars.shape[1] !== 1))
    throw new ShapeError(`${who}: stepScalars is ${describe(stepScalars)}, expected [steps,1].`);
}
