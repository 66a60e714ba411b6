/** Checks for primitives that update parameters in place: operands of equal length, and the step's state. */
import { ShapeError } from '../errors.js';
import { type Spec, sizeOf } from '../engine/primitive.js';
import { describe } from '../engine/tensor.js';
import { stateSize } from './step_state.js';

/** Throws: ShapeError when the operands differ in length, or `state` is not a step's state. */
export function checkInPlace(
  who: string,
  { state, ...operands }: Readonly<Record<string, Spec>> & { readonly state: Spec },
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
}
