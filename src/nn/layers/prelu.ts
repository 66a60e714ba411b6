/** Parametric rectified linear unit. */
import type { Shape } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { prelu as rectify } from '../../kernels/leaky_relu.js';
import { type Rules, checkOptions, count, list, orNull } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';

export interface PreluOptions extends LayerOptions, ParameterOptions<'alpha'> {
  /**
   * Axes along which one slope serves all elements, counted with the batch axis, which is 0: [1, 2] gives an image one slope for each
   * channel. Default: none, a slope for each element of a sample.
   */
  readonly sharedAxes?: readonly number[] | null;
}

const rules = (): Rules<PreluOptions> => ({
  sharedAxes: orNull(list('a list of positive integers', count)),
  ...parameterRules('alpha'),
  ...layerRules(),
});

/**
 * y = x above 0, otherwise alpha · x, with learned slopes. Shapes: x [N,…] → the same; alpha like a sample, 1 along shared axes. Initial
 * values: zeros.
 *
 * Throws: UsageError for options out of range; ShapeError for an axis that the input does not have. Source: He et al. 2015.
 */
export function prelu(options: PreluOptions = {}): Layer {
  checkOptions('layers.prelu', options, rules());
  const { sharedAxes = null } = options;
  const slopes = (sample: Shape): Shape => {
    const odd = sharedAxes?.find((axis) => axis > sample.length);
    if (odd !== undefined)
      throw new ShapeError(
        `layers.prelu: sharedAxes contains ${odd}, expected axes from 1 to ${sample.length} of [${sample.join(',')}] per sample.`,
      );
    return sample.map((extent, i) => (sharedAxes?.includes(i + 1) ? 1 : extent));
  };
  return makeLayer(options, {
    className: 'PReLU',
    config: { sharedAxes, ...parameterConfig(options, 'alpha') },
    outputShape: ([x]) => {
      slopes(x);
      return x;
    },
    parameters: ([x]) => [
      withParameterOptions(options, { name: 'alpha', shape: slopes(x), initializer: { kind: 'zeros' } }),
    ],
    call: ([x], { alpha }) => rectify(x, alpha!),
  });
}
