/** Losses and metrics of a model as named sums, and what `compile` refuses of them. */
import { describe, expect, it } from 'vitest';
import { sparseCategoricalCrossentropy } from '../../src/nn/losses/index.js';
import type { Loss } from '../../src/nn/losses/loss.js';
import { Task, type TaskOptions, addSums, meansOf, taskRules } from '../../src/nn/task.js';
import { checkOptions } from '../../src/options.js';

const outputs = [{ name: 'digit', shape: [10] }];
const named = 'sparseCategoricalCrossentropy';

/** A loss of a caller's own: two sums, the samples first among them. */
const absolute: Loss = {
  name: 'absolute',
  sums: ['loss', 'count'],
  apply: () => expect.unreachable(),
};

describe('the sums of a step', () => {
  it('have names, the loss by name or as an object', () => {
    for (const loss of [named, sparseCategoricalCrossentropy(), { digit: named }] as const) {
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
    [{ loss: 'mse' }, `loss is 'mse', expected '${named}'.`],
    [{ loss: { digit: 'mse' } }, `loss.digit is 'mse', expected '${named}'.`],
    [{ loss: null }, `loss is null, expected '${named}'.`],
    [
      { loss: { number: named } },
      "loss has 'number', which is not an output of the model, expected one of digit.",
    ],
    [{ loss: {} }, 'loss has no output, expected one of digit.'],
  ])('%j', (options, message) => {
    expect(messageOf(options)).toBe(`UsageError: compile: ${message}`);
  });

  it('losses of several outputs', () => {
    const two = [...outputs, { name: 'size', shape: [3] }];
    expect(() => new Task(two, { loss: named })).toThrow(
      `compile: loss is for 2 outputs (digit, size), expected one; give the loss of the output to train, such as { digit: '${named}' }.`,
    );
    expect(new Task(two, { loss: { size: named } }).width).toBe(4);
  });
});
