/** A model and images small enough that a training step is almost nothing but dispatches. */
import { ImageSet } from '../../src/data/dataset.js';
import { conv2d, dense, dropout, flatten, maxPooling2d } from '../../src/nn/layers/index.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { type Model, type ModelOptions, sequential } from '../../src/nn/model.js';
import { pcg4d } from '../../src/random.js';

export function smallModel(
  options: ModelOptions & { readonly optimizer?: Parameters<typeof rmsprop>[0] } = {},
): Model {
  const { optimizer, ...rest } = options;
  const model = sequential(
    [
      conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [8, 8, 1] }),
      maxPooling2d(),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 8, activation: 'relu' }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    rest,
  );
  model.compile({ optimizer: rmsprop(optimizer), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** Three classes: a bright bar across the top, the middle or the bottom, under noise. */
export function bars(count: number, seed = 1): ImageSet {
  const images = new Uint8Array(count * 64);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const label = (labels[n] = n % 3);
    for (let i = 0; i < 64; i++) {
      const isBar = Math.floor(i / 8) >> 1 === label;
      images[n * 64 + i] = (pcg4d(seed, 0, n, i)[0] & 63) + (isBar ? 150 : 0);
    }
  }
  return new ImageSet({
    images,
    labels,
    height: 8,
    width: 8,
    channels: 1,
    classNames: ['top', 'middle', 'bottom'],
  });
}
