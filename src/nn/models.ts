/** The models that are named in papers and presets. */
import { conv2d, dense, dropout, flatten, maxPooling2d } from './layers/index.js';
import { Sequential, type SequentialOptions } from './sequential.js';

/**
 * The network of the 2017 notebook that reports 99.67 % on digits; 887,530 parameters on 28×28×1 and 10 classes.
 *
 * conv 5×5×32 · conv 5×5×32 · max-pool · dropout ¼ · conv 3×3×64 · conv 3×3×64 · max-pool · dropout ¼ · dense 256 ·
 * dropout ½ · dense `classes` softmax, all with relu and 'same' padding.
 */
export function paperModel({
  inputShape = [28, 28, 1],
  classes = 10,
  ...options
}: SequentialOptions & {
  readonly inputShape?: readonly number[];
  readonly classes?: number;
} = {}): Sequential {
  const convolution = { padding: 'same', activation: 'relu' } as const;
  return new Sequential(
    [
      conv2d({ filters: 32, kernelSize: 5, ...convolution, inputShape }),
      conv2d({ filters: 32, kernelSize: 5, ...convolution }),
      maxPooling2d({ poolSize: 2 }),
      dropout({ rate: 0.25 }),
      conv2d({ filters: 64, kernelSize: 3, ...convolution }),
      conv2d({ filters: 64, kernelSize: 3, ...convolution }),
      maxPooling2d({ poolSize: 2, strides: 2 }),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 256, activation: 'relu' }),
      dropout({ rate: 0.5 }),
      dense({ units: classes, activation: 'softmax' }),
    ],
    { name: 'paper', ...options },
  );
}
