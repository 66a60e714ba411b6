/** Checks of the kernels that measure a device. */
import { rooflineCopy, rooflineMultiplyAdd, rooflineRead, stepsPerRound } from '../../kernels/roofline.js';
import { fill64 } from '../../reference/array64.js';
import { type RooflineAttributes, rooflineReference } from '../../reference/roofline.js';
import { type Draw, drawSigned, oneOf, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

/** A factor near ±1, so that the first value still matters after many steps, and an offset. */
const drawLine: Draw = (random, shape) =>
  fill64(shape, (i) =>
    Math.fround(i === 0 ? Math.sign(random() - 0.5) * (0.9 + 0.1 * random()) : 2 * random() - 1),
  );

const shapes = (size: number): Record<'x' | 'line', readonly number[]> => ({ x: [size], line: [2] });
const few: RooflineAttributes = { chains: 2, steps: 16, terms: 1 };

export const rooflineCheck = opCheck<'x' | 'line', 'sum' | 'copy' | 'total', RooflineAttributes>({
  op: { name: 'roofline', primitives: [rooflineMultiplyAdd, rooflineCopy, rooflineRead] },
  reference: rooflineReference,
  inputs: { x: { draw: drawSigned }, line: { draw: drawLine } },
  outputs: ['sum', 'copy', 'total'],
  magnitudes: 'multilinear',
  // A step rounds twice if the device has no fused multiply-add.
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
        // v ← 1 − v leaves v unchanged after an even number of steps: 3·x + 0 + 1 + 2.
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
  // Small: the bench measures the roofline itself, with buffers made on the device.
  bench: [{ name: 'a little of each', inputs: shapes(65_536), options: { chains: 8, steps: 64, terms: 16 } }],
  wrongCalls: [],
});
