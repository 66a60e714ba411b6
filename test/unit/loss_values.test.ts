/**
 * The losses in float64, recorded without a device:
 *   values of each sample as NumPy computes them from the formulas of Keras and PyTorch; the gradients are central differences
 *   the mean over the samples that count, with weights, and the sums that training reports
 *   a softmax or sigmoid before the loss, logits of any size, a loss that is a function; shapes that do not fit
 */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { mean, sigmoid, softmax, square, subtract, sum } from '../../src/kernels/index.js';
import { lossFromFunction } from '../../src/nn/losses/from_function.js';
import * as losses from '../../src/nn/losses/index.js';
import type { Loss } from '../../src/nn/losses/loss.js';
import { type Array64, array64, map64 } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter } from '../../src/reference/interpreter.js';
import { lossReferences } from './loss_references.js';

/** What `fn` records over these operands, and the gradient of the first result by the first operand. */
function run(operands: readonly Array64[], fn: (...tensors: Tensor[]) => readonly Tensor[]) {
  const trace = new Trace();
  const tensors = operands.map(({ shape, dtype }) => trace.input({ shape, dtype }));
  const results = trace.record(() => fn(...tensors));
  const done = new Interpreter(trace, lossReferences, results).run([...operands]);
  return {
    values: results.map((result) => [...done.valueOf(result).values]),
    gradient: () => [...gradients64(done, results[0]!, [tensors[0]!])[0]!.values],
  };
}

const computed = (...given: Parameters<typeof run>): number[][] => run(...given).values;

const matrix = (...rows: number[][]): Array64 => array64([rows.length, rows[0]!.length], rows.flat());
const labels = (...values: number[]): Array64 => array64([values.length], values, 'u32');

const x = matrix([0.2, -0.5, 1.5], [2, 0.3, -1]);
const numbers = matrix([0, 1, 1], [1, 0, 2]);
const positive = matrix([0.5, 1, 1], [1, 2, 2]);
const yesOrNo = matrix([0, 1, 1], [1, 0, 1]);
/** Probabilities. */
const p = matrix([0.2, 0.5, 0.3], [0.7, 0.1, 0.2]);
const q = matrix([0, 1, 0], [0.6, 0.1, 0.3]);
const smooth = 0.3;

