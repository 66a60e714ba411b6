/** The kernels that measure a device, in float64: chains of multiply-adds, a copy, strided sums. */
import { fill64, map64 } from './array64.js';
import type { Reference } from './reference.js';

export type RooflineAttributes = { readonly chains: number; readonly steps: number; readonly terms: number };

export const rooflineReference: Reference<'x' | 'line', 'sum' | 'copy' | 'total', RooflineAttributes> = {
  op: 'roofline',
  forward: ({ x, line }, { chains, steps, terms }) => {
    const [factor, offset] = line.values as unknown as [number, number];
    const size = x.values.length / terms;
    return {
      sum: map64(x, (start) => {
        let sum = 0;
        for (let j = 0; j < chains; j++) {
          let value = start + j;
          for (let step = 0; step < steps; step++) value = value * factor + offset;
          sum += value;
        }
        return sum;
      }),
      copy: x,
      total: fill64([size], (i) => {
        let total = 0;
        for (let t = 0; t < terms; t++) total += x.values[t * size + i] as number;
        return total;
      }),
    };
  },
};
