// Plan: what `grad` refuses rather than leave a path out. First gradients of gradients through an op whose backward rule
// runs a primitive instead of an op; then outputs without a derivative, primitives without one, losses that do not
// depend on a tensor, and calls with other things than tensors; tensors over parts of one memory. Then what it must not
// refuse. Values are in test/node/gradients.test.ts.
import { expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import { type Op, apply } from '../../src/engine/op.js';
import type { NoAttributes } from '../../src/engine/primitive.js';
import { runPrimitive } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { elementwisePrimitive } from '../../src/kernels/elementwise.js';
import * as kernels from '../../src/kernels/index.js';
import { fakeDevice } from './fake_device.js';

const { add, fill, square, sum } = kernels;

/** Records `fn` over f32 tensors of these shapes, and returns what it throws. */
function refusal(
  shapes: readonly (readonly number[])[],
  fn: (x: Tensor, y: Tensor) => unknown,
  device = fakeDevice(),
): string {
  const trace = new Trace(device);
  const tensors = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
  try {
    trace.record(() => fn(tensors[0]!, tensors[1] ?? tensors[0]!));
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

/** y = x², with a backward rule that runs a primitive instead of an op. */
const forward = elementwisePrimitive('squared/forward', ['x'], { expression: ({ x }) => `${x} * ${x}` });
const gradient = elementwisePrimitive('squared/gradient', ['x', 'dy'], {
  expression: ({ x, dy }) => `2.0 * ${x} * ${dy}`,
});
const squaredOp: Op<'x', 'y', NoAttributes> = {
  name: 'squared',
  primitives: [forward, gradient],
  forward: (inputs) => runPrimitive(forward, inputs, {}),
  backward: ({ inputs: { x }, gradients }) => ({
    x: () => runPrimitive(gradient, { x, dy: gradients.y as Tensor }, {}).y,
  }),
};

test('a gradient of a gradient through an op whose backward rule is not made of ops', () => {
  const squared = (x: Tensor): Tensor => apply(squaredOp, { x }, {}).y;
  const refused =
    'StateError: grad: the loss depends on a gradient through squared, whose backward rule cannot be differentiated; take first-order gradients through squared only.';
  const second = refusal([[3]], (x) => grad(square(grad(squared(x), [x])[0]), [x]));
  expect(second).toBe(refused);
  // Here the loss has a gradient too, and only that of the gradient would be lost.
  const penalty = refusal([[3]], (x) => {
    const y = squared(x);
    return grad(add(sum(y), sum(square(grad(y, [x])[0]))), [x]);
  });
  expect(penalty).toBe(refused);
});

test('a path through memory that changes in place', () => {
  const moving = (mean: Tensor, movingMean: Tensor): void =>
    kernels.batchNormMoving(
      { mean, variance: mean, movingMean, movingVariance: fill([2], 0) },
      { momentum: 0.5 },
    );
  // The changed tensor is a loss, or part of one.
  const through =
    'StateError: grad: the loss depends on the tensors through batch_norm_moving, which has no gradient.';
  for (const extra of [(m: Tensor) => m, (m: Tensor) => sum(square(m))])
    expect(
      refusal([[2], [2]], (x, m) => {
        moving(x, m);
        return grad([sum(x), extra(m)], [x]);
      }),
    ).toBe(through);
  // The rule of square would read what the change has left.
  expect(
    refusal([[2], [2]], (x, m) => {
      const y = square(m);
      moving(x, m);
      return grad(y, [m]);
    }),
  ).toBe(
    'StateError: grad: the loss depends on a tensor that batch_norm_moving changed in place after square had used it; call grad before the change.',
  );
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
    StateError: grad: the loss depends on 'mean' of batch_norm, which has no derivative.
    StateError: grad: the loss depends on the tensors through l2_totals, which has no gradient.
    StateError: grad: the loss does not depend on tensor 0 of shape [2].
    UsageError: grad: loss is [] u32 of arg_max, expected f32: integers have no gradient.
    UsageError: grad: loss is 3, expected a tensor.
    UsageError: grad: loss is [], expected a tensor or a list of tensors.
    UsageError: grad: tensors is a Tensor, expected a list of tensors.
    UsageError: grad: tensors is [], expected a list of tensors.
    UsageError: grad: loss[1] is a Promise, expected a tensor; put 'await' before it."
  `);
});

test('captured tensors that share a part of their memory', () => {
  const device = fakeDevice();
  const whole = Tensor.placeholder({ shape: [4], dtype: 'f32' }, device);
  const sliceFrom = (offset: number, shape: readonly number[]): Tensor =>
    Tensor.over(device, { ...whole.storage, offset, byteLength: 16 }, { shape, dtype: 'f32' });
  const [first, second] = [sliceFrom(0, [2]), sliceFrom(8, [2])];
  const refused = (fn: (x: Tensor) => unknown): string => refusal([[4]], fn, device);
  const part =
    'StateError: grad: the loss depends on a tensor of shape [4] that shares a part of its memory with tensor 0 of shape [2]; use only one of them in the program.';
  expect(refused(() => grad([sum(square(whole)), sum(first)], [first]))).toBe(part);
  expect(refused(() => grad(whole, [first]))).toBe(part);
  expect(refused(() => grad(sum(first), [whole]))).toBe(
    'StateError: grad: the loss depends on a tensor of shape [2] that shares a part of its memory with tensor 0 of shape [4]; use only one of them in the program.',
  );
  // Slices side by side are apart, and a loss that does not use the whole has no path through it.
  expect(
    refused(() => {
      square(whole);
      grad([sum(first), sum(square(second))], [first, second]);
    }),
  ).toBe('nothing was thrown');
  // A change of the whole changes its slices.
  expect(
    refused((x) => {
      const y = square(first);
      kernels.batchNormMoving(
        { mean: x, variance: x, movingMean: whole, movingVariance: fill([4], 0) },
        { momentum: 0.5 },
      );
      return grad(y, [first]);
    }),
  ).toMatch(/batch_norm_moving changed in place after square had used it/);
});

test('a path through memory that changes by another view', () => {
  expect(
    refusal([[2], [2]], (x, m) => {
      const movingMean = kernels.reshape(m, [2]);
      kernels.batchNormMoving(
        { mean: x, variance: x, movingMean, movingVariance: fill([2], 0) },
        { momentum: 0.5 },
      );
      return grad([sum(x), sum(square(m))], [x]);
    }),
  ).toBe(
    'StateError: grad: the loss depends on the tensors through batch_norm_moving, which has no gradient.',
  );
});

test('a loss that does not depend on a tensor through what has no derivative', () => {
  const trace = new Trace(fakeDevice());
  const [x, gamma] = [[4, 3], [3]].map((shape) => trace.input({ shape, dtype: 'f32' })) as [Tensor, Tensor];
  const state = trace.input({ shape: [8], dtype: 'u32' });
  trace.record(() => {
    const { y, mean } = kernels.batchNorm(x, { gamma, beta: gamma, state });
    // The mean does not depend on gamma; what follows from it is not followed back to gamma.
    expect(grad([sum(y), sum(mean)], [gamma])[0]?.shape).toEqual([3]);
    expect(() => grad(sum(mean), [gamma])).toThrow(
      'grad: the loss does not depend on tensor 0 of shape [3].',
    );
    expect(() => grad([sum(y), sum(mean)], [gamma, x])).toThrow("the loss depends on 'mean' of batch_norm");
    expect(grad(sum(x), [gamma, x], { unconnected: 'zero' })[0]?.shape).toEqual([3]);
  });
});
