/**
 * Combinations of ops in which gradients easily go wrong: broadcasting, an operand used twice, views in between, a mask
 * that the backward pass must draw again. Each is written twice, with kernels and in float64.
 */
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import {
  add,
  avgPool2d,
  batchNorm,
  batchNormInference,
  conv2d,
  divide,
  dropout,
  exp,
  gather,
  l2Penalty,
  log,
  matmul,
  max,
  maxPool2d,
  mean,
  multiply,
  oneHot,
  relu,
  reshape,
  scale,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  square,
  subtract,
  sum,
  transpose,
} from '../kernels/index.js';
import { combine64, reduceTo64 } from '../reference/arithmetic.js';
import { type Array64, array64, map64 } from '../reference/array64.js';
import { avgPool64 } from '../reference/avg_pool2d.js';
import { batchNorm64 } from '../reference/batch_norm.js';
import { batchNormInference64 } from '../reference/batch_norm_inference.js';
import { conv2d64 } from '../reference/conv2d.js';
import { dropoutFactor64 } from '../reference/dropout.js';
import { l2Penalty64 } from '../reference/l2_penalty.js';
import { matmul64 } from '../reference/matmul.js';
import { maxPool64 } from '../reference/max_pool2d.js';
import { sigmoidReference } from '../reference/activations.js';
import { softmax64 } from '../reference/softmax.js';
import { softmaxCrossEntropy64 } from '../reference/softmax_cross_entropy.js';
import { transpose64 } from '../reference/transpose.js';
import {
  type Draw,
  drawAwayFromZero,
  drawDistinct,
  drawPositive,
  drawSigned,
  wholeBatchState,
} from './draws.js';
import { windowAttributes } from './window.js';

export interface Composition {
  readonly name: string;
  /** Operands whose gradients are checked. */
  readonly inputs: readonly { readonly shape: Shape; readonly draw: Draw }[];
  /** Operands without gradients, such as labels. */
  readonly constants?: readonly Array64[];
  /** The value to differentiate; if it has several elements, their sum. */
  call(inputs: readonly Tensor[], constants: readonly Tensor[]): Tensor;
  /** The same sum in float64. */
  float64(inputs: readonly Array64[], constants: readonly Array64[]): number;
}

const total = ({ values }: Array64): number => values.reduce((sum, value) => sum + value, 0);
const add64 = (a: Array64, b: Array64): Array64 => combine64(a, b, (x, y) => x + y);
const times64 = (a: Array64, b: Array64): Array64 => combine64(a, b, (x, y) => x * y);
const relu64 = (x: Array64): Array64 => map64(x, (value) => Math.max(value, 0));
const view64 = (x: Array64, shape: Shape): Array64 => ({ ...x, shape });
const plain = { transposeA: false, transposeB: false };
const same = ({ shape }: Array64, window: readonly number[], strides: readonly [number, number]) =>
  windowAttributes(shape, window, { strides, padding: 'same' });
const signed = (...shape: number[]) => ({ shape, draw: drawSigned });

const [seed, step, rate, stream] = [99, 7, 0.4, 261];
const masked64 = (x: Array64): Array64 =>
  map64(x, (value, i) => value * dropoutFactor64(i, { rate, stream, seed, step }));

