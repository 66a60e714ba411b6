// Plan: gradients of ops put together, against float64: the compositions in which `grad` goes wrong first, one test
// each; losses that are differentiated together, listed twice, or asked for their own gradient; then whole networks,
// dropout included: the small one with odd sizes, the strided one, the normalised one, the one of two losses. `npm run gradcheck` adds the paper
// network. What grad refuses is in test/unit/grad.test.ts.
import { expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import {
  add,
  fill,
  l2Penalty,
  matmul,
  multiply,
  relu,
  reshape,
  scale,
  square,
  sum,
} from '../../src/kernels/index.js';
import { checkComposition } from '../../src/check/check_composition.js';
import { checkNetwork } from '../../src/check/check_network.js';
import { compositions } from '../../src/check/compositions.js';
import {
  branchedNetwork,
  convolvedNetwork,
  normalisedNetwork,
  smallNetwork,
  stridedNetwork,
} from '../../src/check/networks.js';
import type { Row } from '../../src/check/row.js';
import { useDevice } from '../device/device.js';

const held = useDevice();

test.each(compositions)('$name', async (composition) => {
  expect(failures(await checkComposition(held.device, composition))).toEqual([]);
});

test('of several losses, one of which is made of another, it is the gradient of their sum', async () => {
  const w = Tensor.from(new Float32Array([1, 2]), [2], held.device);
  const gradient = program((x) => {
    const loss = l2Penalty(x, 0.5);
    return grad([loss, square(loss)], [x])[0];
  }, held.device).call(w);
  // L = w·w/2 = 2.5, d(L + L²) = (1 + 2L)·w = 6w.
  expect([...(await gradient.data())]).toEqual([6, 12]);
});

const at = (...values: number[]): Tensor => Tensor.from(values, [values.length], held.device);

test.each<[what: string, gradient: (x: Tensor) => Tensor | undefined, expected: number[]]>([
  ['a loss listed twice counts twice', (x) => ((l) => grad([l, l], [x])[0])(sum(square(x))), [4, 8]],
  [
    'a tensor that is a loss and part of another',
    (x) => ((h) => grad([h, sum(h)], [h])[0])(square(x)),
    [2, 2],
  ],
  ['a loss by itself', (x) => grad(x, [x])[0], [1, 1]],
  ['a loss by itself, three times', (x) => grad([x, x, x], [x])[0], [3, 3]],
  ['a loss that is also an operand', (x) => ((h) => grad([h, multiply(h, x)], [x])[0])(square(x)), [5, 16]],
  ['a fused loss by itself', (x) => ((l) => grad([l, x], [l])[0])(l2Penalty(x, 1)), [1]],
  // d(Σ(dy/dx)²)/dx of y = Σ x³, whose rules are all made of ops.
  [
    'a gradient of a gradient, where every rule is made of ops',
    (x) => {
      const [g] = grad(multiply(square(x), x), [x]);
      return grad(square(g), [x])[0];
    },
    [36, 36 * 8],
  ],
  [
    'a gradient that is constant along its operand',
    (x) => {
      // y = relu(x)·x = x² above 0.
      const [g] = grad(multiply(relu(x), x), [x]);
      return grad(g, [x])[0];
    },
    [2, 2],
  ],
  // The gradient of relu is a step, along which nothing changes.
  ['a gradient that is constant', (x) => grad(sum(grad(sum(relu(x)), [x])[0]), [x])[0], [0, 0]],
  ['no gradient, as zeros', (x) => grad(sum(x), [square(x)], { unconnected: 'zero' })[0], [0, 0]],
  // L = (Σ x²)², dL/dx = 4·Σx²·x, and d(Σ dL/dx)/dx_i = 8·x_i·Σx + 4·Σx².
  [
    'a gradient of a gradient of a sum',
    (x) => grad(sum(grad(square(sum(square(x))), [x])[0]), [x])[0],
    [44, 68],
  ],
  [
    'a penalty on a gradient through a matrix product',
    (w) => {
      const x = fill([1, 2], 1);
      const y = sum(square(matmul(x, reshape(w, [2, 1]))));
      const [gx] = grad(y, [x]);
      return grad(add(y, sum(square(gx))), [w])[0];
    },
    [198, 270],
  ],
  [
    'a penalty on a gradient, where no path is lost',
    (x) => {
      // w is x by another way: dy/dx = 2xw² + 2x²w, and d(y + (dy/dx)²)/dw = 2x²w + 2·dy/dx·(4xw + 2x²).
      const w = scale(x, 1);
      const y = sum(square(multiply(x, w)));
      return grad(add(y, sum(square(grad(y, [x])[0]))), [w])[0];
    },
    [50, 1552],
  ],
])('%s', async (_, gradient, expected) => {
  const run = program((x: Tensor) => gradient(x)!, held.device);
  expect([...(await run.call(at(1, 2)).data())]).toEqual(expected);
});

test('a captured tensor and its reshape are one variable', async () => {
  const w = at(1, 2);
  const column = reshape(w, [2, 1]);
  const gradients = program(() => {
    const losses = [sum(square(w)), sum(square(column))];
    return [...grad(losses, [w, column]), ...grad([w, column], [column])];
  }, held.device).call();
  const shapes = gradients.map(({ shape }) => shape);
  expect(shapes).toEqual([[2], [2, 1], [2, 1]]);
  const values = await Promise.all(gradients.map(async (gradient) => [...(await gradient.data())]));
  expect(values).toEqual([
    [4, 8],
    [4, 8],
    [2, 2],
  ]);
});

test.each([smallNetwork, stridedNetwork, normalisedNetwork, convolvedNetwork, branchedNetwork])(
  'all parameters of the $network.name network',
  async (checked) => {
    expect(failures(await checkNetwork(held.device, checked))).toEqual([]);
  },
);

function failures(rows: readonly Row[]): string[] {
  expect(rows.length).toBeGreaterThan(0);
  return rows
    .filter((row) => !row.ok)
    .map(
      ({ result, error, tolerance, at }) =>
        `${result}: ${error.toExponential(1)} > ${tolerance.toExponential(1)} at ${at}`,
    );
}
