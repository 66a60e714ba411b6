/** Layer normalisation. */
import { type Rules, checkOptions, positive } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import {
  type Affine,
  affine,
  affineConfig,
  affineParameters,
  affineRules,
  alongAxes,
  layerAxisRule,
  normalised,
  sampleAxes,
} from './normalization.js';

export interface LayerNormalizationOptions extends LayerOptions, Affine {
  /** The axis to normalise, or several; axis 0 is the batch, negative ones count from the last. Default −1. */
  readonly axis?: number | readonly number[];
  /** Added to the variance to avoid division by 0. Default 10⁻³. */
  readonly epsilon?: number;
}

const rules = (): Rules<LayerNormalizationOptions> => ({
  axis: layerAxisRule(),
  epsilon: positive,
  ...affineRules(),
  ...layerRules(),
});

/**
 * Normalises each sample along the given axes to mean 0 and standard deviation 1, then scales by γ and shifts by β.
 *
 *   y = γ·(x − μ)/√(v + ε) + β
 *
 * The same in training and evaluation, whatever the size of a batch.
 * Shapes: x [N,…], γ and β the extents along the axes → y like x. Initial values: γ 1, β 0.
 * Throws: UsageError for options out of range, ShapeError for an axis that the input does not have.
 * Source: Ba, Kiros and Hinton 2016; names and defaults as in Keras.
 */
export function layerNormalization(options: LayerNormalizationOptions = {}): Layer {
  checkOptions('layers.layerNormalization', options, rules());
  const { axis = -1, epsilon = 1e-3 } = options;
  const axesOf = (shape: readonly number[]): number[] => sampleAxes('layers.layerNormalization', shape, axis);
  return makeLayer(options, {
    className: 'LayerNormalization',
    config: { axis, epsilon, ...affineConfig(options) },
    outputShape: ([x]) => {
      axesOf(x);
      return x;
    },
    parameters: ([x]) =>
      affineParameters(
        axesOf(x).map((each) => x[each - 1] as number),
        options,
      ),
    call: ([x], parameters) => {
      const sample = x.shape.slice(1);
      const axes = axesOf(sample);
      return affine(normalised(x, axes, epsilon), parameters, alongAxes(sample, axes));
    },
  });
}
