/**
 * The interpreter (src/reference/interpreter.ts, derivatives.ts), over traces that are recorded without a device:
 *   every composition of ops: its value and its gradients are those of the composition's float64 twin
 *   one trace runs many times; another value of one tensor changes only what depends on it
 *   what the outputs do not depend on is left out; what has no reference or no gradient is refused by name
 */
import { describe, expect, it } from 'vitest';
import { compositions } from '../../src/check/compositions.js';
import { drawSigned, randomFrom } from '../../src/check/draws.js';
import { checks } from '../../src/check/index.js';
import type { Spec } from '../../src/engine/primitive.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import {
  add,
  batchNorm,
  batchNormMoving,
  l2Totals,
  multiply,
  scale,
  softmax,
  softmaxCrossEntropy,
  square,
} from '../../src/kernels/index.js';
import { type Array64, array64, map64 } from '../../src/reference/array64.js';
import { gradients64, withValue } from '../../src/reference/derivatives.js';
import { Interpreter, type References, referencesOf } from '../../src/reference/interpreter.js';
import { fakeDevice } from './fake_device.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

/** Records `fn` over inputs of these shapes, all f32 unless they say otherwise. */
function recorded<R>(inputs: readonly (Spec | readonly number[])[], fn: (...tensors: Tensor[]) => R) {
  const trace = new Trace();
  const tensors = inputs.map((given) =>
    trace.input('dtype' in given ? given : { shape: given, dtype: 'f32' }),
  );
  return { trace, tensors, result: trace.record(() => fn(...tensors)) };
}

function interpreted(
  inputs: readonly (Spec | readonly number[])[],
  fn: (...tensors: Tensor[]) => Tensor,
  known: References = references,
) {
  const { trace, tensors, result } = recorded(inputs, fn);
  return { tensors, result, interpreter: new Interpreter(trace, known, [result]) };
}

const vector = (...values: number[]): Array64 => array64([values.length], values);
const total = ({ values }: Array64): number => values.reduce((sum, value) => sum + value, 0);