const cases: [name: string, loss: Loss, output: Array64, target: Array64, values: number[]][] = [
  ['meanSquaredError', losses.meanSquaredError(), x, numbers, [0.8466666667, 3.363333333]],
  ['meanAbsoluteError', losses.meanAbsoluteError(), x, numbers, [0.7333333333, 1.433333333]],
  ['mean…PercentageError', losses.meanAbsolutePercentageError(), x, positive, [86.66666667, 111.6666667]],
  ['mean…LogarithmicError', losses.meanSquaredLogarithmicError(), x, numbers, [0.1878290111, 0.4800618833]],
  ['huber', losses.huber(), x, numbers, [0.3816666667, 1.015]],
  ['huber, δ = 0.5', losses.huber({ delta: 0.5 }), x, numbers, [0.2566666667, 0.5983333333]],
  ['logCosh', losses.logCosh(), x, numbers, [0.3318075833, 0.929150035]],
  ['hinge', losses.hinge(), x, yesOrNo, [0.9, 1.1]],
  ['hinge of −1 and 1', losses.hinge(), x, map64(yesOrNo, (each) => 2 * each - 1), [0.9, 1.1]],
  ['squaredHinge', losses.squaredHinge(), x, yesOrNo, [1.23, 1.896666667]],
  ['categoricalHinge', losses.categoricalHinge(), x, q, [3, 0.87]],
  ['klDivergence', losses.klDivergence(), p, q, [0.6931442383, 0.02914912454]],
  ['poisson', losses.poisson(), p, q, [0.5643823269, 0.6423648379]],
  ['cosineSimilarity', losses.cosineSimilarity(), x, numbers, [-0.4436782547, 0]],
  ['binaryCrossentropy', losses.binaryCrossentropy(), x, yesOrNo, [0.6578763772, 0.7648483143]],
  [
    'binaryCrossentropy, smoothed',
    losses.binaryCrossentropy({ labelSmoothing: 0.2 }),
    x,
    yesOrNo,
    [0.6845430438, 0.7881816477],
  ],
  [
    'binaryCrossentropy of probabilities',
    losses.binaryCrossentropy({ fromLogits: false }),
    p,
    yesOrNo,
    [0.7067545121, 0.690491124],
  ],
  ['binaryFocalCrossentropy', losses.binaryFocalCrossentropy(), x, yesOrNo, [0.208468578417, 0.328531867494]],
  [
    'binaryFocalCrossentropy of probabilities',
    losses.binaryFocalCrossentropy({ fromLogits: false }),
    p,
    yesOrNo,
    [0.257386403771, 0.35439820469],
  ],
  [
    'binaryFocalCrossentropy, balanced, smoothed',
    losses.binaryFocalCrossentropy({
      gamma: 1.5,
      alpha: 0.3,
      applyClassBalancing: true,
      labelSmoothing: 0.2,
    }),
    x,
    yesOrNo,
    [0.121190304979, 0.157039196788],
  ],
  [
    'categoricalFocalCrossentropy',
    losses.categoricalFocalCrossentropy(),
    x,
    q,
    [0.478360092944, 0.257365788855],
  ],
  [
    'categoricalFocalCrossentropy of probabilities',
    losses.categoricalFocalCrossentropy({ fromLogits: false }),
    p,
    q,
    [0.043321698785, 0.12869547967],
  ],
  [
    'categoricalFocalCrossentropy, smoothed',
    losses.categoricalFocalCrossentropy({ gamma: 1.5, alpha: 0.4, labelSmoothing: smooth }),
    x,
    q,
    [0.693737544048, 0.479662213713],
  ],
  ['categoricalCrossentropy', losses.categoricalCrossentropy(), x, q, [2.342075847, 1.279020767]],
  [
    'categoricalCrossentropy, smoothed',
    losses.categoricalCrossentropy({ labelSmoothing: smooth }),
    x,
    q,
    [2.072075847, 1.428020767],
  ],
  [
    'categoricalCrossentropy of probabilities',
    losses.categoricalCrossentropy({ fromLogits: false }),
    p,
    q,
    [Math.LN2, 0.9270948494],
  ],
  [
    'sparseCategoricalCrossentropy',
    losses.sparseCategoricalCrossentropy(),
    x,
    labels(2, 0),
    [0.3420758472, 0.2090207665],
  ],
  [
    'sparseCategoricalCrossentropy, smoothed',
    losses.sparseCategoricalCrossentropy({ labelSmoothing: smooth }),
    x,
    labels(2, 0),
    [0.6720758472, 0.6790207665],
  ],
  ['multiMargin', losses.multiMargin(), x, labels(1, 0), [1.566666667, 0]],
  ['multiMargin, p = 2', losses.multiMargin({ margin: 0.5, p: 2 }), x, labels(1, 0), [2.563333333, 0]],
];

describe.each(cases)('%s', (_, loss, output, target, values) => {
  const weights = array64([2], [3, 0.5]);
  const lossOf = (at: Array64, weighted: boolean): number =>
    computed([at, target, weights], (a, b, w) => [
      loss.apply(a, b, weighted ? { weights: w } : {}).loss,
    ])[0]![0]!;
  const isClose = (got: number, wanted: number): boolean =>
    Math.abs(got - wanted) < 1e-9 * (1 + Math.abs(wanted));

  it('has the value of Keras or PyTorch', () => {
    const [first, second] = values as [number, number];
    expect(lossOf(output, false)).toSatisfy((loss: number) => isClose(loss, (first + second) / 2));
    expect(lossOf(output, true)).toSatisfy((loss: number) => isClose(loss, (3 * first + 0.5 * second) / 2));
  });

  it('has the gradient of central differences', () => {
    const gradient = run([output, target, weights], (a, b, w) => [
      loss.apply(a, b, { weights: w }).loss,
    ]).gradient();
    output.values.forEach((_, i) => {
      const moved = (by: number): Array64 => map64(output, (each, k) => (k === i ? each + by : each));
      const numeric = (lossOf(moved(1e-6), true) - lossOf(moved(-1e-6), true)) / 2e-6;
      expect(Math.abs(gradient[i]! - numeric)).toBeLessThan(1e-6 * (1 + Math.abs(numeric)));
    });
  });
});

