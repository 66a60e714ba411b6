// Plan: gradients by the probabilities that a loss reads past, which it computes from their logits. Against the same loss
// written out: by the probabilities, by the logits, by both at once, along a second path, and of the gradient by the logits.
import { expect, test } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import * as kernels from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { sparseCategoricalCrossentropy } from '../../src/nn/losses/index.js';
import { useDevice } from '../device/device.js';

const held = useDevice();
const { log, multiply, negate, scale, softmax, square, sum } = kernels;

type LossOf = (p: Tensor, labels: Tensor, oneHot: Tensor) => Tensor;

const fused: LossOf = (p, labels) => sparseCategoricalCrossentropy().apply(p, labels).loss;
/** Two of the three rows count. */
const writtenOut: LossOf = (p, _, oneHot) => scale(negate(sum(multiply(log(p), oneHot))), 1 / 2);

test.each<[what: string, derivatives: (loss: Tensor, p: Tensor, x: Tensor) => Tensor[]]>([
  ['by the probabilities', (loss, p) => grad(loss, [p])],
  ['by both', (loss, p, x) => grad(scale(loss, 3), [p, x])],
  ['along a second path', (loss, p, x) => grad([loss, sum(square(p))], [p, x])],
  ['by a loss of the loss', (loss, p) => grad(square(loss), [p])],
  ['of the gradient by the probabilities', (loss, p) => grad(square(grad(loss, [p])[0]), [p])],
  ['of the gradient by the logits', (loss, p, x) => grad(square(grad(loss, [x])[0]), [p, x])],
])('%s', async (_, derivatives) => {
  const run = async (lossOf: LossOf): Promise<number[]> => {
    const results = program((x, labels, oneHot) => {
      const p = softmax(x);
      return derivatives(lossOf(p, labels, oneHot), p, x);
    }, held.device).call(
      Tensor.from(
        [
          [0.5, -1, 0],
          [2, 0.25, 1],
          [1, 2, 3],
        ],
        undefined,
        held.device,
      ),
      Tensor.from(Uint32Array.of(1, 7, 2), [3], held.device),
      Tensor.from(Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 1), [3, 3], held.device),
    );
    return (await Promise.all(results.map(async (result) => [...(await result.data())]))).flat();
  };
  const [got, expected] = [await run(fused), await run(writtenOut)];
  got.forEach((value, i) => expect(value, `element ${i}`).toBeCloseTo(expected[i]!, 4));
});
