/** Float64 reference of the kernels that measure a device: chains of multiply-adds, a copy, sums of far elements. */
import { type Draw, drawSigned, fill64, map64, oneOf, reference, wholeNumber } from './reference.js';
import { stepsPerRound } from '../kernels/roofline.js';

type Options = { readonly chains: number; readonly steps: number; readonly terms: number };

/** A factor near ±1, so that after many steps the first value still counts, and an offset. */
const drawLine: Draw = (random, shape) =>
  fill64(shape, (i) =>
    Math.fround(i === 0 ? Math.sign(random() - 0.5) * (0.9 + 0.1 * random()) : 2 * random() - 1),
  );

const shapes = (size: number): Record<'x' | 'line', readonly number[]> => ({ x: [size], line: [2] });
const few: Options = { chains: 2, steps: 16, terms: 1 };

export const rooflineReference = reference<'x' | 'line', 'sum' | 'copy' | 'total', Options>({
  op: 'roofline',
  inputs: { x: { draw: drawSigned }, line: { draw: drawLine } },
  outputs: ['sum', 'copy', 'total'],
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
  magnitudes: 'multilinear',
  // A step rounds twice where the device has no fused multiply-add.
  terms: (_, { chains, steps, terms }) => ({ sum: chains + 2 * steps, total: terms }),
  roundings: { copy: 0 },
  primitives: {
    'roofline/multiply_add': ({ inputs, options: { chains, steps }, outputs }) => ({
      inputs,
      attributes: { chains, steps },
      results: { y: outputs.sum },
    }),
    'roofline/copy': ({ inputs: { x }, outputs }) => ({
      inputs: { x },
      attributes: {},
      results: { y: outputs.copy },
    }),
    'roofline/read': ({ inputs: { x }, options: { terms }, outputs }) => ({
      inputs: { x },
      attributes: { terms },
      results: { y: outputs.total },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: shapes(6),
      options: { chains: 3, steps: 16, terms: 2 },
      byHand: {
        // v ← 1 − v leaves v as it is after an even number of steps: 3·x + 0 + 1 + 2.
        inputs: { x: [1, 2, 3, 4, 5, -6], line: [-1, 1] },
        outputs: { sum: [6, 9, 12, 15, 18, -15], copy: [1, 2, 3, 4, 5, -6], total: [5, 7, -3] },
      },
    },
    { name: 'one of everything', inputs: shapes(1), options: { ...few, chains: 1 } },
    { name: 'three rounds', inputs: shapes(12), options: { chains: 8, steps: 48, terms: 3 } },
    { name: 'sixteen chains', inputs: shapes(20), options: { chains: 16, steps: 32, terms: 5 } },
    { name: 'no vectors of four', inputs: shapes(35), options: { ...few, terms: 5 } },
    { name: 'above a workgroup', inputs: shapes(260), options: { ...few, terms: 2 } },
    { name: 'some elements per invocation', inputs: shapes(70_004), options: { ...few, terms: 4 } },
  ],
  random: (random) => {
    const terms = wholeNumber(random, 1, 40);
    return {
      inputs: shapes(terms * wholeNumber(random, 1, 300)),
      options: {
        chains: oneOf(random, [1, 2, 3, 4, 8]),
        steps: stepsPerRound * wholeNumber(random, 1, 4),
        terms,
      },
    };
  },
  // Small: the bench measures the roofline itself, with buffers that are made on the device.
  bench: [{ name: 'a little of each', inputs: shapes(65_536), options: { chains: 8, steps: 64, terms: 16 } }],
  wrongCalls: [],
});
