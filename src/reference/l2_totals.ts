/** Float64 reference of l2_totals: (Σ losses + count·penalty, correct, count, 0); what is no loss stays. */
import type { NoAttributes } from '../engine/primitive.js';
import { l2Totals } from '../kernels/l2_totals.js';
import { type Array64, type Arrays, type Draw, array64, drawPositive, reference } from './reference.js';

type Input = 'totals' | 'penalty';

function totals64({ totals, penalty }: Arrays<Input>): Array64 {
  const [losses, ...others] = [...totals.values] as [number, number, number, number];
  return array64([4], [losses + others[1] * (penalty.values[0] as number), ...others]);
}

const drawTotals =
  (correct: number, count: number): Draw =>
  (random) =>
    array64([4], [Math.fround(count * 3 * random()), correct, count, 0]);

const shapes: Record<Input, readonly number[]> = { totals: [4], penalty: [] };

export const l2TotalsReference = reference<Input, 'y', NoAttributes>({
  op: 'l2_totals',
  inputs: { totals: { draw: drawTotals(7, 16) }, penalty: { draw: drawPositive } },
  outputs: ['y'],
  forward: (inputs) => ({ y: totals64(inputs) }),
  primitives: {
    'l2_totals/forward': ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: shapes,
      options: {},
      byHand: { inputs: { totals: [5, 2, 4, 0], penalty: [0.5] }, outputs: { y: [7, 2, 4, 0] } },
    },
    { name: 'a batch of paper', inputs: shapes, options: {}, draw: { totals: drawTotals(100, 128) } },
    { name: 'nothing counted', inputs: shapes, options: {}, draw: { totals: drawTotals(0, 0) } },
  ],
  bench: [{ name: 'paper', inputs: shapes, options: {} }],
  wrongCalls: [
    {
      name: 'totals not f32',
      inputs: { ...shapes, totals: { shape: [4], dtype: 'u32' } },
      call: ({ totals, penalty }) => l2Totals(totals, penalty),
    },
  ],
});
