/**
 * Metrics as sums over the samples of an epoch, recorded without a device and computed in float64:
 *   figures over several batches are those of all samples, not means of the batches; weights; samples past the end of the epoch
 *   the choice of `accuracy`; probabilities of outputs that the loss takes as logits
 *   names: of several outputs, of losses as metrics, of functions; what `compile` refuses
 */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { concatenate, labelGather, mean, subtract } from '../../src/kernels/index.js';
import * as losses from '../../src/nn/losses/index.js';
import * as metrics from '../../src/nn/metrics/index.js';
import { severalOutputs } from '../../src/nn/training/several_outputs.js';
import { Task, type Sums, type TaskOptions, addSums, taskRules } from '../../src/nn/training/task.js';
import { lossFromFunction } from '../../src/nn/losses/from_function.js';
import { mixedLoss } from '../../src/nn/losses/mixed.js';
import { TaskMetrics } from '../../src/nn/metrics/task_metrics.js';
import { taskExtensions } from '../../src/nn/training/task_extensions.js';
import { checkOptions } from '../../src/options.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { Interpreter } from '../../src/reference/interpreter.js';
import { lossReferences } from './loss_references.js';

taskExtensions.provide({ lossFromFunction, mixedLoss, TaskMetrics });
severalOutputs.provide({ concatenate, labelGather });

const matrix = (...rows: number[][]): Array64 => array64([rows.length, rows[0]!.length], rows.flat());
const labels = (...values: number[]): Array64 => array64([values.length], values, 'u32');
const column = (...values: number[]): Array64 => array64([values.length, 1], values);

interface Batch {
  readonly output: Array64;
  readonly target: Array64;
  readonly weights?: Array64;
  /** How many samples count. Default all. */
  readonly counted?: number;
}

/** The logs over these batches of a task with one output. */
function logsOf(options: TaskOptions, ...batches: readonly Batch[]): Readonly<Record<string, number>> {
  const task = new Task([{ name: 'y', shape: batches[0]!.output.shape.slice(1) }], options);
  let sums: Sums = {};
  for (const batch of batches) {
    const { output, target, counted = target.shape[0]! } = batch;
    const weights =
      batch.weights ?? array64([output.shape[0]!], output.values.slice(0, output.shape[0]).fill(1));
    const state = array64([8], [0, 0, 0, counted, 0, 0, 0, 0], 'u32');
    const operands = [output, target, state, weights];
    const trace = new Trace();
    const tensors = operands.map(({ shape, dtype }) => trace.input({ shape, dtype })) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [y, t, s, w] = tensors;
    const totals = trace.record(() =>
      task
        .record(() => y, { targetOf: () => t, weightsOf: () => (batch.weights ? w : undefined) }, s)
        .totals([]),
    );
    const run = new Interpreter(trace, lossReferences, [totals]).run(operands);
    sums = addSums(sums, task.sumsOf(run.valueOf(totals).values));
  }
  return task.meansOf(sums);
}

describe('a metric', () => {
  it('is of all samples, and leaves out those past the end of the epoch', () => {
    const logs = logsOf(
      { loss: 'meanSquaredError', metrics: ['rootMeanSquaredError', 'meanAbsoluteError'] },
      { output: matrix([1, 1], [2, 2]), target: matrix([0, 0], [0, 0]) },
      { output: matrix([4, 4], [9, 9]), target: matrix([0, 0], [0, 0]), counted: 1 },
    );
    expect(logs).toEqual({ loss: 7, rootMeanSquaredError: Math.sqrt(7), meanAbsoluteError: 7 / 3 });
  });

  it('has no weights, unless it is one of weightedMetrics', () => {
    const logs = logsOf(
      {
        loss: losses.meanAbsoluteError(),
        weightedMetrics: ['meanAbsoluteError'],
      },
      { output: column(1, 2), target: column(0, 0), weights: array64([2], [3, 1]) },
    );
    expect(logs).toEqual({ loss: 2.5, weighted_meanAbsoluteError: 5 / 4 });
  });

  it('may be a loss, or a function', () => {
    const distance = (target: Tensor, prediction: Tensor): Tensor =>
      mean(subtract(prediction, target), { axis: 1 });
    const logs = logsOf(
      {
        loss: 'meanSquaredError',
        metrics: [losses.huber({ delta: 2 }), distance],
      },
      { output: column(3, 1), target: column(0, 0) },
    );
    expect(logs).toEqual({ loss: 5, huber: 2.25, distance: 2 });
  });
});

