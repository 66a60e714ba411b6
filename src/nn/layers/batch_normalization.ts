/** Batch normalisation layer. Letters: C channels, the last axis. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { fill } from '../../kernels/arithmetic.js';
import { batchNorm } from '../../kernels/batch_norm.js';
import { batchNormInference } from '../../kernels/batch_norm_inference.js';
import { batchNormMoving } from '../../kernels/batch_norm_moving.js';
import { type Rules, belowOne, checkOptions, flag, positive } from '../../options.js';
import { type Layer, type LayerOptions, type ParameterSpec, defineLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';

export interface BatchNormalizationOptions extends LayerOptions, ParameterOptions<'gamma' | 'beta'> {
  /** The factor of the old moving statistics in each update. Default 0.99. */
  readonly momentum?: number;
  /** Added to the variance to avoid division by 0. Default 10⁻³. */
  readonly epsilon?: number;
  /** Whether to learn a shift β per channel. Default true. */
  readonly center?: boolean;
  /** Whether to learn a scale γ per channel. Default true. */
  readonly scale?: boolean;
}

const rules = (): Rules<BatchNormalizationOptions> => ({
  momentum: belowOne,
  epsilon: positive,
  center: flag,
  scale: flag,
  ...parameterRules('gamma', 'beta'),
  ...layerRules(),
});

/**
 * Normalises each channel to mean 0 and standard deviation 1, then scales by γ and shifts by β.
 *
 *   y = γ·(x − μ)/√(v + ε) + β
 *
 * In training, μ and v are those of the batch, over the samples that count (see `batchNorm`), and update the moving ones.
 * Otherwise μ and v are the moving ones. After n steps these still contain momentumⁿ of their initial values: at 0.99, a
 * model that has trained for fewer than about 300 steps does worse in evaluation than in training. A frozen layer uses the
 * moving ones in training too, and does not update them. A layer that is applied several times updates them at each
 * application, in the order of the network, as in Keras.
 * Shapes: x [N,…,C], all parameters [C] → y like x. Initial values: γ and the moving variance 1, β and the moving mean 0.
 * Throws: UsageError for options out of range, ShapeError if the input has no axis per sample.
 * Source: Ioffe and Szegedy 2015; names, defaults and the biased moving variance as in Keras.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer {
  checkOptions('layers.batchNormalization', options, rules());
  const { momentum = 0.99, epsilon = 1e-3, center = true, scale = true } = options;
  return defineLayer(options, {
    className: 'BatchNormalization',
    config: { momentum, epsilon, center, scale, ...parameterConfig(options, 'gamma', 'beta') },
    outputShape: ([x]) => {
      channelsOf(x);
      return x;
    },
    parameters: ([x]) => {
      const shape = [channelsOf(x)];
      const ones = { shape, initializer: { kind: 'ones' } } as const;
      const zeros = { shape, initializer: { kind: 'zeros' } } as const;
      const specs: ParameterSpec[] = [];
      if (scale) specs.push(withParameterOptions(options, { name: 'gamma', ...ones }));
      if (center) specs.push(withParameterOptions(options, { name: 'beta', ...zeros }));
      return [
        ...specs,
        { name: 'moving_mean', ...zeros, isTrainable: false },
        { name: 'moving_variance', ...ones, isTrainable: false },
      ];
    },
    call: ([x], parameters, { isTraining, isFrozen, state }) => {
      const movingMean = parameters['moving_mean'] as Tensor;
      const movingVariance = parameters['moving_variance'] as Tensor;
      const gamma = parameters['gamma'] ?? fill(movingMean.shape, 1);
      const beta = parameters['beta'] ?? fill(movingMean.shape, 0);
      if (!isTraining || isFrozen)
        return batchNormInference(x, { gamma, beta, mean: movingMean, variance: movingVariance, epsilon });
      const { y, mean, variance } = batchNorm(x, { gamma, beta, state, epsilon });
      batchNormMoving({ mean, variance, movingMean, movingVariance }, { momentum });
      return y;
    },
  });
}

function channelsOf(inputShape: Shape): number {
  const channels = inputShape.at(-1);
  if (channels === undefined)
    throw new ShapeError(
      'layers.batchNormalization: the input has no axis per sample, expected channels last.',
    );
  return channels;
}
