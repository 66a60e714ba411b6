/**
 * Plans with batch normalisation, without a device:
 *   at inference it goes into the kernel before it, on every sort of device
 *   in training what follows goes into the kernel that normalises
 */
import { expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import type { Spec } from '../../src/engine/primitive.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { batchNorm, batchNormInference, conv2d, matmul, relu, sum } from '../../src/kernels/index.js';
import { stateSize } from '../../src/kernels/step_state.js';
import { fakeDevice } from './fake_device.js';

const devices = [
  fakeDevice({ family: 'software', subgroupSize: 8 }),
  fakeDevice({ family: 'software', subgroupSize: 0 }),
  fakeDevice({ family: 'gpu', subgroupSize: 32 }),
];

function passesOf(plan: Plan): Set<string> {
  return new Set(plan.dispatches.map(({ label }) => label));
}

const specs = (...shapes: readonly number[][]): Tensor[] =>
  shapes.map((shape): Spec => ({ shape, dtype: 'f32' })) as unknown as Tensor[];

test('at inference a layer with its normalisation and relu is one kernel', () => {
  for (const device of devices) {
    const convolution = program((x, kernel, gamma, beta, mean, variance) => {
      const y = conv2d(x, kernel, { padding: 'same' });
      return relu(batchNormInference(y, { gamma, beta, mean, variance }));
    }, device).plan(...specs([128, 28, 28, 32], [5, 5, 32, 32], [32], [32], [32], [32]));
    expect(passesOf(convolution)).toEqual(
      new Set(['conv2d/forward + batch_norm_inference/forward + relu/forward']),
    );
    const rows = program(
      (x, kernel, gamma, beta, mean, variance) =>
        relu(batchNormInference(matmul(x, kernel), { gamma, beta, mean, variance })),
      device,
    ).plan(...specs([128, 3136], [3136, 256], [256], [256], [256], [256]));
    expect(passesOf(rows)).toEqual(new Set(['matmul/forward + batch_norm_inference/forward + relu/forward']));
  }
});

test('in training relu joins the normalisation, and one primitive makes both gradients of the channels', () => {
  const state = { shape: [stateSize], dtype: 'u32' } as unknown as Tensor;
  for (const device of devices) {
    const plan = program((x, gamma, beta, state) => {
      const { y } = batchNorm(x, { gamma, beta, state });
      const loss = sum(relu(y));
      return [loss, ...grad(loss, [x, gamma, beta])];
    }, device).plan(...specs([32, 14, 14, 64], [64], [64]), state);
    const labels = plan.dispatches.map(({ label }) => label);
    expect(labels).toContain('batch_norm/normalise + relu/forward');
    expect(new Set(labels.filter((label) => label.includes('gradient')))).toEqual(
      new Set([
        'sum/input_gradient + relu/input_gradient',
        'batch_norm/gradient_sums',
        'batch_norm/input_gradient',
      ]),
    );
    // On a GPU a dispatch more, in which many invocations add the slices.
    expect(labels.filter((label) => label === 'batch_norm/gradient_sums')).toHaveLength(
      device.traits.family === 'gpu' ? 3 : 2,
    );
    for (const { slots } of plan.dispatches) expect(slots.length).toBeLessThanOrEqual(8);
  }
});
