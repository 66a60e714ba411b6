// Plan: gradients of ops put together, against float64: the compositions in which `grad` goes wrong first, one test
// each; losses that are differentiated together; then whole networks, dropout included: the small one with odd sizes, the strided one, the normalised one. `npm run gradcheck`
// adds the paper network.
import { expect, test } from 'vitest';
import { grad } from '../../src/engine/op.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { l2Penalty, softmaxCrossEntropy, square, sum } from '../../src/kernels/index.js';
import { type Row, checkComposition, checkNetwork } from '../../src/reference/check.js';
import { compositions } from '../../src/reference/compositions.js';
import { normalisedNetwork, smallNetwork, stridedNetwork } from '../../src/reference/network.js';
import { useDevice } from './device.js';

const held = useDevice();

test.each(compositions)('$name', async (composition) => {
  expect(failures(await checkComposition(held.device, composition))).toEqual([]);
});

test('of several losses, one of which is made of another, it is the gradient of their sum', async () => {
  const w = Tensor.from(new Float32Array([1, 2]), [2], held.device);
  const gradient = program((x) => {
    const loss = l2Penalty(x, 0.5);
    return grad([loss, square(loss)], [x])[0] as Tensor;
  }, held.device).call(w);
  // L = w·w/2 = 2.5, d(L + L²) = (1 + 2L)·w = 6w.
  expect([...(await gradient.data())]).toEqual([6, 12]);
});

test('the counts beside a loss have no derivative, and say so', () => {
  const logits = Tensor.from(new Float32Array(6), [2, 3], held.device);
  const labels = Tensor.from(Uint32Array.of(0, 2), [2], held.device);
  const through = program(
    (x, y) => grad(sum(softmaxCrossEntropy(x, y).totals), [x])[0] as Tensor,
    held.device,
  );
  expect(() => through.call(logits, labels)).toThrow(
    "grad: the loss depends on 'totals', which has no derivative; take 'loss'.",
  );
});

test.each([smallNetwork, stridedNetwork, normalisedNetwork])(
  'all parameters of the $name network',
  async (network) => {
    expect(failures(await checkNetwork(held.device, network))).toEqual([]);
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
