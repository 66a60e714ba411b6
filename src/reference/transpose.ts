/** Float64 reference of transpose: y[i_p0, i_p1, …] = x[i_0, i_1, …] for the permutation p. */
import { type Shape, sizeOf } from '../engine/primitive.js';
import { transpose } from '../kernels/transpose.js';
import { type Array64, type Case, drawSigned, oneOf, reference, wholeNumber, zeros64 } from './reference.js';

type Options = { readonly permutation: readonly number[] };

/** The index along each axis of the element at a flat place. */
function indices(shape: Shape, flat: number): number[] {
  return shape.map((extent, axis) => Math.floor(flat / sizeOf(shape.slice(axis + 1))) % extent);
}

export function transpose64(x: Array64, permutation: readonly number[]): Array64 {
  const y = zeros64(permutation.map((axis) => x.shape[axis] as number));
  x.values.forEach((value, flat) => {
    const from = indices(x.shape, flat);
    const place = permutation.reduce(
      (so, axis, i) => so * (y.shape[i] as number) + (from[axis] as number),
      0,
    );
    y.values[place] = value;
  });
  return y;
}

const given = (name: string, x: Shape, permutation: readonly number[]): Case<'x', 'y', Options> => ({
  name,
  inputs: { x },
  options: { permutation },
});

export const transposeReference = reference<'x', 'y', Options>({
  op: 'transpose',
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  forward: ({ x }, { permutation }) => ({ y: transpose64(x, permutation) }),
  backward: (_, { y: dy }, { permutation }) => {
    const back = permutation.map((_, axis) => permutation.indexOf(axis));
    return { x: transpose64(dy, back) };
  },
  roundings: { x: 0, y: 0 },
  call: ({ x }, { permutation }) => ({ y: transpose(x, permutation) }),
  primitives: {
    'transpose/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...given('by hand', [2, 3], [1, 0]),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6] },
        outputs: { y: [1, 4, 2, 5, 3, 6] },
        gradients: { x: [1, 1, 1, 1, 1, 1] },
      },
    },
    given('one axis', [9], [0]),
    given('a matrix above a workgroup', [65, 33], [1, 0]),
    given('three axes around', [3, 5, 7], [2, 0, 1]),
    given('channels first', [2, 5, 7, 3], [0, 3, 1, 2]),
    given('channels last', [2, 3, 5, 7], [0, 2, 3, 1]),
    given('reversed', [2, 3, 4, 5], [3, 2, 1, 0]),
  ],
  random: (random) => {
    return {
      inputs: { x: Array.from({ length: 4 }, () => wholeNumber(random, 1, 9)) },
      options: {
        permutation: oneOf<number[]>(random, [
          [0, 1, 2, 3],
          [1, 3, 0, 2],
          [3, 0, 2, 1],
          [0, 2, 1, 3],
        ]),
      },
    };
  },
  bench: [
    given('dense1 of paper', [3136, 256], [1, 0]),
    given('channels first', [128, 28, 28, 32], [0, 3, 1, 2]),
  ],
  wrongCalls: [
    { name: 'an axis twice', inputs: { x: [2, 3] }, call: ({ x }) => transpose(x, [0, 0]) },
    { name: 'five axes', inputs: { x: [1, 1, 1, 1, 2] }, call: ({ x }) => transpose(x) },
  ],
});
