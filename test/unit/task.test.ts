/** Losses and metrics of a model as named sums, of one output and of several, and what `compile` refuses of them. */
import { describe, expect, it } from 'vitest';
import { checks } from '../../src/check/index.js';
import { Trace } from '../../src/engine/trace.js';
import { concatenate, labelGather } from '../../src/kernels/index.js';
import * as losses from '../../src/nn/losses/index.js';
import type { Loss } from '../../src/nn/losses/loss.js';
import { severalOutputs } from '../../src/nn/training/several_outputs.js';
import { Task, type TaskOptions, addSums, meansOf, taskRules } from '../../src/nn/training/task.js';
import { checkOptions } from '../../src/options.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';

const outputs = [{ name: 'digit', shape: [10] }];
const named = 'sparseCategoricalCrossentropy';
const known = Object.keys(losses).toSorted().join(', ');

/** A loss of a caller's own: two sums, the samples first among them. */
const absolute: Loss = {
  name: 'absolute',
  sums: ['loss', 'count'],
  target: 'labels',
  apply: () => expect.unreachable(),
};

describe('the sums of a step', () => {
  it('have names, the loss by name or as an object', () => {
    for (const loss of [named, losses.sparseCategoricalCrossentropy(), { digit: named }] as const) {
      const task = new Task(outputs, { loss });
      expect([task.width, task.countPlace, task.guessing]).toEqual([4, 2, Math.log(10)]);
      expect(task.sumsOf([6, 3, 4, 0])).toEqual({ loss: 6, accuracy: 3, count: 4 });
    }
  });

  it('are those that the loss counts', () => {
    const task = new Task(outputs, { loss: absolute });
    expect([task.width, task.countPlace, task.guessing]).toEqual([2, 1, undefined]);
    expect(task.sumsOf([6, 4])).toEqual({ loss: 6, count: 4 });
  });

  it('add up, and become means over the samples', () => {
    const task = new Task(outputs, { loss: named });
    const sums = addSums(addSums({}, task.sumsOf([6, 3, 4, 0])), task.sumsOf([2, 1, 2, 0]));
    expect(meansOf(sums)).toEqual({ loss: 8 / 6, accuracy: 4 / 6 });
    expect(meansOf({})).toEqual({});
  });
});

describe('compile refuses', () => {
  const messageOf = (options: object): string => {
    try {
      checkOptions('compile', options as TaskOptions, taskRules());
      return `no error, but a task of ${new Task(outputs, options as TaskOptions).width} sums`;
    } catch (error) {
      return String(error);
    }
  };

  it.each([
    [{ loss: 'mse' }, `loss is 'mse', expected one of ${known}; did you mean 'meanSquaredError'?`],
    [{ loss: { digit: 'hing' } }, `loss.digit is 'hing', expected one of ${known}; did you mean 'hinge'?`],
    [{ loss: 'nothing' }, `loss is 'nothing', expected one of ${known}.`],
    [{ loss: null }, `loss is null, expected one of ${known}.`],
    [
      { loss: { number: named } },
      "loss has 'number', which is not an output of the model, expected one of digit.",
    ],
    [{ loss: {} }, 'loss has no output, expected one of digit.'],
  ])('%j', (options, message) => {
    expect(messageOf(options)).toBe(`UsageError: compile: ${message}`);
  });

  it.each([
    [{ lossWeights: 2 }, 'lossWeights is 2, expected an object with a number for each output.'],
    [{ lossWeights: [1] }, 'lossWeights is [1], expected an object with a number for each output.'],
    [{ lossWeights: { digit: -1 } }, 'lossWeights.digit is -1, expected a non-negative number.'],
    [{ lossWeights: { digit: NaN } }, 'lossWeights.digit is NaN, expected a non-negative number.'],
    [
      { lossWeights: { digit: 0 } },
      'lossWeights are 0 for all outputs, expected a positive number for one or more.',
    ],
    [
      { lossWeights: { size: 1 } },
      "lossWeights has 'size', which is not an output with a loss, expected one of digit.",
    ],
  ])('%j', (weights, message) => {
    expect(messageOf({ loss: named, ...weights })).toBe(`UsageError: compile: ${message}`);
  });

  it('outputs whose metrics would have one name', () => {
    const clash = (...names: string[]) => {
      const made = names.map((name) => ({ name, shape: [2] }));
      return () => new Task(made, { loss: named });
    };
    expect(clash('a', 'val_a')).toThrow(
      "compile: two metrics would have the name 'val_a_loss'; rename one of the outputs a, val_a.",
    );
    expect(clash('a', 'b')).not.toThrow();
  });
});

