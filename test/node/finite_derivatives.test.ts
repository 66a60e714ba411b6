// Plan: second derivatives that are finite next to values that do not count: a NaN or an infinity is selected away,
// never multiplied by 0. Of cross-entropy with ignored rows, of batch normalisation with samples after the end of the
// epoch, of all its samples there, and of max.
import { expect, test } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import * as kernels from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { useDevice } from '../device/device.js';

const held = useDevice();
const { multiply, square, sum } = kernels;

const tensor = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  Tensor.from(Float32Array.from(values), shape, held.device);

async function valuesOf(fn: (...inputs: Tensor[]) => Tensor[], ...inputs: Tensor[]): Promise<number[][]> {
  const results = program(fn, held.device).call(...inputs);
  return Promise.all(results.map(async (result) => [...(await result.data())]));
}

test('max next to an infinite factor', async () => {
  const [first] = await valuesOf(
    (x, v) => grad(multiply(grad(square(kernels.max(x)), [x])[0], v), [x]),
    tensor([1, 2, -1]),
    tensor([Infinity, 3, NaN]),
  );
  expect(first).toEqual([0, 6, 0]);
});

test('cross-entropy, with NaN in an ignored row', async () => {
  const labels = Tensor.from(Uint32Array.of(1, 9), [2], held.device);
  const run = (second: readonly number[], factor: readonly number[]): Promise<number[][]> =>
    valuesOf(
      (x, labels, scale, v) => {
        const { loss } = kernels.softmaxCrossEntropy(x, labels);
        const [dx] = grad(multiply(loss, scale), [x]);
        return [dx, ...grad(multiply(dx, v), [x, scale])];
      },
      tensor([0.5, -1, ...second], [2, 2]),
      labels,
      tensor([2], []),
      tensor([1, 3, ...factor], [2, 2]),
    );
  const results = await run([NaN, Infinity], [Infinity, NaN]);
  expect(results).toEqual(await run([0, 0], [0, 0]));
  expect(results.flat().every(Number.isFinite)).toBe(true);
  expect(results[1]!.slice(2)).toEqual([0, 0]);
});

test.each([
  [2, [0.5, -1, 2, 3]],
  [0, []],
])('batch normalisation of %i samples, with NaN and infinity in the others', async (count, counted) => {
  const state = Tensor.from(Uint32Array.of(0, 0, 5, 5 + count, 0, 0, 0, 0), [8], held.device);
  const run = (others: number): Promise<number[][]> => {
    const padded = [...counted, ...Array.from({ length: 6 - counted.length }, () => others)];
    return valuesOf(
      (x, gamma, state, dy, v) => {
        const { y } = kernels.batchNorm(x, { gamma: gamma, beta: gamma, state: state });
        const [dx, dgamma] = grad(multiply(y, dy), [x, gamma]);
        return grad([multiply(dx, v), sum(dgamma)], [x, gamma, dy]);
      },
      tensor(padded, [3, 2]),
      tensor([1, 2]),
      state,
      tensor([1, 2, 3, 5, others, others], [3, 2]),
      tensor([2, -1, 1, 4, others, others], [3, 2]),
    );
  };
  const finite = await run(0);
  expect(finite.flat().every(Number.isFinite)).toBe(true);
  for (const others of [NaN, Infinity]) expect(await run(others)).toEqual(finite);
});

test('powers with the exponents 0 and 1 at 0', async () => {
  const second = await valuesOf(
    (a, b) => grad(sum(grad(sum(kernels.pow(a, b)), [a])[0]), [a]),
    tensor([0, 0, 0, 2]),
    tensor([0, 1, 2, 3]),
  );
  expect(second).toEqual([[0, 0, 2, expect.closeTo(12, 4)]]);
});