describe('accuracy', () => {
  const right = { output: matrix([0.2, 0.8], [0.9, 0.1], [0.4, 0.6]), counted: 2 };

  it('is sparse for labels', () => {
    const logs = logsOf(
      { loss: losses.multiMargin(), metrics: ['accuracy'] },
      { ...right, target: labels(1, 1, 0xffffffff) },
    );
    expect(logs['accuracy']).toBe(0.5);
  });

  it('is categorical for values, also by its full name', () => {
    const logs = logsOf(
      { loss: 'categoricalCrossentropy', metrics: ['accuracy', metrics.categoricalAccuracy()] },
      { ...right, target: matrix([0, 1], [0, 1], [0, 0]) },
    );
    expect([logs['accuracy'], logs['categoricalAccuracy']]).toEqual([0.5, 0.5]);
  });

  it('is binary for one value and after binaryCrossentropy, whose logits are of a yes above 0', () => {
    const target = column(1, 1, 0, 0);
    const output = column(0.3, -0.3, 0.3, -0.3);
    const ofLoss = (loss: TaskOptions['loss']) =>
      logsOf({ loss, metrics: ['accuracy', 'binaryAccuracy'] }, { output, target });
    expect(ofLoss('binaryCrossentropy')).toMatchObject({ accuracy: 0.5, binaryAccuracy: 0.5 });
    // No output exceeds 0.5.
    const few = logsOf(
      { loss: 'meanSquaredError', metrics: ['accuracy'] },
      { output, target: column(1, 1, 1, 0) },
    );
    expect(few['accuracy']).toBe(0.25);
  });
});

