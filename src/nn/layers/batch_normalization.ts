/** Batch normalisation layer. Letters: C channels, the last axis. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { fill } from '../../kernels/arithmetic.js';
import { batchNorm } from '../../kernels/batch_norm.js';
import { batchNormInference } from '../../kernels/batch_norm_inference.js';
import { batchNormMoving } from '../../kernels/batch_norm_moving.js';
import { type Rules, belowOne, checkOptions, positive } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import { type Affine, affineConfig, affineParameters, affineRules } from './normalization.js';

export interface BatchNormalizationOptions extends LayerOptions, Affine {
  /** The factor of the old moving statistics in each update. Default 0.99. */
  readonly momentum?: number;
  /** Added to the variance to avoid division by 0. Default 10⁻³. */
  readonly epsilon?: number;
}

const rules = (): Rules<BatchNormalizationOptions> => ({
  momentum: belowOne,
  epsilon: positive,
  ...affineRules(),
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
  const { momentum = 0.99, epsilon = 1e-3 } = options;
  return makeLayer(options, {
    className: 'BatchNormalization',
    config: { momentum, epsilon, ...affineConfig(options) },
    outputShape: ([x]) => {
      channelsOf(x);
      return x;
    },
    parameters: ([x]) => {
      const shape = [channelsOf(x)];
      return [
        ...affineParameters(shape, options),
        { name: 'moving_mean', shape, initializer: { kind: 'zeros' }, isTrainable: false },
        { name: 'moving_variance', shape, initializer: { kind: 'ones' }, isTrainable: false },
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
