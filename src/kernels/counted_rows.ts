/** The rows of a batch that count: those behind the end of the epoch are 0. */
import { type Op, apply } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import { sizeOf } from '../engine/primitive.js';
import { elementwisePrimitive } from './elementwise.js';
import { stateWords } from './step_state.js';

export type CountedRowsAttributes = {
  /** Elements per row. */
  readonly perRow: number;
};

/** Forward and backward are the same primitive. Selected, because 0 times NaN is NaN. */
export const countedRowsForward = elementwisePrimitive<'x' | 'state', CountedRowsAttributes>(
  'counted_rows/forward',
  ['x', 'state'],
  {
    whole: ['state'],
    expression: ({ x, state }, { perRow }, index) => {
      const word = (name: keyof typeof stateWords): string => `${state}[${stateWords[name]}]`;
      return `select(0.0, ${x}, ${word('cursor')} + ${index} / ${perRow}u < ${word('epochSize')})`;
    },
  },
  () => ({ state: 'u32' }),
);

export const countedRowsOp: Op<'x' | 'state', 'y', CountedRowsAttributes> = {
  name: 'counted_rows',
  primitives: [countedRowsForward],
  forward: (inputs, attributes) => runPrimitive(countedRowsForward, inputs, attributes),
  backward: ({ inputs: { state }, attributes, gradients }) => ({
    x: () => apply(countedRowsOp, { x: gradients.y as Tensor, state }, attributes).y,
    state: null,
  }),
};

/**
 * y[n] = x[n] if sample n of the batch belongs to the epoch, otherwise 0.
 *
 * Shapes: x [N,…], state the step's state → y like x. Throws: ShapeError if x has no axis.
 */
export function countedRows(x: Tensor, state: Tensor): Tensor {
  checkTensors('countedRows', { x, state });
  if (x.shape.length === 0) throw new ShapeError(`countedRows: x is ${describe(x)}, expected a batch axis.`);
  return apply(countedRowsOp, { x, state }, { perRow: sizeOf(x.shape.slice(1)) }).y;
}