export const compositions: readonly Composition[] = [
  {
    name: 'broadcast add, two ways',
    inputs: [signed(2, 3, 4), signed(4), signed(3, 1)],
    call: ([x, row, column]) => square(add(add(x!, row!), column!)),
    float64: ([x, row, column]) => total(map64(add64(add64(x!, row!), column!), (value) => value ** 2)),
  },
  {
    name: 'an operand used twice by one op',
    inputs: [signed(5, 5)],
    call: ([x]) => multiply(matmul(x!, x!), x!),
    float64: ([x]) => total(times64(matmul64(x!, x!, plain), x!)),
  },
  {
    name: 'x·x + x',
    inputs: [signed(33)],
    call: ([x]) => add(multiply(x!, x!), x!),
    float64: ([x]) => total(map64(x!, (value) => value * value + value)),
  },
  {
    name: 'x used by two ops',
    inputs: [{ shape: [7, 9], draw: drawAwayFromZero }],
    call: ([x]) => multiply(relu(x!), exp(x!)),
    float64: ([x]) => total(map64(x!, (value) => Math.max(value, 0) * Math.exp(value))),
  },
  {
    name: 'reshape and transpose between',
    inputs: [signed(6, 4), signed(3, 5)],
    call: ([x, w]) => {
      const turned = transpose(reshape(x!, [2, 3, 4]), [0, 2, 1]);
      return square(matmul(reshape(turned, [8, 3]), w!));
    },
    float64: ([x, w]) => {
      const turned = transpose64(view64(x!, [2, 3, 4]), [0, 2, 1]);
      return total(map64(matmul64(view64(turned, [8, 3]), w!, plain), (value) => value ** 2));
    },
  },
  {
    name: 'views of views of an input',
    inputs: [signed(12)],
    call: ([x]) => multiply(reshape(reshape(x!, [3, 4]), [2, 6]), reshape(x!, [2, 6])),
    float64: ([x]) => total(map64(x!, (value) => value ** 2)),
  },
  {
    name: 'dropout draws the same mask again',
    inputs: [signed(9, 8), signed(8, 6)],
    constants: [wholeBatchState({ seed, step })],
    call: ([x, w], [state]) => square(dropout(matmul(x!, w!), { rate, stream, state: state! })),
    float64: ([x, w]) => total(map64(masked64(matmul64(x!, w!, plain)), (value) => value ** 2)),
  },
  {
    name: 'two dropouts of one stream share their mask',
    inputs: [signed(70)],
    constants: [wholeBatchState({ seed, step })],
    call: ([x], [state]) => {
      const options = { rate, stream, state: state! };
      return dropout(multiply(dropout(x!, options), x!), options);
    },
    float64: ([x]) => total(masked64(times64(masked64(x!), x!))),
  },
  {
    name: 'a layer: convolution, bias, relu, pool',
    inputs: [signed(2, 6, 5, 2), signed(3, 3, 2, 4), signed(4)],
    call: ([x, kernel, bias]) =>
      square(maxPool2d(relu(add(conv2d(x!, kernel!, { padding: 'same' }), bias!)), { poolSize: 2 })),
    float64: ([x, kernel, bias]) => {
      const y = conv2d64(x!, kernel!, same(x!, [3, 3], [1, 1]));
      const pool = { window: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] };
      return total(map64(maxPool64(relu64(add64(y, bias!)), pool), (value) => value ** 2));
    },
  },
  {
    name: 'normalised rows: mean, square, root, division',
    inputs: [signed(6, 10), { shape: [10], draw: drawPositive }],
    call: ([x, gain]) => {
      const centred = subtract(x!, mean(x!, { axis: 1, keepDims: true }));
      const deviation = sqrt(add(mean(square(centred), { axis: -1, keepDims: true }), 1e-3));
      return square(multiply(divide(centred, deviation), gain!));
    },
    float64: ([x, gain]) => {
      const mean64 = (y: Array64): Array64 => map64(reduceTo64(y, [6, 1]), (value) => value / 10);
      const centred = combine64(x!, mean64(x!), (a, b) => a - b);
      const deviation = map64(mean64(map64(centred, (value) => value ** 2)), (v) => Math.sqrt(v + 1e-3));
      const y = times64(
        combine64(centred, deviation, (a, b) => a / b),
        gain!,
      );
      return total(map64(y, (value) => value ** 2));
    },
  },
  {
    name: 'a layer normalised over the batch, sigmoid, averages',
    inputs: [signed(3, 6, 5, 2), signed(3, 3, 2, 4), { shape: [4], draw: drawPositive }, signed(4)],
    constants: [wholeBatchState({ seed, step })],
    call: ([x, kernel, gamma, beta], [state]) => {
      const { y } = batchNorm(conv2d(x!, kernel!), { gamma: gamma!, beta: beta!, state: state! });
      return square(avgPool2d(sigmoid(y), { poolSize: 2, padding: 'same' }));
    },
    float64: ([x, kernel, gamma, beta], [state]) => {
      const product = conv2d64(x!, kernel!, { strides: [1, 1], pads: [0, 0, 0, 0] });
      const operands = { x: product, gamma: gamma!, beta: beta!, state: state! };
      const y = sigmoidReference.forward({ x: batchNorm64(operands, { epsilon: 1e-3 }).y }, {}).y;
      const pool = { window: [2, 2], ...same(y, [2, 2], [2, 2]) };
      return total(map64(avgPool64(y, pool), (value) => value ** 2));
    },
  },
  {
    name: 'a normalisation that keeps its statistics',
    inputs: [signed(5, 7), signed(7), signed(7), signed(7), { shape: [7], draw: drawPositive }],
    call: ([x, gamma, beta, mean, variance]) =>
      square(batchNormInference(x!, { gamma: gamma!, beta: beta!, mean: mean!, variance: variance! })),
    float64: ([x, gamma, beta, mean, variance]) => {
      const operands = { x: x!, gamma: gamma!, beta: beta!, mean: mean!, variance: variance! };
      return total(map64(batchNormInference64(operands, { epsilon: 1e-3 }), (value) => value ** 2));
    },
  },
  {
    name: 'sums over non-adjacent axes, with and without keepDims',
    inputs: [signed(3, 4, 5), signed(3, 1, 5)],
    call: ([x, w]) =>
      add(sum(square(sum(x!, { axis: [0, 2] }))), sum(multiply(sum(x!, { axis: 1, keepDims: true }), w!))),
    float64: ([x, w]) =>
      total(map64(reduceTo64(x!, [1, 4, 1]), (value) => value ** 2)) +
      total(times64(reduceTo64(x!, [3, 1, 5]), w!)),
  },
  {
    name: 'largest logit minus the mean probability',
    inputs: [{ shape: [5, 7], draw: drawDistinct }],
    call: ([x]) => add(sum(max(x!, { axis: 1 })), sum(square(softmax(x!)))),
    float64: ([x]) => {
      const rows = Array.from({ length: 5 }, (_, n) => Math.max(...x!.values.subarray(n * 7, (n + 1) * 7)));
      return total(array64([5], rows)) + total(map64(softmax64(x!), (value) => value ** 2));
    },
  },
  {
    name: 'a scaled loss with ignored rows',
    inputs: [signed(6, 4), { shape: [], draw: drawPositive }],
    constants: [array64([6], [0, 3, 4, 1, 0xffffffff, 2], 'u32')],
    call: ([x, weight], [labels]) => multiply(log(weight!), softmaxCrossEntropy(x!, labels!).loss),
    float64: ([x, weight], [labels]) => {
      const { loss } = softmaxCrossEntropy64({ logits: x!, labels: labels! });
      return Math.log(weight!.values[0] as number) * (loss.values[0] as number);
    },
  },
  {
    name: 'a loss plus the L2 penalty of its weights',
    inputs: [signed(6, 4), signed(4, 3)],
    constants: [array64([6], [0, 2, 2, 1, 1, 2], 'u32')],
    call: ([x, w], [labels]) => add(softmaxCrossEntropy(matmul(x!, w!), labels!).loss, l2Penalty(w!, 0.05)),
    float64: ([x, w], [labels]) => {
      const { loss } = softmaxCrossEntropy64({ logits: matmul64(x!, w!, plain), labels: labels! });
      return (loss.values[0] as number) + l2Penalty64(w!, 0.05);
    },
  },
  {
    name: 'a loss on its own, and a penalty',
    inputs: [signed(6, 4)],
    constants: [array64([6], [0, 3, 2, 1, 1, 2], 'u32')],
    call: ([x], [labels]) => add(softmaxCrossEntropy(x!, labels!).loss, multiply(sum(square(x!)), 0.01)),
    float64: ([x], [labels]) => {
      const { loss } = softmaxCrossEntropy64({ logits: x!, labels: labels! });
      return (loss.values[0] as number) + 0.01 * total(map64(x!, (value) => value ** 2));
    },
  },
  {
    name: 'embeddings and one-hot rows by indices in floats',
    inputs: [signed(5, 3)],
    constants: [array64([4], [4, -0, 4, 2])],
    call: ([x], [indices]) => multiply(gather(x!, indices!), scale(oneHot(indices!, 3), 2, 1)),
    float64: ([x], [indices]) =>
      [...indices!.values].reduce(
        (sum, index) =>
          sum + [0, 1, 2].reduce((row, k) => row + x!.values[index * 3 + k]! * (k === index + 0 ? 3 : 1), 0),
        0,
      ),
  },
];
