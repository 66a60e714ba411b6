/**
 * The training steps of the named models at batch 128, for both families. Planned without a device: a variant that another
 * table of choices would prefer may take more or fewer dispatches.
 *   how many dispatches, with fusion and without
 *   of paper, paper-bn and small the kernels, the memory of intermediates, and the streams that dropout draws from
 */
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/engine/plan/plan.js';
import {
  type NamedModelOptions,
  mlpModel,
  paperBnModel,
  paperModel,
  smallModel,
} from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import type { Model } from '../../src/nn/model.js';
import { hollowDevice } from './fake_device.js';
import { plannedStep } from './planned_step.js';

const batchSize = 128;
const l2 = { kernelRegularizer: { l2: 1e-4 } };

function stepOf(
  make: (options: NamedModelOptions) => Model,
  options: NamedModelOptions,
  fusion = true,
): Plan {
  const model = make(options);
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  return plannedStep(model, { batchSize, fusion });
}

/** The number with fusion and without: for the software family, then for the gpu family. */
describe.each([
  ['paper', paperModel, {}, { software: [43, 73], gpu: [32, 62] }],
  ['paper with an L2 penalty', paperModel, l2, { software: [56, 103], gpu: [45, 92] }],
  ['paper-bn', paperBnModel, {}, { software: [77, 94], gpu: [74, 91] }],
  ['small', smallModel, {}, { software: [33, 51], gpu: [25, 43] }],
  ['mlp', mlpModel, {}, { software: [17, 21], gpu: [11, 15] }],
] as const)('%s', (_, make, options, expected) => {
  test.each(['software', 'gpu'] as const)('%s', (family) => {
    const fused = stepOf(make, { ...options, device: hollowDevice(family) });
    const plain = stepOf(make, { ...options, device: hollowDevice(family) }, false);
    expect([fused.dispatches.length, plain.dispatches.length]).toEqual(expected[family]);
    expect(fused.dispatchesWithoutFusion).toBe(plain.dispatches.length);
  });
});

describe.each([
  ['paper', paperModel],
  ['paper-bn', paperBnModel],
  ['small', smallModel],
] as const)('the step of %s', (_, make) => {
  test.each(['software', 'gpu'] as const)('%s', (family) => {
    const plan = stepOf(make, { device: hollowDevice(family) });
    const kernels = plan.dispatches.map(({ label, variant, shapes }) => `${label} (${variant}) ${shapes}`);
    const bytes = plan.buffers.reduce((sum, length) => sum + length, 0);
    const streams = plan.dispatches.flatMap(({ label, shader: { code } }) =>
      [...code.matchAll(/pcg4d\(vec4u\([^,]*, (\d+)u/g)].map(([, stream]) => `${label}: stream ${stream}`),
    );
    expect([...kernels, `${bytes} bytes of intermediates`, ...streams].join('\n')).toMatchSnapshot();
  });
});
