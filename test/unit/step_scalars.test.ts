/** The table of what the host computes for each step: its rows, and how a callback's learning rate gets into it. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/tensor.js';
import type { Position } from '../../src/nn/training/checkpoint.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { StepScalars } from '../../src/nn/training/step_scalars.js';

const length = { batchSize: 10, stepsPerEpoch: 4, totalSteps: 12 };

/** Where step `row` of epoch `epoch` begins. */
const at = (epoch: number, row: number): Position => ({
  step: 4 * epoch + row,
  epoch,
  cursor: 10 * row,
  sums: {},
});

/** The scalars of an optimizer, and the table as the device has it. */
function tableOf(
  optimizer: Optimizer,
  stepsBefore = 0,
): { scalars: StepScalars; table: Float32Array; written: number[] } {
  const table = new Float32Array(length.stepsPerEpoch * Object.keys(optimizer.scalars).length);
  const written: number[] = [];
  const device = {
    write: (_: unknown, data: Float32Array, byteOffset: number) => {
      table.set(data, byteOffset / 4);
      written.push(data.length);
    },
  };
  const tensor = { device, storage: {} } as unknown as Tensor;
  return { scalars: new StepScalars(optimizer, tensor, length, stepsBefore), table, written };
}

describe('the scalars of the steps', () => {
  it('follow a schedule, and are rounded to f32 once', () => {
    const learningRate = (step: number): number => 0.1 / (1 + step);
    const { scalars, table } = tableOf(sgd({ learningRate }));
    scalars.begin(at(1, 0));
    expect(table).toEqual(Float32Array.from([4, 5, 6, 7], learningRate));
    expect(scalars.learningRate).toBe(Math.fround(0.1 / 5));
    scalars.endStep(at(1, 1));
    expect(scalars.learningRate).toBe(Math.fround(0.1 / 5));
    scalars.endStep(at(1, 2));
    expect(scalars.learningRate).toBe(Math.fround(0.1 / 6));
  });

  it('are columns of one table, computed from the rate and the count of updates, earlier trainings included', () => {
    const scalars = {
      learning_rate: ({ learningRate }: { readonly learningRate: number }) => learningRate,
      correction: ({ update }: { readonly update: number }) => 1 - 0.999 ** update,
    };
    const optimizer = { ...sgd({ learningRate: 0.5 }), scalars };
    const { scalars: rows, table } = tableOf(optimizer);
    rows.begin(at(1, 2));
    const correction = (update: number): number => Math.fround(1 - 0.999 ** update);
    expect([...table]).toEqual([0, 0, 0, 0, 0.5, correction(7), 0.5, correction(8)]);

    const second = tableOf(optimizer, 100);
    second.scalars.begin(at(0, 3));
    optimizer.learningRate = 0.25;
    second.scalars.change(at(0, 3));
    expect([...second.table].slice(6)).toEqual([0.25, correction(104)]);
  });

  it('change from the current row on with the learning rate of the optimizer', () => {
    const optimizer = sgd({ learningRate: 0.5 });
    const { scalars, table, written } = tableOf(optimizer);
    scalars.begin(at(0, 0));
    expect(scalars.change(at(0, 1))).toBe(false);
    optimizer.learningRate = 0.25;
    scalars.endStep(at(0, 1));
    expect([...table]).toEqual([0.5, 0.25, 0.25, 0.25]);
    expect(scalars.learningRate).toBe(0.25);
    optimizer.learningRate = (step) => step;
    expect(scalars.change(at(0, 2))).toBe(true);
    expect([...table]).toEqual([0.5, 0.25, 2, 3]);
    expect(scalars.learningRate).toBe(2);
    scalars.endStep(at(0, 4));
    expect(scalars.learningRate).toBe(3);
    expect(written).toEqual([4, 3, 2]);
  });

  it('have the last row behind the last step of an epoch', () => {
    const { scalars, table } = tableOf(sgd({ learningRate: (step) => step }));
    scalars.begin(at(0, 4));
    expect([...table]).toEqual([0, 0, 0, 3]);
    expect(scalars.learningRate).toBe(3);
  });
});
