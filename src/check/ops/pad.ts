/** Checks of pad. */
import type { Shape } from '../../engine/primitive.js';
import { type PadOptions, pad, padOp } from '../../kernels/pad.js';
import { padReference } from '../../reference/pad.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = Required<PadOptions> & {
  readonly before: readonly number[];
  readonly after: readonly number[];
};
type Pairs = readonly (readonly [number, number])[];

const given = (
  name: string,
  x: Shape,
  paddings: Pairs,
  { mode = 'constant', value = 0 }: PadOptions,
): Case<'x', 'y', Options> => ({
  name,
  inputs: { x },
  options: { before: paddings.map(([first]) => first), after: paddings.map(([, last]) => last), mode, value },
});

const around: Pairs = [
  [0, 0],
  [2, 1],
  [1, 3],
  [0, 0],
];

export const padCheck = opCheck<'x', 'y', Options>({
  op: padOp,
  reference: padReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  roundings: { y: 0 },
  magnitudes: ({ x }, { y: dy }, options) => ({
    outputs: {},
    gradients: padReference.backward!({ x }, { y: { ...dy, values: dy.values.map(Math.abs) } }, options),
  }),
  terms: ({ x }, { before, after }) => ({
    x: x.reduce((product, _, axis) => product * (1 + before[axis]! + after[axis]!), 1),
  }),
  call: ({ x }, { before, after, mode, value }) => ({
    y: pad(
      x,
      before.map((first, axis) => [first, after[axis]!] as const),
      { mode, value },
    ),
  }),
  primitives: {
    'pad/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
    'pad/input_gradient': ({ inputs: { x }, options, outputGradients: { y: dy }, gradients }) => {
      // The mode constant is checked through the call: its gradient is a slice.
      const mode = options.mode === 'constant' ? 'edge' : options.mode;
      const attributes = { ...options, mode };
      const dx = padReference.backward!({ x }, { y: dy }, attributes).x!;
      const size = padReference.backward!(
        { x },
        { y: { ...dy, values: dy.values.map(Math.abs) } },
        attributes,
      ).x!;
      return {
        inputs: { dy },
        attributes,
        results: { dx: { ...gradients.x!, value: dx, magnitude: size.values } },
      };
    },
  },
  cases: [
    {
      ...given('by hand', [3], [[2, 1]], { mode: 'reflect' }),
      byHand: {
        inputs: { x: [1, 2, 3] },
        outputs: { y: [3, 2, 1, 2, 3, 2] },
        gradients: { x: [1, 3, 2] },
      },
    },
    {
      ...given('by hand, symmetric', [3], [[2, 1]], { mode: 'symmetric' }),
      byHand: {
        inputs: { x: [1, 2, 3] },
        outputs: { y: [2, 1, 1, 2, 3, 3] },
        gradients: { x: [2, 2, 2] },
      },
    },
    given('a value around images', [2, 5, 7, 3], around, { value: -2.5 }),
    given('edges of images', [2, 5, 7, 3], around, { mode: 'edge' }),
    given('images reflected', [2, 5, 7, 3], around, { mode: 'reflect' }),
    given(
      'wide, on three axes',
      [3, 4, 1, 5],
      [
        [3, 2],
        [4, 4],
        [0, 0],
        [5, 1],
      ],
      { mode: 'symmetric' },
    ),
    given(
      'one element everywhere',
      [1, 1],
      [
        [3, 2],
        [0, 4],
      ],
      { mode: 'edge' },
    ),
    given('above a workgroup', [130], [[129, 129]], { mode: 'reflect' }),
  ],
  random: (random) => {
    const x = Array.from({ length: 4 }, () => wholeNumber(random, 2, 6));
    const amounts = (): number[] => x.map((extent) => wholeNumber(random, 0, extent - 1));
    const mode = oneOf(random, ['constant', 'edge', 'reflect', 'symmetric'] as const);
    return { inputs: { x }, options: { before: amounts(), after: amounts(), mode, value: 1.5 } };
  },
  bench: [
    given(
      'zeros around images',
      [128, 28, 28, 32],
      [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ],
      {},
    ),
    given(
      'images reflected',
      [128, 28, 28, 32],
      [
        [0, 0],
        [2, 2],
        [2, 2],
        [0, 0],
      ],
      { mode: 'reflect' },
    ),
  ],
  wrongCalls: [
    { name: 'not f32', inputs: { x: { shape: [4], dtype: 'u32' } }, call: ({ x }) => pad(x, [[1, 1]]) },
    { name: 'no pair for an axis', inputs: { x: [4, 4] }, call: ({ x }) => pad(x, [[1, 1]]) },
    { name: 'less than nothing', inputs: { x: [4] }, call: ({ x }) => pad(x, [[-1, 0]]) },
    {
      name: 'more than a reflection has',
      inputs: { x: [2, 4] },
      call: ({ x }) =>
        pad(
          x,
          [
            [0, 0],
            [0, 4],
          ],
          { mode: 'reflect' },
        ),
    },
    {
      name: 'more than a mirror has',
      inputs: { x: [4] },
      call: ({ x }) => pad(x, [[5, 0]], { mode: 'symmetric' }),
    },
    {
      name: 'a mode unknown',
      inputs: { x: [4] },
      call: ({ x }) => pad(x, [[1, 1]], { mode: 'wrap' as never }),
    },
  ],
});
