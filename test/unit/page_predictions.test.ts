/**
 * Whether the GPU or the CPU predicts on the page (web/worker/predicting_model.ts), with a fake compilation:
 *   a GPU that compiles soon predicts, and the script for the CPU is never imported
 *   the CPU predicts when a GPU takes long to compile, and at once on a software device, which takes seconds
 */
import { expect, test, vi } from 'vitest';
import { dense } from '../../src/nn/layers/dense.js';
import { flatten } from '../../src/nn/layers/flatten.js';
import { sequential } from '../../src/nn/model.js';
import type { Context } from '../../web/worker/context.js';
import { Predictions } from '../../web/worker/predicting_model.js';
import { fakeDevice } from './fake_device.js';

const times = vi.hoisted(() => ({ compileMs: 0, cpuImports: 0 }));

vi.mock('../../web/worker/predicting_bound.js', () => ({
  BoundPrediction: {
    create: async () => {
      await new Promise((resolve) => setTimeout(resolve, times.compileMs));
      return { predict: async () => new Float32Array([0, 1]), dispose: () => undefined };
    },
  },
}));
vi.mock(import('../../web/worker/cpu_model.js'), async (original) => {
  times.cpuImports++;
  return original();
});

function predictionsOn(family: 'gpu' | 'software'): Predictions {
  const model = sequential([flatten({ inputShape: [2, 1, 1] }), dense({ units: 2, useBias: false })]);
  const weights = new Map([['dense/kernel', new Float32Array(4)]]);
  const context = {
    device: { current: fakeDevice({ family }) },
    current: { model, weights: async () => weights, onReplaced: () => undefined },
    events: { note: () => undefined },
  };
  return new Predictions(context as unknown as Context);
}

const input = new Uint8Array(2);

// In this order: a module is imported once.
test('a GPU that compiles soon predicts, without the script for the CPU', async () => {
  times.compileMs = 20;
  expect(await predictionsOn('gpu').of(input)).toMatchObject({ by: 'device' });
  expect(times.cpuImports).toBe(0);
});

test.each(['gpu', 'software'] as const)(
  'the CPU predicts while a device compiles for long: %s',
  async (family) => {
    times.compileMs = 5000;
    expect(await predictionsOn(family).of(input)).toMatchObject({ by: 'cpu' });
    expect(times.cpuImports).toBe(1);
  },
);
