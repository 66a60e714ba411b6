/** A penalty of the values that pass through. */
import { type Rules, checkOptions, notNegative } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import { parameterExtensions } from '../parameters/parameter_options.js';

export interface ActivityRegularizationOptions extends LayerOptions {
  /** Default 0. */
  readonly l1?: number;
  /** Default 0. */
  readonly l2?: number;
}

const rules = (): Rules<ActivityRegularizationOptions> => ({
  l1: notNegative,
  l2: notNegative,
  ...layerRules(),
});

/**
 * y = x; adds the mean over the samples of l1·Σ|x| + l2·Σx² to the loss. Shapes: [N,…] → the same.
 *
 * The option `activityRegularizer` of any layer does the same with its output. Throws: UsageError for options out of range.
 */
export function activityRegularization(options: ActivityRegularizationOptions = {}): Layer {
  checkOptions('layers.activityRegularization', options, rules());
  const { l1 = 0, l2 = 0 } = options;
  return makeLayer(options, {
    className: 'ActivityRegularization',
    config: { l1, l2 },
    outputShape: ([x]) => x,
    call: ([x], _, { addLoss, state }) => {
      if (l1 > 0 || l2 > 0) addLoss?.(parameterExtensions.get().activityPenalty(x, { l1, l2 }, state));
      return x;
    },
  });
}