it.each(compositions)('$name', ({ inputs, constants = [], call, float64 }) => {
  const random = randomFrom(13, 0);
  const drawn = inputs.map(({ shape, draw }) => draw(random, shape, {}));
  const given = [...drawn, ...constants];
  const { tensors, result, interpreter } = interpreted(given, (...all) =>
    call(all.slice(0, drawn.length), all.slice(drawn.length)),
  );
  const run = interpreter.run(given);
  const twin = float64(drawn, constants);
  expect(Math.abs(total(run.valueOf(result)) - twin)).toBeLessThan(1e-12 * (1 + Math.abs(twin)));
  const gradients = gradients64(run, result, tensors.slice(0, drawn.length));
  drawn.forEach((x, i) => {
    const at = x.values.length >> 1;
    const moved = (by: number): Array64 => map64(x, (value, k) => (k === at ? value + by : value));
    const lossAt = (by: number): number => {
      const all = drawn.map((each, k) => (k === i ? moved(by) : each));
      return float64(all, constants);
    };
    const numeric = (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
    const analytic = gradients[i]!.values[at]!;
    expect(Math.abs(analytic - numeric), `d${i}`).toBeLessThan(1e-5 + 1e-3 * Math.abs(numeric));
    const again = withValue(run, tensors[i]!, moved(1e-6));
    expect(Math.abs(total(again.valueOf(result)) - lossAt(1e-6))).toBeLessThan(1e-12 * (1 + Math.abs(twin)));
  });
});

it('runs one trace many times, and no run changes another', () => {
  const { tensors, result, interpreter } = interpreted([[2], [2]], (a, b) => add(square(a), b));
  const first = interpreter.run([vector(1, 2), vector(10, 20)]);
  const second = interpreter.run([vector(3, 4), vector(0, 0)]);
  const changed = withValue(first, tensors[1]!, vector(0, 0));
  expect([first, second, changed].map((run) => [...run.valueOf(result).values])).toEqual([
    [11, 24],
    [9, 16],
    [1, 4],
  ]);
});

it('computes again only what depends on the tensor that changed', () => {
  const counts: Record<string, number> = {};
  const counting = new Map(
    [...references].map(([op, reference]) => [
      op,
      {
        ...reference,
        forward: (...given: Parameters<typeof reference.forward>) => {
          counts[op] = (counts[op] ?? 0) + 1;
          return reference.forward(...given);
        },
      },
    ]),
  );
  const { tensors, interpreter } = interpreted(
    [[2], [2]],
    (a, b) => multiply(square(a), scale(b, 2)),
    counting,
  );
  withValue(interpreter.run([vector(1, 2), vector(3, 4)]), tensors[1]!, vector(5, 6));
  expect(counts).toEqual({ square: 1, scale: 2, multiply: 2 });
});

it('adds the gradients of a value that is read several times', () => {
  const { tensors, result, interpreter } = interpreted([[2]], (x) => add(multiply(x, x), x));
  const [gradient] = gradients64(interpreter.run([vector(3, -1)]), result, tensors);
  expect([...gradient!.values]).toEqual([7, -1]);
});

describe('what has no reference', () => {
  const state: Spec = { shape: [8], dtype: 'u32' };
  const statistics = [[4, 2], [2], [2], state, [2], [2]];
  const normalised = (x: Tensor, gamma: Tensor, beta: Tensor, at: Tensor, movingMean: Tensor, v: Tensor) => {
    const { y, mean, variance } = batchNorm(x, { gamma, beta, state: at });
    batchNormMoving({ mean, variance, movingMean, movingVariance: v }, { momentum: 0.9 });
    return y;
  };

  it('is left out where no output depends on it', () => {
    const { interpreter, result } = interpreted(statistics, (...all) =>
      normalised(...(all as Parameters<typeof normalised>)),
    );
    const random = randomFrom(1, 0);
    const inputs = statistics.map((given) =>
      'dtype' in given ? array64(given.shape, [0, 0, 0, 4, 0, 0, 0, 0], 'u32') : drawSigned(random, given),
    );
    expect(interpreter.run(inputs).valueOf(result).shape).toEqual([4, 2]);
    // A softmax that nothing reads needs no reference.
    const { trace, result: y } = recorded([[2, 3]], (x) => {
      softmax(x);
      return scale(x, 2);
    });
    expect(() => new Interpreter(trace, referencesOf([references.get('scale')!]), [y])).not.toThrow();
  });

  it.each<[what: string, make: () => unknown, message: string]>([
    [
      'the result of a primitive outside any op',
      () => interpreted([[4], []], (totals, penalty) => l2Totals(totals, penalty)),
      'interpreter: an output depends on l2_totals, a primitive outside any op; only ops have references.',
    ],
    [
      'a tensor that one has changed',
      () =>
        interpreted(statistics, (...all) => {
          normalised(...(all as Parameters<typeof normalised>));
          return scale(all[4]!, 2);
        }),
      'interpreter: an output depends on batch_norm_moving, a primitive outside any op; only ops have references.',
    ],
    [
      'an op',
      () => interpreted([[2]], (x) => square(x), referencesOf([references.get('scale')!])),
      "interpreter: op 'square' has no reference here, expected one of scale.",
    ],
    [
      'a gradient through an output that has none',
      () => {
        const { tensors, result, interpreter } = interpreted(
          [[2, 3], { shape: [2], dtype: 'u32' }],
          (x, labels) => softmaxCrossEntropy(x, labels).totals,
        );
        const run = interpreter.run([array64([2, 3], [1, 2, 3, 4, 5, 6]), array64([2], [0, 1], 'u32')]);
        return gradients64(run, result, tensors.slice(0, 1));
      },
      "interpreter: the loss depends on 'totals' of softmax_cross_entropy, which has no gradient.",
    ],
    [
      'a tensor that the loss does not depend on',
      () => {
        const { tensors, result, interpreter } = interpreted([[2], [2]], (x) => square(x));
        return gradients64(interpreter.run([vector(1, 2), vector(3, 4)]), result, tensors);
      },
      'interpreter: the loss does not depend on tensor 1 of shape [2].',
    ],
  ])('is refused by name: %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

it('a trace without a device takes inputs, and no tensors with memory', () => {
  const trace = new Trace();
  const device = fakeDevice();
  const held = trace.record(() => trace.input({ shape: [2], dtype: 'f32' }));
  expect(held.shape).toEqual([2]);
  expect(() => trace.device).toThrow('trace: it was recorded without a device');
  expect(new Trace(device).device).toBe(device);
});
