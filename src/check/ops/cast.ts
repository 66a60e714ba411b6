/** Checks of cast, from f16 to f32 and back in the gradient. test/device/half.test.ts casts to f16 and from integers. */
import { cast, castOp } from '../../kernels/cast.js';
import { castReference } from '../../reference/cast.js';
import { map64 } from '../../reference/array64.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Options = { readonly dtype: 'f32' | 'f16' };
const options: Options = { dtype: 'f32' };

/** Multiples of 2⁻¹⁰ within ±1: f16 also holds their neighbours at that distance. */
const drawHalves: Draw = (random, shape) => ({
  ...map64(drawSigned(random, shape), (value) => Math.trunc(value * 512) / 1024),
  dtype: 'f16',
});

export const castCheck = opCheck<'x', 'y', Options>({
  op: castOp,
  reference: castReference,
  inputs: { x: { dtype: 'f16', draw: drawHalves } },
  outputs: ['y'],
  // A half has 11 significant bits, 2¹³ times the rounding of f32.
  roundings: { y: 0, x: 2 ** 13 },
  terms: () => ({ y: 0, x: 0 }),
  call: ({ x }, { dtype }) => ({ y: cast(x, dtype) }),
  primitives: {
    'cast/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [5] },
      options,
      byHand: {
        inputs: { x: [0, -1.5, 2048, 65504, 2 ** -24] },
        outputs: { y: [0, -1.5, 2048, 65504, 2 ** -24] },
        gradients: { x: [1, 1, 1, 1, 1] },
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options },
    { name: 'one element', inputs: { x: [1] }, options },
    { name: 'above a workgroup', inputs: { x: [4099] }, options },
  ],
  random: (random) => ({ inputs: { x: [wholeNumber(random, 1, 200)] }, options }),
  bench: [{ name: 'like paper conv2', inputs: { x: [128, 28, 28, 32] }, options }],
  wrongCalls: [
    { name: 'bytes', inputs: { x: { shape: [2], dtype: 'u8' } }, call: ({ x }) => cast(x, 'f32') },
    { name: 'to integers', inputs: { x: [2] }, call: ({ x }) => cast(x, 'u32' as 'f32') },
  ],
});
