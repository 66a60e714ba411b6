/** Checks of place_totals. */
import { type PlaceTotalsAttributes, placeTotals, placeTotalsOp } from '../../kernels/place_totals.js';
import { placeTotalsReference } from '../../reference/place_totals.js';
import { drawSigned } from '../draws.js';
import { opCheck } from '../op_check.js';

type Input = 'totals' | 'values';

export const placeTotalsCheck = opCheck<Input, 'y', PlaceTotalsAttributes>({
  op: placeTotalsOp,
  reference: placeTotalsReference,
  inputs: { totals: { draw: drawSigned }, values: { draw: drawSigned } },
  outputs: ['y'],
  roundings: { y: 0 },
  call: ({ totals, values }, { first }) => ({ y: placeTotals(totals, values, first) }),
  primitives: {
    'place_totals/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { totals: [5], values: [2] },
      options: { first: 2, length: 2 },
      byHand: { inputs: { totals: [1, 2, 3, 4, 5], values: [8, 9] }, outputs: { y: [1, 2, 8, 9, 5] } },
    },
    {
      name: 'a scalar in the first place',
      inputs: { totals: [2], values: [] },
      options: { first: 0, length: 1 },
    },
    {
      name: 'counts at thresholds',
      inputs: { totals: [405], values: [2, 200] },
      options: { first: 4, length: 400 },
    },
  ],
  bench: [{ name: 'loss', inputs: { totals: [2], values: [] }, options: { first: 0, length: 1 } }],
  wrongCalls: [
    {
      name: 'totals not f32',
      inputs: { totals: { shape: [2], dtype: 'u32' }, values: [] },
      call: ({ totals, values }) => placeTotals(totals, values, 0),
    },
  ],
});
