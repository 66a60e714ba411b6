// Plan: the multiply-adds of layers by hand: convolution, dense, a shared layer, a layer without products; the summary's column
// and total, which are left out without costs.
import { expect, test } from 'vitest';
import { input } from '../../src/nn/layers/input.js';
import { conv2d, dense, flatten, maxPooling2d } from '../../src/nn/layers/index.js';
import { model, sequential } from '../../src/nn/model.js';
import { layerCosts } from '../../src/nn/network/network_cost.js';

const image = sequential([
  conv2d({ filters: 4, kernelSize: 3, padding: 'same', strides: 2, inputShape: [9, 7, 3] }),
  maxPooling2d(),
  flatten(),
  dense({ units: 10 }),
]);

test('multiply-adds are those of one sample, and flops count other operations', () => {
  const costs = layerCosts(image.network);
  const multiplyAdds = [...costs.values()].map((cost) => cost.multiplyAdds);
  // 5×4 outputs of 4 filters over 3×3×3; the pool leaves 2×2×4.
  expect(multiplyAdds).toEqual([5 * 4 * 4 * 27, 0, 0, 16 * 10]);
  expect(costs.get('dense')!.flops).toBe(2 * 160 + 10);
});

test('a shared layer counts at each use', () => {
  const twice = dense({ units: 3, name: 'twice' });
  const x = input({ shape: [3] });
  const costs = layerCosts(model({ inputs: x, outputs: twice.apply(twice.apply(x)) }).network);
  expect([...costs.values()].map((cost) => cost.multiplyAdds)).toEqual([9, 9]);
});

test('the summary has a column of multiply-adds if it is given the costs', () => {
  const silent = (): void => undefined;
  const text = image.summary(silent, layerCosts(image.network));
  expect(text).toContain('Multiply-adds ┃');
  expect(text).toMatch(/conv2d \(Conv2D\).*│ +112 │ +2,160 │/);
  expect(text.split('\n').at(-1)).toBe(' Multiply-adds per sample: 2,320');
  expect(image.summary(silent)).not.toContain('ultiply');
});
