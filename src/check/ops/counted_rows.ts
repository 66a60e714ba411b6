/** Checks of counted_rows. */
import { sizeOf } from '../../engine/primitive.js';
import { type CountedRowsAttributes, countedRows, countedRowsOp } from '../../kernels/counted_rows.js';
import { stateSize } from '../../kernels/step_state.js';
import { countedRowsReference } from '../../reference/counted_rows.js';
import { type Draw, drawSigned, stateOf, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

/** The last batch of an epoch, of which some rows are behind its end. */
const drawState: Draw = (random, _, { x }) => {
  const cursor = wholeNumber(random, 0, 60_000);
  return stateOf({ cursor, epochSize: cursor + wholeNumber(random, 1, x![0]!) });
};

const state = [stateSize];

export const countedRowsCheck = opCheck<'x' | 'state', 'y', object, CountedRowsAttributes>({
  op: countedRowsOp,
  reference: countedRowsReference,
  attributes: ({ x }) => ({ perRow: sizeOf(x.slice(1)) }),
  inputs: { x: { draw: drawSigned }, state: { dtype: 'u32', draw: drawState } },
  outputs: ['y'],
  roundings: { x: 0, y: 0 },
  call: ({ x, state }) => ({ y: countedRows(x, state) }),
  primitives: {
    'counted_rows/forward': ({ inputs, outputs }) => ({
      inputs,
      attributes: { perRow: sizeOf(inputs.x.shape.slice(1)) },
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      // Two of three rows are left: the cursor is 5 of 7.
      name: 'by hand',
      inputs: { x: [3, 2], state },
      options: {},
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6], state: [0, 0, 5, 7, 0, 0, 0, 0] },
        outputs: { y: [1, 2, 3, 4, 0, 0] },
        gradients: { x: [1, 1, 1, 1, 0, 0] },
      },
    },
    { name: 'odd sizes', inputs: { x: [7, 3, 5], state }, options: {} },
    { name: 'one value per sample', inputs: { x: [33], state }, options: {} },
  ],
  bench: [{ name: 'paper dense1', inputs: { x: [128, 256], state }, options: {} }],
  wrongCalls: [
    {
      name: 'no batch',
      inputs: { x: [], state: { shape: state, dtype: 'u32' } },
      call: ({ x, state }) => countedRows(x, state),
    },
  ],
});
