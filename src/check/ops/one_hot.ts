/** Checks of one_hot. */
import { oneHot, oneHotOp } from '../../kernels/one_hot.js';
import { squeeze } from '../../kernels/expand_dims.js';
import { fill64 } from '../../reference/array64.js';
import { oneHotReference } from '../../reference/one_hot.js';
import { type Draw, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Options = { readonly classes: number };

/** One in eight is not a class. */
const drawLabels: Draw = (random, shape) =>
  fill64(shape, () => (random() < 1 / 8 ? 0xffffffff : wholeNumber(random, 0, 9)));

export const oneHotCheck = opCheck<'labels', 'y', Options, Options & { readonly isFloat: boolean }>({
  op: oneHotOp,
  reference: oneHotReference,
  attributes: (_, { classes }) => ({ classes, isFloat: false }),
  inputs: { labels: { dtype: 'u32', draw: drawLabels } },
  outputs: ['y'],
  roundings: { y: 0 },
  call: ({ labels }, { classes }) => ({ y: oneHot(squeeze(labels, -1), classes) }),
  primitives: {
    'one_hot/forward': ({ inputs, options: { classes }, outputs }) => ({
      inputs,
      attributes: { classes, isFloat: false },
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { labels: [3, 1] },
      options: { classes: 3 },
      byHand: { inputs: { labels: [2, 3, 0] }, outputs: { y: [0, 0, 1, 0, 0, 0, 1, 0, 0] } },
    },
    { name: 'of pixels', inputs: { labels: [2, 3, 5, 1] }, options: { classes: 10 } },
    { name: 'above a workgroup', inputs: { labels: [129, 1] }, options: { classes: 7 } },
  ],
  bench: [{ name: 'a batch of 1,000 classes', inputs: { labels: [128, 1] }, options: { classes: 1000 } }],
  wrongCalls: [
    {
      name: 'bytes',
      inputs: { labels: { shape: [4], dtype: 'u8' } },
      call: ({ labels }) => oneHot(labels, 3),
    },
    {
      name: 'no classes',
      inputs: { labels: { shape: [4], dtype: 'u32' } },
      call: ({ labels }) => oneHot(labels, 0),
    },
  ],
});
