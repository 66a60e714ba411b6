/** Writes sums into the totals of a step. Several in a row are fused into one kernel. */
import { type Op, apply } from '../engine/op.js';
import { sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { elementwisePrimitive } from './elementwise.js';

export type PlaceTotalsAttributes = {
  /** The place of the first of the values in the totals. */
  readonly first: number;
  /** The number of values. */
  readonly length: number;
};

export const placeTotalsForward = elementwisePrimitive<'totals' | 'values', PlaceTotalsAttributes>(
  'place_totals/forward',
  ['totals', 'values'],
  {
    whole: ['values'],
    // Below `first` the difference wraps around: it is then larger than any length.
    expression: ({ totals, values }, { first, length }, index) => {
      const place = `${index} - ${first}u`;
      return `select(${totals}, ${values}[min(${place}, ${length - 1}u)], ${place} < ${length}u)`;
    },
  },
);

export const placeTotalsOp: Op<'totals' | 'values', 'y', PlaceTotalsAttributes> = {
  name: 'place_totals',
  primitives: [placeTotalsForward],
  nonDifferentiable: { y: ['totals', 'values'] },
  forward: (inputs, attributes) => runPrimitive(placeTotalsForward, inputs, attributes),
  backward: () => ({ totals: null, values: null }),
};

/**
 * The totals with `values` from the place `first` on.
 *
 *   y[i] = values[i − first] for first ≤ i < first + values.size, else totals[i]
 *
 * Shapes: totals [T], values any with at most T − first elements → y [T].
 */
export function placeTotals(totals: Tensor, values: Tensor, first: number): Tensor {
  checkTensors('placeTotals', { totals, values });
  return apply(placeTotalsOp, { totals, values }, { first, length: sizeOf(values.shape) }).y;
}
