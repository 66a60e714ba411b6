// Plan: small networks with their gradients, planned with fusion and without: the same results but for rounding, since
// shared results are summed in another order; fewer dispatches; and with fusion the same bits in a second run.
import { expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import { program } from '../../src/engine/program.js';
import { tensorOf } from '../../src/check/guarded_run.js';
import {
  type CheckedNetwork,
  drawOperands,
  inOrder,
  normalisedNetwork,
  recordLoss,
  smallNetwork,
} from '../../src/check/networks.js';
import { useDevice } from '../device/device.js';

const held = useDevice();

async function gradientsOf(
  checked: CheckedNetwork,
  fusion: boolean,
): Promise<{ dispatches: number; values: Float32Array[] }> {
  const { device } = held;
  const inputs = inOrder(drawOperands(checked)).map((array) => tensorOf(device, array));
  const step = program(
    (...tensors) => {
      const { loss, trained } = recordLoss(checked, tensors);
      return [loss, ...grad(loss, trained)];
    },
    device,
    { fusion },
  );
  const outputs = step.call(...inputs);
  const values = await Promise.all(outputs.map(async (output) => (await output.data()) as Float32Array));
  const dispatches = step.plan(...inputs).dispatches.length;
  for (const tensor of [...inputs, ...outputs]) tensor.dispose();
  return { dispatches, values };
}

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Iterable<number>): number => Math.hypot(...values);
  return norm(a.map((value, i) => value - (b[i] as number))) / norm(b);
}

test.each([smallNetwork, normalisedNetwork])(
  '$network.name: the same gradients with fusion',
  async (network) => {
    const fused = await gradientsOf(network, true);
    const plain = await gradientsOf(network, false);
    expect(fused.dispatches).toBeLessThan(plain.dispatches);
    // Sums of at most some hundred terms: a few units of 2⁻²⁴ each, over the layers of the network.
    fused.values.forEach((values, i) =>
      expect(distance(values, plain.values[i] as Float32Array), `output ${i}`).toBeLessThan(5e-6),
    );
    expect((await gradientsOf(network, true)).values).toEqual(fused.values);
  },
);