describe('labels of positions', () => {
  const output = array64([2, 2, 3], [0.2, -0.5, 1.5, 2, 0.3, -1, 0.1, 0.2, 0.3, -1, 0, 1]);
  const target = array64([2, 2], [2, 0, 1, 2], 'u32');
  // log Σ eˣ − x at the label
  const each = [0.342075847222, 0.209020766545, 1.101942848229, 0.407605964444];
  const recorded = (loss: Loss, wanted: Array64, samples: { weights?: Array64; state?: Array64 } = {}) => {
    const given = Object.entries(samples);
    const [[loss64], totals] = computed(
      [output, wanted, ...given.map(([, value]) => value)],
      (a, b, ...more) => {
        const named = Object.fromEntries(given.map(([name], i) => [name, more[i]!]));
        const { loss: value, totals: sums } = loss.apply(a, b, named);
        return [value, sums];
      },
    ) as [number[], number[]];
    return { loss: loss64!, totals };
  };

  it('have the mean loss and the share of right answers over the positions', () => {
    const mean = each.reduce((a, b) => a + b) / 4;
    const { loss, totals } = recorded(losses.sparseCategoricalCrossentropy(), target);
    expect(loss).toBeCloseTo(mean, 12);
    expect(totals).toEqual([expect.closeTo(2 * mean, 12), 1.5, 2, 0]);
    const weights = array64([2], [3, 0.5]);
    const weighted = recorded(losses.sparseCategoricalCrossentropy(), target, { weights });
    expect(weighted.loss).toBeCloseTo((3 * (each[0]! + each[1]!) + 0.5 * (each[2]! + each[3]!)) / 4, 12);
  });

  it('of ignoreClass have no loss, and the mean is over the others', () => {
    const loss = losses.sparseCategoricalCrossentropy({ ignoreClass: 255 });
    const some = recorded(loss, array64([2, 2], [2, 255, 1, 255], 'u32'));
    expect(some.loss).toBeCloseTo((each[0]! + each[2]!) / 2, 12);
    expect(recorded(loss, target).loss).toBeCloseTo(each.reduce((a, b) => a + b) / 4, 12);
    expect(recorded(loss, array64([2, 2], [255, 255, 255, 255], 'u32')).loss).toBe(0);
    const ofSamples = losses.sparseCategoricalCrossentropy({ ignoreClass: 0 });
    const [[value]] = computed([x, labels(2, 0)], (a, b) => [ofSamples.apply(a, b).loss]) as [number[]];
    expect(value).toBeCloseTo(0.3420758472, 9);
  });

  it('of other shapes are refused', () => {
    expect(() =>
      recorded(losses.sparseCategoricalCrossentropy(), labels(1, 2)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: sparseCategoricalCrossentropy: output [2,2,3] and labels [2] u32 do not fit, expected [N,…,K] and [N,…].]`,
    );
  });
});

describe('the mean', () => {
  it('is over the samples before the end of the epoch, whatever their weights', () => {
    // The cursor stands at 4 of 6: of three samples two count.
    const state = array64([8], [0, 0, 4, 6, 0, 0, 0, 0], 'u32');
    const errors = [matrix([1], [2], [NaN]), matrix([0], [0], [0]), array64([3], [0, 5, 1]), state];
    const [mean, totals] = computed(errors, (a, b, w, s) => {
      const { loss, totals } = losses.meanAbsoluteError().apply(a, b, { weights: w, state: s });
      return [loss, totals];
    });
    expect([mean, totals]).toEqual([[5], [10, 2]]);
  });

  it('is over the other axes of a sample, of any rank', () => {
    const output = array64([2, 1, 2, 2], [1, 2, 3, 4, 0, 0, 0, 4]);
    const target = array64([2, 2, 2], [0, 0, 0, 0, 0, 0, 0, 0]);
    const [loss] = computed([output, target], (a, b) => [losses.meanAbsoluteError().apply(a, b).loss]);
    expect(loss).toEqual([(2.5 + 1) / 2]);
    expect(() =>
      computed([array64([3, 1], [1, 2, 3]), array64([3, 3], [...x.values, 1, 1, 1])], (a, b) => [
        losses.huber().apply(a, b).loss,
      ]),
    ).toThrow('huber: target [3,3] and output [3,1] do not fit, expected one shape.');
  });
});

describe('logits', () => {
  const large = matrix([1e4, -1e4, 0], [-1e4, 1e4, 0]);

  it.each([
    ['sigmoid', sigmoid, losses.binaryCrossentropy(), yesOrNo],
    ['softmax', softmax, losses.categoricalCrossentropy(), q],
  ] as const)(
    'are found behind a %s, and have finite losses and gradients at ±10⁴',
    (_, op, loss, target) => {
      const results = (activation: (logits: Tensor) => Tensor): number[] => {
        const { values, gradient } = run([large, target], (logits, t) => [
          loss.apply(activation(logits), t).loss,
        ]);
        return [...values[0]!, ...gradient()];
      };
      const found = results((logits) => op(logits));
      expect(found).toEqual(results((logits) => logits));
      expect(found.every(Number.isFinite)).toBe(true);
      expect(Math.abs(found[0]!)).toBeGreaterThan(1e3);
    },
  );
});

describe.each([0.5, 1])('focal losses of exponent %s', (gamma) => {
  it.each([
    ['binary', losses.binaryFocalCrossentropy({ gamma })],
    ['categorical', losses.categoricalFocalCrossentropy({ gamma })],
  ])('%s, have a gradient of 0 where the answer is certain and right', (_, loss) => {
    const certain = [matrix([1e4, -1e4, -1e4]), matrix([1, 0, 0])];
    const { gradient } = run(certain, (output, target) => [loss.apply(output, target).loss]);
    expect(gradient().map(Math.abs)).toEqual([0, 0, 0]);
  });
});

describe('a function', () => {
  const apply = (fn: (target: Tensor, prediction: Tensor) => Tensor): number[][] =>
    computed([x, numbers, array64([2], [3, 1])], (a, b, w) => {
      const { loss, totals } = lossFromFunction('loss', fn).apply(a, b, { weights: w });
      return [loss, totals];
    });

  it('returns the loss of each sample, of any rank', () => {
    const squares = apply((target, prediction) => square(subtract(target, prediction)));
    const means = apply((target, prediction) => mean(square(subtract(target, prediction)), { axis: 1 }));
    expect(squares).toEqual(means);
    expect(squares[0]![0]).toBeCloseTo((3 * 0.8466666667 + 3.363333333) / 2, 8);
    expect(squares[1]).toEqual([2 * squares[0]![0]!, 2]);
  });

  it('or one number for the batch', () => {
    const [loss, totals] = apply((target, prediction) => sum(square(subtract(target, prediction))));
    expect(loss![0]).toBeCloseTo(3 * (0.8466666667 + 3.363333333), 8);
    expect(totals).toEqual([2 * loss![0]!, 2]);
  });

  it.each([
    [() => 3 as never, 'compile: loss returned 3, expected a tensor with the value of each sample.'],
    [
      (target: Tensor) => sum(target, { axis: 0 }),
      'compile: loss returned [3], expected f32 of [2], a value for each sample, or of [].',
    ],
  ])('is refused otherwise', (fn, message) => {
    expect(() => apply(fn)).toThrow(message);
  });
});
