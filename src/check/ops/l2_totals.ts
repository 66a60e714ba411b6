/** Checks of l2_totals. */
import { type L2TotalsAttributes, l2Totals, l2TotalsForward } from '../../kernels/l2_totals.js';
import { array64 } from '../../reference/array64.js';
import { l2TotalsReference } from '../../reference/l2_totals.js';
import { type Draw, drawPositive } from '../draws.js';
import { opCheck } from '../op_check.js';

type Input = 'totals' | 'penalty';

const drawTotals =
  (correct: number, count: number): Draw =>
  (random) =>
    array64([4], [Math.fround(count * 3 * random()), correct, count, 0]);

const shapes: Record<Input, readonly number[]> = { totals: [4], penalty: [] };

export const l2TotalsCheck = opCheck<Input, 'y', L2TotalsAttributes>({
  op: { name: 'l2_totals', primitives: [l2TotalsForward] },
  reference: l2TotalsReference,
  inputs: { totals: { draw: drawTotals(7, 16) }, penalty: { draw: drawPositive } },
  outputs: ['y'],
  primitives: {
    'l2_totals/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: shapes,
      options: { countPlace: 2 },
      byHand: { inputs: { totals: [5, 2, 4, 0], penalty: [0.5] }, outputs: { y: [7, 2, 4, 0] } },
    },
    {
      name: 'two sums, by hand',
      inputs: { totals: [2], penalty: [] },
      options: { countPlace: 1 },
      byHand: { inputs: { totals: [5, 4], penalty: [0.5] }, outputs: { y: [7, 4] } },
    },
    {
      name: 'a batch of paper',
      inputs: shapes,
      options: { countPlace: 2 },
      draw: { totals: drawTotals(100, 128) },
    },
    {
      name: 'nothing counted',
      inputs: shapes,
      options: { countPlace: 2 },
      draw: { totals: drawTotals(0, 0) },
    },
  ],
  bench: [{ name: 'paper', inputs: shapes, options: { countPlace: 2 } }],
  wrongCalls: [
    {
      name: 'totals not f32',
      inputs: { ...shapes, totals: { shape: [4], dtype: 'u32' } },
      call: ({ totals, penalty }) => l2Totals(totals, penalty),
    },
  ],
});
