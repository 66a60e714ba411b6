/** A residual network of any depth on a device that computes nothing, for plans and their times. */
import { input } from '../../src/nn/layers/input.js';
import { activation, add, batchNormalization, conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import { type Model, model } from '../../src/nn/model.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { hollowDevice } from './fake_device.js';

/** Blocks of conv → batch norm → relu → conv → batch norm, added to what they start from → relu. */
export function residualNetwork(
  blocks: number,
  { family = 'gpu', hasBatchNorm = true }: { family?: 'software' | 'gpu'; hasBatchNorm?: boolean } = {},
): Model {
  const x = input({ shape: [16, 16, 1] });
  const convolution = { kernelSize: 3, padding: 'same', filters: 8 } as const;
  const relu = () => activation({ activation: 'relu' });
  let y = conv2d({ ...convolution, activation: 'relu' }).apply(x);
  for (let block = 0; block < blocks; block++) {
    const start = y;
    for (const isLast of [false, true]) {
      y = conv2d(convolution).apply(y);
      if (hasBatchNorm) y = batchNormalization().apply(y);
      y = relu().apply(isLast ? add().apply([y, start]) : y);
    }
  }
  const outputs = dense({ units: 3, activation: 'softmax' }).apply(flatten().apply(y));
  const network = model({ inputs: x, outputs, device: hollowDevice(family) });
  network.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  return network;
}