describe('figures from counts', () => {
  /** The classes 0, 1, 2, 1 are predicted. */
  const output = matrix([5, 1, 0], [0, 2, 1], [0, 1, 9], [1, 7, 2]);
  const first = {
    output: matrix([5, 1, 0], [0, 2, 1], [3, 3, 3]),
    target: labels(0, 2, 0xffffffff),
    counted: 2,
  };
  const second = { output: matrix([0, 1, 9], [1, 7, 2]), target: labels(2, 1) };
  const oneHot = matrix([1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0]);
  const all = ['precision', 'recall', 'f1Score', 'balancedAccuracy'] as const;
  const expected = { precision: 2.5 / 3, recall: 2.5 / 3, f1Score: 7 / 9, balancedAccuracy: 2.5 / 3 };

  it.each([
    ['labels, over two batches', [first, second]],
    ['one-hot targets', [{ output, target: oneHot }]],
  ])('are of all samples: %s', (_, batches) => {
    const loss = batches.length > 1 ? losses.multiMargin() : losses.categoricalCrossentropy();
    const logs = logsOf({ loss, metrics: all }, ...batches);
    for (const name of all) expect([name, logs[name]]).toEqual([name, expect.closeTo(expected[name], 12)]);
    const micro = logsOf({ loss, metrics: [metrics.precision({ average: 'micro' })] }, ...batches);
    expect(micro['precision']).toBe(0.75);
  });

  it('are by a threshold for binary outputs', () => {
    const batch = { output: column(0.9, 0.6, 0.4, 0.2), target: column(1, 0, 0, 0) };
    const loss = losses.binaryCrossentropy({ fromLogits: false });
    const logs = logsOf({ loss, metrics: all }, batch);
    const wanted = { precision: 0.5, recall: 1, f1Score: 2 / 3, balancedAccuracy: (1 + 2 / 3) / 2 };
    for (const name of all) expect([name, logs[name]]).toEqual([name, expect.closeTo(wanted[name], 12)]);
    const strict = logsOf({ loss, metrics: [metrics.precision({ threshold: 0.7 })] }, batch);
    expect(strict['precision']).toBe(1);
    const never = logsOf({ loss, metrics: [metrics.precision({ threshold: 2 }), 'f1Score'] }, batch);
    expect(never['precision']).toBe(0);
  });

  it('give the area under the curve', () => {
    const loss = losses.binaryCrossentropy({ fromLogits: false });
    const [early, late] = [
      { output: column(0.1, 0.4, 0.9), target: column(0, 0, 1), counted: 2 },
      { output: column(0.35, 0.8), target: column(1, 1) },
    ];
    expect(logsOf({ loss, metrics: ['auc'] }, early, late)['auc']).toBeCloseTo(0.75, 12);
    // By logits of the same order: their sigmoid.
    const logits = { output: column(-3, -1, -2, 2), target: column(0, 0, 1, 1) };
    expect(logsOf({ loss: 'binaryCrossentropy', metrics: ['auc'] }, logits)['auc']).toBeCloseTo(0.75, 12);
    const coarse = logsOf({ loss, metrics: [metrics.auc({ numThresholds: 3 })] }, early, late);
    // (1, 1), (0, 1/2), (0, 0)
    expect(coarse['auc']).toBeCloseTo(0.75, 12);
  });

  it('count the right class among the k largest', () => {
    const topK = (k: number) =>
      logsOf(
        { loss: losses.multiMargin(), metrics: [metrics.topKCategoricalAccuracy({ k })] },
        first,
        second,
      );
    expect([1, 2, 3].map((k) => topK(k)['topKCategoricalAccuracy'])).toEqual([0.75, 1, 1]);
    const values = logsOf(
      { loss: 'categoricalCrossentropy', metrics: [metrics.topKCategoricalAccuracy({ k: 1 })] },
      { output, target: oneHot },
    );
    expect(values['topKCategoricalAccuracy']).toBe(0.75);
  });
});

describe('the names', () => {
  const two = [
    { name: 'a', shape: [1] },
    { name: 'b', shape: [1] },
  ];

  it('of several outputs begin with the output', () => {
    const task = new Task(two, {
      loss: 'meanSquaredError',
      metrics: { b: ['meanAbsoluteError'] },
    });
    const sums = task.sumsOf([0, 8, 4, 2, 6, 3, 3, 2]);
    expect(sums).toEqual({
      loss: 8,
      a_loss: 4,
      count: 2,
      b_loss: 6,
      'b_meanAbsoluteError.total': 3,
      'b_meanAbsoluteError.count': 2,
    });
    expect(task.meansOf(sums)).toEqual({ loss: 4, a_loss: 2, b_loss: 3, b_meanAbsoluteError: 1.5 });
    expect(task.meansOf({})).toEqual({});
  });

  it.each([
    [{ metrics: 'accuracy' }, "metrics is 'accuracy', expected a list of metrics, such as ['accuracy']."],
    [{ metrics: ['acc'] }, /metrics\[0\] is 'acc', expected one of .*; did you mean 'accuracy'\?/],
    [{ metrics: { a: [7] } }, /metrics\.a\[0\] is 7, expected one of accuracy, /],
    [{ metrics: { c: [] } }, "metrics has 'c', which is not an output with a loss, expected one of a, b."],
    [{ metrics: [(target: Tensor) => target] }, /metrics\[0\] is a function without a name, /],
    [
      { metrics: ['huber', 'huber'] },
      "two metrics would have the name 'a_huber'; rename one of the outputs a, b.",
    ],
  ])('%j is refused', (options, message) => {
    const given = { loss: 'meanSquaredError', ...options } as never;
    expect(() => {
      checkOptions<TaskOptions>('compile', given, taskRules());
      return new Task(two, given);
    }).toThrow(message);
  });
});
