// Plan: third derivatives of every op, against central differences of the second ones, which the check of each op
// compares with float64 (src/check/check_second_order.ts). Ops are called on x and scaled by it, so that none of the three
// derivatives is 0.
import { expect, test } from 'vitest';
import { randomFrom, drawDistinct, drawSigned, wholeBatchState } from '../../src/check/draws.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import * as kernels from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { useDevice } from '../device/device.js';

const held = useDevice();
const { multiply, reshape, square, sum } = kernels;

const image = [1, 6, 5, 3];
const h = 2 ** -10;

type Constants = { readonly labels: Tensor; readonly state: Tensor };

test.each<[op: string, shape: readonly number[], f: (x: Tensor, constants: Constants) => Tensor]>([
  ['relu', [9], (x) => multiply(kernels.relu(x), square(x))],
  ['sigmoid', [9], (x) => kernels.sigmoid(x)],
  ['softmax', [3, 4], (x) => multiply(kernels.softmax(x), x)],
  ['softmax_cross_entropy', [3, 4], (x, { labels }) => kernels.softmaxCrossEntropy(x, labels).loss],
  ['matmul', [3, 3], (x) => kernels.matmul(kernels.matmul(x, x), x)],
  ['sum', [3, 4], (x) => square(multiply(sum(x, { axis: 1, keepDims: true }), x))],
  ['max', [3, 4], (x) => multiply(square(kernels.max(x, { axis: 1, keepDims: true })), x)],
  ['log_sum_exp', [3, 4], (x) => kernels.logSumExp(x, { axis: 0 })],
  ['log_softmax', [3, 4], (x) => multiply(kernels.logSoftmax(x, { axis: 0 }), x)],
  ['take_along_axis', [3, 4], (x) => multiply(square(kernels.topK(x, 4).values), x)],
  ['batch_matmul', [2, 3, 3], (x) => kernels.matmul(kernels.matmul(x, x), x)],
  ['l2_penalty', [9], (x) => multiply(kernels.l2Penalty(x, 0.5), x)],
  ['conv2d', image, (x) => square(kernels.conv2d(x, reshape(x, [3, 5, 3, 2]), { padding: 'same' }))],
  ['max_pool2d', image, (x) => multiply(square(kernels.maxPool2d(x, { strides: 1, padding: 'same' })), x)],
  ['avg_pool2d', image, (x) => multiply(square(kernels.avgPool2d(x, { strides: 1, padding: 'same' })), x)],
  ['filter2d', image, (x) => multiply(square(kernels.image.blur(x)), x)],
  [
    'concatenate',
    [4],
    (x) => square(multiply(kernels.concatenate([x, square(x)]), kernels.concatenate([x, x]))),
  ],
  ['transpose', [3, 4], (x) => kernels.exp(multiply(kernels.transpose(x), reshape(x, [4, 3])))],
  ['dropout', [16], (x, { state }) => square(square(kernels.dropout(x, { rate: 0.4, stream: 3, state })))],
  [
    'batch_norm',
    [5, 2, 3],
    (x, { state }) => {
      const gamma = reshape(sum(x, { axis: [0, 1] }), [3]);
      return square(kernels.batchNorm(x, { gamma, beta: gamma, state }).y);
    },
  ],
  [
    'batch_norm_inference',
    [5, 2, 3],
    (x) => {
      const gamma = sum(x, { axis: [0, 1] });
      const variance = square(gamma);
      return square(kernels.batchNormInference(x, { gamma, beta: gamma, mean: gamma, variance, epsilon: 1 }));
    },
  ],
])('%s', async (op, shape, f) => {
  const { device } = held;
  const random = randomFrom(15, 0);
  const size = shape.reduce((a, b) => a * b, 1);
  const draw = (drawn: typeof drawSigned): Float32Array<ArrayBuffer> =>
    Float32Array.from(drawn(random, shape).values);
  const [x, v, u] = [draw(drawDistinct), draw(drawSigned), draw(drawSigned)];
  const direction = Float32Array.from(x, () => (random() < 0.5 ? -h : h));
  const stateTensor = Tensor.from(
    Uint32Array.from(wholeBatchState({ seed: 5, step: 2 }).values),
    [8],
    device,
  );
  const labels = Tensor.from(new Uint32Array([1, 0, 3]), [3], device);
  const derivatives = program((...[x, v, u, labels, state]: Tensor[]) => {
    const [first] = grad(f(x!, { labels: labels!, state: state! }), [x!]);
    const [second] = grad(multiply(first, v!), [x!]);
    return [second, ...grad(multiply(second, u!), [x!])];
  }, device);
  const at = async (sign: number): Promise<Float32Array[]> => {
    const moved: Float32Array<ArrayBuffer> = x.map((value, i) => value + sign * direction[i]!);
    const operands = [moved, v, u].map((values) => Tensor.from(values, shape, device));
    const results = derivatives.call(...operands, labels, stateTensor);
    return Promise.all(results.map((tensor) => tensor.data() as Promise<Float32Array>));
  };
  const [above, below, middle] = [await at(1), await at(-1), await at(0)];
  // Σ u·(second(x + d) − second(x − d)) ≈ 2·Σ third·d
  let [numeric, analytic, terms] = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    numeric += u[i]! * (above[0]![i]! - below[0]![i]!);
    analytic += 2 * middle[1]![i]! * direction[i]!;
    terms += Math.abs(2 * middle[1]![i]! * direction[i]!);
  }
  expect(terms, op).toBeGreaterThan(0);
  expect(Math.abs(numeric - analytic) / terms, `${numeric} for ${analytic}`).toBeLessThan(5e-3);
});
