/** Checks of matmul. Letters: M rows, N columns, K terms of each sum. */
import { matmul } from '../../kernels/batch_matmul.js';
import { matmulOp } from '../../kernels/matmul.js';
import { type MatmulAttributes, matmulReference } from '../../reference/matmul.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

const plain: MatmulAttributes = { transposeA: false, transposeB: false };

/** The operands as stored for a product of M × K and K × N. */
function product(
  name: string,
  [M, N, K]: readonly [number, number, number],
  options: MatmulAttributes = plain,
  more: Pick<Case, 'isThorough' | 'forTiles' | 'isHuge'> = {},
): Case<'a' | 'b', 'c', MatmulAttributes> {
  const a = options.transposeA ? [K, M] : [M, K];
  const b = options.transposeB ? [N, K] : [K, N];
  return { name, inputs: { a, b }, options, ...more };
}

const thorough = { isThorough: true, forTiles: true } as const;
const huge = { ...thorough, isHuge: true } as const;

const ways: readonly (readonly [string, MatmulAttributes])[] = [
  ['a·b', plain],
  ['aᵀ·b', { transposeA: true, transposeB: false }],
  ['a·bᵀ', { transposeA: false, transposeB: true }],
  ['aᵀ·bᵀ', { transposeA: true, transposeB: true }],
];

export const matmulCheck = opCheck<'a' | 'b', 'c', MatmulAttributes>({
  op: matmulOp,
  reference: matmulReference,
  inputs: { a: { draw: drawSigned }, b: { draw: drawSigned } },
  outputs: ['c'],
  magnitudes: 'multilinear',
  terms: ({ a, b }, { transposeA, transposeB }) => {
    const [M, K] = transposeA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
    return { c: K, a: transposeB ? b[0]! : b[1]!, b: M };
  },
  call: ({ a, b }, options) => ({ c: matmul(a, b, options) }),
  primitives: {
    'matmul/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { c: outputs.c },
    }),
  },
  cases: [
    {
      ...product('by hand', [2, 2, 3]),
      byHand: {
        inputs: { a: [1, 2, 3, 4, 5, 6], b: [7, 8, 9, 10, 11, 12] },
        outputs: { c: [58, 64, 139, 154] },
        gradients: { a: [15, 19, 23, 15, 19, 23], b: [5, 5, 7, 7, 9, 9] },
      },
    },
    product('one of everything', [1, 1, 1]),
    ...ways.flatMap(([way, options]) => [
      product(`odd sizes, ${way}`, [7, 5, 3], options),
      product(`above a tile, ${way}`, [65, 33, 17], options, thorough),
      product(`long sum, ${way}`, [9, 10, 1027], options),
      product(`vec4 sizes, ${way}`, [36, 68, 64], options, thorough),
    ]),
    product('below a tile', [31, 63, 15]),
    product('at a tile', [64, 64, 64]),
    product('above a tile', [129, 65, 33]),
    product('one row', [1, 130, 70]),
    product('one column', [130, 1, 70]),
    ...[8, 9, 16, 33, 127, 128, 129].map((size) =>
      product(`edge ${size}`, [size, size, size], plain, thorough),
    ),
    product('split sum', [16, 16, 6272], plain, thorough),
    product('split sum, tiles of 64×64', [125, 63, 8191], plain, huge),
    product('split sum, tiles of 128×64', [256, 255, 2048], plain, huge),
    product('fills tiles of 64×64 and 64×32', [1021, 1024, 5], plain, huge),
    // 256 tiles of 128×128, cut at both edges; all smaller tiles take them too.
    ...ways.map(([way, options]) => product(`fills large tiles, ${way}`, [2045, 2043, 6], options, huge)),
    product('fills large tiles by vec4', [2048, 2048, 8], plain, huge),
    product('dense 1 of paper, batch 16', [16, 256, 3136], plain, thorough),
  ],
  random: (random) => {
    const [M, N, K] = [wholeNumber(random, 1, 140), wholeNumber(random, 1, 140), wholeNumber(random, 1, 300)];
    const yesOrNo = [true, false] as const;
    const options = { transposeA: oneOf(random, [...yesOrNo]), transposeB: oneOf(random, [...yesOrNo]) };
    return product('', [M, N, K], options);
  },
  bench: [
    product('paper dense1', [128, 256, 3136]),
    product('paper dense2', [128, 10, 256]),
    ...[256, 512, 1024].map((size) => product(`square ${size}`, [size, size, size])),
  ],
  wrongCalls: [
    { name: 'inner extents differ', inputs: { a: [2, 3], b: [4, 5] }, call: ({ a, b }) => matmul(a, b) },
    {
      name: 'inner extents differ, transposed',
      inputs: { a: [2, 3], b: [2, 5] },
      call: ({ a, b }) => matmul(a, b, { transposeB: true }),
    },
    {
      name: 'three axes that do not fit',
      inputs: { a: [2, 3, 4], b: [3, 5] },
      call: ({ a, b }) => matmul(a, b),
    },
  ],
});
