/** Normalisation by the root of the mean square. */
import { add, divide, multiply, sqrt, square } from '../../kernels/arithmetic.js';
import { mean } from '../../kernels/mean.js';
import { reshape } from '../../kernels/reshape.js';
import { type Rules, checkOptions, positive } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';
import { alongAxes, layerAxisRule, sampleAxes } from './normalization.js';

export interface RmsNormalizationOptions extends LayerOptions, ParameterOptions<'scale'> {
  /** The axis to normalise, or several; axis 0 is the batch, negative ones count from the last. Default −1. */
  readonly axis?: number | readonly number[];
  /** Added to the mean square to avoid division by 0. Default 10⁻⁶. */
  readonly epsilon?: number;
}

const rules = (): Rules<RmsNormalizationOptions> => ({
  axis: layerAxisRule(),
  epsilon: positive,
  ...parameterRules('scale'),
  ...layerRules(),
});

/**
 * Divides each sample by the root of its mean square along the given axes, then scales.
 *
 *   y = scale · x/√(Σ x²/n + ε)
 *
 * Shapes: x [N,…], scale the extents along the axes → y like x. Initial values: 1.
 * Throws: UsageError for options out of range, ShapeError for an axis that the input does not have.
 * Source: Zhang and Sennrich 2019; names and defaults as in Keras.
 */
export function rmsNormalization(options: RmsNormalizationOptions = {}): Layer {
  checkOptions('layers.rmsNormalization', options, rules());
  const { axis = -1, epsilon = 1e-6 } = options;
  const axesOf = (shape: readonly number[]): number[] => sampleAxes('layers.rmsNormalization', shape, axis);
  return makeLayer(options, {
    className: 'RMSNormalization',
    config: { axis, epsilon, ...parameterConfig(options, 'scale') },
    outputShape: ([x]) => {
      axesOf(x);
      return x;
    },
    parameters: ([x]) => [
      withParameterOptions(options, {
        name: 'scale',
        shape: axesOf(x).map((each) => x[each - 1] as number),
        initializer: { kind: 'ones' },
      }),
    ],
    call: ([x], { scale }) => {
      const sample = x.shape.slice(1);
      const axes = axesOf(sample);
      const size = sqrt(add(mean(square(x), { axis: axes, keepDims: true }), epsilon));
      return multiply(divide(x, size), reshape(scale!, alongAxes(sample, axes)));
    },
  });
}
