/**
 * What the checks of ops that move elements do not reach:
 *   gather and oneHot by indices in floats, of which some are no indices
 *   the gradient of gather has the same bits in every run
 *   tile keeps NaN, infinity and the sign of 0
 */
import { expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { gather, multiply, oneHot, tile } from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { useDevice } from '../device/device.js';

useDevice();

it('gather takes floats, and gives NaN for those that are not indices', async () => {
  const x = Tensor.from([10, 20, 30]);
  const indices = Tensor.from([2, -0, NaN, -1, 3, 3e9, Infinity, -Infinity, 1]);
  const [nan, y] = [NaN, [...(await gather(x, indices).data())]];
  expect(y).toEqual([30, 10, nan, nan, nan, nan, nan, nan, 20]);
  const gradient = program((operand: Tensor) => grad(gather(operand, indices), [operand])[0]);
  expect([...(await gradient.call(x).data())]).toEqual([1, 1, 1]);
  expect([...(await oneHot(indices, 3).data())]).toEqual(
    [2, 0, -1, -1, -1, -1, -1, -1, 1].flatMap((label) => [0, 1, 2].map((k) => (k === label ? 1 : 0))),
  );
});

it('the gradient of gather has the same bits in every run', async () => {
  const places = 4000;
  const indices = Tensor.from(Uint32Array.from({ length: places }, (_, i) => (i * i) % 7));
  const dy = Tensor.from(Float32Array.from({ length: places }, (_, i) => Math.sin(i)));
  const gradient = program((x: Tensor) => grad(multiply(gather(x, indices), dy), [x])[0]);
  const x = Tensor.zeros({ shape: [7], dtype: 'f32' });
  const expected = new Float32Array(7);
  (await dy.data()).forEach((value, i) => (expected[(i * i) % 7]! += value));
  for (let run = 0; run < 3; run++) expect(await gradient.call(x).data()).toEqual(expected);
});

it('tile keeps NaN, infinity and the sign of 0', async () => {
  const [row, y] = [[NaN, -Infinity, -0], await tile(Tensor.from([NaN, -Infinity, -0]), [2, 2]).data()];
  expect([...y]).toEqual([...row, ...row, ...row, ...row]);
});