describe('several outputs', () => {
  const two = [...outputs, { name: 'parity', shape: [2] }];
  const both = { digit: named, parity: named } as const;

  it('have sums with their names, beside the weighted loss', () => {
    for (const loss of [named, both] as const) {
      const task = new Task(two, { loss, lossWeights: { parity: 0.5 } });
      expect(task.outputs.map(({ name, weight }) => [name, weight])).toEqual([
        ['digit', 1],
        ['parity', 0.5],
      ]);
      expect(task.guessing).toBeCloseTo(Math.log(10) + 0.5 * Math.log(2), 12);
      expect([task.width, task.countPlace]).toEqual([12, 6]);
      // The totals of the first output times the mean loss, then those of each.
      const sums = task.sumsOf([48, 24, 32, 0, 6, 3, 4, 0, 4, 2, 4, 0]);
      expect(sums).toEqual({
        loss: 32,
        digit_loss: 6,
        digit_accuracy: 3,
        count: 4,
        parity_loss: 4,
        parity_accuracy: 2,
      });
      expect(task.sumNames).toEqual(Object.keys(sums));
    }
  });

  it('have the names of one if only one is trained', () => {
    const task = new Task(two, { loss: { parity: named } });
    expect(task.sumsOf([6, 3, 4, 0])).toEqual({ loss: 6, accuracy: 3, count: 4 });
    const weighted = new Task(two, { loss: { parity: named }, lossWeights: { parity: 2 } });
    expect(weighted.sumsOf([6, 3, 4, 0])).toEqual({ loss: 12, accuracy: 3, count: 4 });
    expect(() => new Task(two, { loss: { parity: named }, lossWeights: { digit: 2 } })).toThrow(
      "compile: lossWeights has 'digit', which is not an output with a loss, expected one of parity.",
    );
  });

  it('sum their losses by weight, with the penalties', () => {
    severalOutputs.provide({ concatenate, labelGather });
    const scalar = (value: number): Array64 => array64([], [value]);
    const trace = new Trace();
    const input = (shape: number[]) => trace.input({ shape, dtype: 'f32' });
    const means = [input([]), input([]), input([])];
    const totals = [input([2]), input([3])];
    const loss = (i: number, sums: Loss['sums']): Loss => ({
      ...absolute,
      sums,
      apply: () => ({ loss: means[i]!, totals: totals[i]! }),
    });
    const task = new Task(two, {
      loss: { digit: loss(0, ['loss', 'count']), parity: loss(1, ['loss', 'error', 'count']) },
      lossWeights: { digit: 3 },
    });
    const [all, minimised] = trace.record(() => {
      const recorded = task.record(() => means[0]!, {
        targetOf: () => means[0]!,
        weightsOf: () => undefined,
      });
      return [recorded.totals([means[2]!]), recorded.losses] as const;
    });
    const interpreter = new Interpreter(
      trace,
      referencesOf([...checks.values()].map(({ reference }) => reference)),
      [all, ...minimised],
    );
    // Means of 2 and 5 over four samples, and a penalty of 0.5.
    const run = interpreter.run([
      ...[2, 5, 0.5].map(scalar),
      array64([2], [8, 4]),
      array64([3], [20, 28, 4]),
    ]);
    expect(minimised.map((each) => run.valueOf(each).values[0])).toEqual([6, 5]);
    expect(task.sumsOf(run.valueOf(all).values)).toEqual({
      loss: 4 * (3 * 2 + 5 + 0.5),
      digit_loss: 8,
      count: 4,
      parity_loss: 20,
      parity_error: 28,
    });
  });
});
