/** Checks of top_k along the last axis. */
import { topK, topKOp } from '../../kernels/top_k.js';
import { topKReference } from '../../reference/top_k.js';
import { drawDistinct, drawTies, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = { readonly k: number };

const given = (name: string, x: readonly number[], k: number): Case<'x', 'y', Options> => ({
  name,
  inputs: { x },
  options: { k },
});

export const topKCheck = opCheck<'x', 'y', Options>({
  op: topKOp,
  reference: topKReference,
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  roundings: { y: 0 },
  call: ({ x }, { k }) => ({ y: topK(x, k).indices }),
  primitives: {
    'top_k/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...given('by hand', [2, 4], 3),
      byHand: { inputs: { x: [1, 3, 2, 3, -1, -2, -4, -3] }, outputs: { y: [1, 3, 2, 0, 1, 3] } },
    },
    given('odd sizes', [3, 5, 7], 2),
    given('one of one', [1], 1),
    given('a whole row', [3, 9], 9),
    given('above a workgroup', [65, 10], 5),
    { ...given('ties', [9, 12], 7), draw: { x: drawTies }, isSmooth: false },
  ],
  random: (random) => {
    const K = wholeNumber(random, 1, 40);
    return { inputs: { x: [wholeNumber(random, 1, 70), K] }, options: { k: wholeNumber(random, 1, K) } };
  },
  bench: [given('five of many classes', [128, 1000], 5)],
  wrongCalls: [
    { name: 'more than there are', inputs: { x: [2, 3] }, call: ({ x }) => topK(x, 4).values },
    { name: 'none', inputs: { x: [2, 3] }, call: ({ x }) => topK(x, 0).values },
    { name: 'a scalar', inputs: { x: [] }, call: ({ x }) => topK(x).values },
  ],
});
