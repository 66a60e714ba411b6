/** Normalisation to length 1. */
import { add, divide, sqrt, square } from '../../kernels/arithmetic.js';
import { relu } from '../../kernels/relu.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import { layerAxisRule, sampleAxes } from './normalization.js';

export interface UnitNormalizationOptions extends LayerOptions {
  /** The axis to normalise, or several; axis 0 is the batch, negative ones count from the last. Default −1. */
  readonly axis?: number | readonly number[];
}

const rules = (): Rules<UnitNormalizationOptions> => ({ axis: layerAxisRule(), ...layerRules() });

/** The square of the least length: below it, x is divided by this length. */
const leastSquare = 1e-24;

/**
 * Divides each sample by its Euclidean length along the given axes.
 *
 *   y = x/max(√Σ x², 10⁻¹²)
 *
 * Shapes: x [N,…] → y like x. Throws: UsageError for options out of range, ShapeError for an axis that the input does not have.
 * Source: Keras.
 */
export function unitNormalization(options: UnitNormalizationOptions = {}): Layer {
  checkOptions('layers.unitNormalization', options, rules());
  const { axis = -1 } = options;
  const axesOf = (shape: readonly number[]): number[] => sampleAxes('layers.unitNormalization', shape, axis);
  return makeLayer(options, {
    className: 'UnitNormalization',
    config: { axis },
    outputShape: ([x]) => {
      axesOf(x);
      return x;
    },
    call: ([x]) => {
      const total = sum(square(x), { axis: axesOf(x.shape.slice(1)), keepDims: true });
      // max(total, leastSquare), before the root, whose gradient is infinite at 0.
      return divide(x, sqrt(add(relu(add(total, -leastSquare)), leastSquare)));
    },
  });
}
