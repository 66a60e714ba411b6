/** Checks of batch_matmul. Letters: M rows, N columns, K terms of each sum, G and H the leading axes. */
import { matmul, batchMatmulOp } from '../../kernels/batch_matmul.js';
import type { MatmulAttributes } from '../../reference/matmul.js';
import { batchMatmulReference } from '../../reference/batch_matmul.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Pair = readonly [number, number];
type MatmulCase = Case<'a' | 'b', 'c', MatmulAttributes>;
const plain: MatmulAttributes = { transposeA: false, transposeB: false };

/** The operands as stored for products of M × K and K × N. */
function products(
  name: string,
  [leadA, leadB]: readonly [Pair, Pair],
  [M, N, K]: readonly [number, number, number],
  options: MatmulAttributes = plain,
  more: Pick<Case, 'isThorough' | 'forTiles' | 'isHuge'> = {},
): MatmulCase {
  const a = [...leadA, ...(options.transposeA ? [K, M] : [M, K])];
  const b = [...leadB, ...(options.transposeB ? [N, K] : [K, N])];
  return { name, inputs: { a, b }, options, ...more };
}

const thorough = { isThorough: true, forTiles: true } as const;
const both: readonly [Pair, Pair] = [
  [2, 3],
  [2, 3],
];

export const batchMatmulCheck = opCheck<'a' | 'b', 'c', MatmulAttributes>({
  op: batchMatmulOp,
  reference: batchMatmulReference,
  inputs: { a: { draw: drawSigned }, b: { draw: drawSigned } },
  outputs: ['c'],
  magnitudes: 'multilinear',
  terms: ({ a, b }, { transposeA, transposeB }) => {
    const [M, K] = transposeA ? [a[3]!, a[2]!] : [a[2]!, a[3]!];
    const count = Math.max(a[0]!, b[0]!) * Math.max(a[1]!, b[1]!);
    return { c: K, a: count * (transposeB ? b[2]! : b[3]!), b: count * M };
  },
  call: ({ a, b }, options) => ({ c: matmul(a, b, options) }),
  primitives: {
    'batch_matmul/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { c: outputs.c },
    }),
  },
  cases: [
    {
      ...products(
        'by hand, one a for two b',
        [
          [1, 1],
          [1, 2],
        ],
        [1, 2, 2],
      ),
      byHand: {
        inputs: { a: [1, 2], b: [1, 2, 3, 4, 5, 6, 7, 8] },
        outputs: { c: [7, 10, 19, 22] },
        gradients: { a: [14, 22], b: [1, 1, 2, 2, 1, 1, 2, 2] },
      },
    },
    products('odd sizes', both, [7, 5, 3]),
    products(
      'aᵀ·b, one b along an axis',
      [both[0], [1, 3]],
      [5, 9, 6],
      {
        transposeA: true,
        transposeB: false,
      },
      { isThorough: true },
    ),
    products(
      'a·bᵀ, one a along an axis',
      [[2, 1], both[1]],
      [9, 5, 7],
      {
        transposeA: false,
        transposeB: true,
      },
      { isThorough: true },
    ),
    products(
      'aᵀ·bᵀ, each along another axis',
      [
        [2, 1],
        [1, 3],
      ],
      [5, 6, 4],
      { transposeA: true, transposeB: true },
    ),
    products('one a for all', [[1, 1], both[1]], [3, 4, 5], plain, { isThorough: true }),
    products(
      'above a tile of 16',
      [
        [1, 5],
        [1, 5],
      ],
      [17, 33, 20],
    ),
    products('above a tile', both, [33, 65, 36], plain, thorough),
    products(
      'fills tiles of 64',
      [
        [16, 9],
        [16, 9],
      ],
      [125, 63, 17],
      plain,
      { ...thorough, isHuge: true },
    ),
  ],
  random: (random) => {
    const [M, N, K] = [wholeNumber(random, 1, 40), wholeNumber(random, 1, 40), wholeNumber(random, 1, 40)];
    const yesOrNo = [true, false] as const;
    const options = { transposeA: oneOf(random, [...yesOrNo]), transposeB: oneOf(random, [...yesOrNo]) };
    return products(
      '',
      [
        [1, 4],
        [3, 4],
      ],
      [M, N, K],
      options,
    );
  },
  bench: [
    products(
      'the scores of attention',
      [
        [8, 8],
        [8, 8],
      ],
      [256, 256, 64],
      { transposeA: false, transposeB: true },
    ),
    products(
      'many small',
      [
        [1, 1024],
        [1, 1024],
      ],
      [16, 16, 16],
    ),
  ],
  wrongCalls: [
    {
      name: 'inner extents differ',
      inputs: { a: [2, 3, 4], b: [2, 3, 4] },
      call: ({ a, b }) => matmul(a, b),
    },
    { name: 'leading axes differ', inputs: { a: [2, 3, 4], b: [3, 4, 2] }, call: ({ a, b }) => matmul(a, b) },
    { name: 'a scalar', inputs: { a: [], b: [2, 3] }, call: ({ a, b }) => matmul(a, b) },
    {
      name: 'one axis to transpose',
      inputs: { a: [2, 3], b: [3] },
      call: ({ a, b }) => matmul(a, b, { transposeB: true }),
    },
  ],
});
