// Plan: what `grad` refuses rather than leave a path out. First gradients of gradients through each op whose backward
// rule runs passes of its own, by name; then outputs without a derivative, passes without one, losses that do not
// depend on a tensor, and calls with other things than tensors. Values are in test/device/gradients.test.ts.
import { expect, test } from 'vitest';
import { grad } from '../../src/engine/op.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import * as kernels from '../../src/kernels/index.js';
import { fakeDevice } from './fake_device.js';

const { add, fill, matmul, multiply, relu, square, sum } = kernels;

/** Records `fn` over f32 tensors of these shapes, and returns what it throws. */
function refusal(shapes: readonly (readonly number[])[], fn: (x: Tensor, y: Tensor) => unknown): string {
  const trace = new Trace(fakeDevice());
  const tensors = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
  try {
    trace.record(() => fn(tensors[0]!, tensors[1] ?? tensors[0]!));
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

const through = (op: string): string =>
  `StateError: grad: the loss depends on a gradient through ${op}, whose backward rule cannot be differentiated; take first-order gradients through ${op} only.`;

const image = [2, 6, 6, 3];

test.each<[op: string, shapes: (readonly number[])[], f: (x: Tensor, w: Tensor) => Tensor]>([
  [
    'matmul',
    [
      [1, 2],
      [2, 1],
    ],
    (x, w) => matmul(x, w),
  ],
  ['relu', [[3]], (x) => multiply(relu(x), x)],
  ['sigmoid', [[3]], (x) => kernels.sigmoid(x)],
  ['sum', [[3]], (x) => square(sum(square(x)))],
  ['max', [[3]], (x) => square(kernels.max(x))],
  ['softmax', [[2, 3]], (x) => square(kernels.softmax(x))],
  ['conv2d', [image, [3, 3, 3, 2]], (x, w) => square(kernels.conv2d(x, w))],
  ['max_pool2d', [image], (x) => square(kernels.maxPool2d(x))],
  ['avg_pool2d', [image], (x) => square(kernels.avgPool2d(x))],
  ['filter2d', [image], (x) => square(kernels.image.blur(x))],
])('a gradient of a gradient through %s', (op, shapes, f) => {
  const message = refusal(shapes, (x, w) => {
    const [gx] = grad(f(x, w), [x]);
    return grad(square(gx!), [w]);
  });
  expect(message).toBe(through(op));
});

test('a penalty on a gradient does not lose the paths of the gradient', () => {
  const message = refusal(
    [
      [1, 2],
      [2, 1],
    ],
    (x, w) => {
      const y = sum(square(matmul(x, w)));
      const [gx] = grad(y, [x]);
      return grad(add(y, sum(square(gx!))), [w]);
    },
  );
  expect(message).toBe(through('matmul'));
});

test('outputs, primitives and losses without a derivative', () => {
  const labels = { shape: [2], dtype: 'u32' } as const;
  const state = { shape: [8], dtype: 'u32' } as const;
  const extra = (
    spec: { shape: readonly number[]; dtype: 'u32' },
    fn: (x: Tensor, y: Tensor) => unknown,
  ): string => {
    const trace = new Trace(fakeDevice());
    try {
      trace.record(() => fn(trace.input({ shape: [2, 3], dtype: 'f32' }), trace.input(spec)));
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return 'nothing was thrown';
  };
  expect(
    [
      extra(labels, (x, y) => grad(sum(kernels.softmaxCrossEntropy(x, y).totals), [x])),
      extra(labels, (x, y) => {
        const { loss } = kernels.softmaxCrossEntropy(x, y);
        const [g] = grad(loss, [x]);
        // Here the loss has a gradient too, and only that of the gradient would be lost.
        return grad(add(loss, sum(square(g!))), [x]);
      }),
      extra(state, (x, s) => {
        const gamma = fill([3], 1);
        const { mean, y } = kernels.batchNorm(x, { gamma, beta: gamma, state: s });
        return grad([sum(y), sum(mean)], [x]);
      }),
      extra(labels, (x) => grad(sum(kernels.l2Totals(kernels.reshape(x, [6]), fill([], 1))), [x])),
      refusal([[1], [2]], (x, y) => grad(sum(x), [y])),
      refusal([[3]], (x) => grad(kernels.argMax(x), [x])),
      refusal([[3]], (x) => grad(3 as never, [x])),
      refusal([[3]], (x) => grad([], [x])),
      refusal([[3]], (x) => grad(x, x as never)),
      refusal([[3]], (x) => grad(x, [])),
      refusal([[3]], (x) => grad([x, Promise.resolve(x) as never], [x])),
    ].join('\n'),
  ).toMatchInlineSnapshot(`
    "StateError: grad: the loss depends on 'totals' of softmax_cross_entropy, which has no derivative; take 'loss'.
    StateError: grad: the loss depends on 'dlogits' of softmax_cross_entropy, which has no derivative; take 'loss'.
    StateError: grad: the loss depends on 'mean' of batch_norm, which has no derivative.
    StateError: grad: the loss depends on the tensors through l2_totals, which has no gradient.
    StateError: grad: the loss does not depend on tensor 0 of shape [2].
    UsageError: grad: loss is [] u32, expected f32: integers have no gradient.
    UsageError: grad: loss is 3, expected a tensor.
    UsageError: grad: loss is [], expected a tensor or a list of tensors.
    UsageError: grad: tensors is a Tensor, expected a list of tensors.
    UsageError: grad: tensors is [], expected a list of tensors.
    UsageError: grad: loss[1] is a Promise, expected a tensor; put 'await' before it."
  `);
});
