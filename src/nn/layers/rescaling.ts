/** Scales its input, for instance from bytes to a unit interval. */
import { scale as rescale } from '../../kernels/arithmetic.js';
import { type Rules, checkOptions, finite, required } from '../../options.js';
import { type Layer, type LayerOptions, defineLayer, layerRules } from './layer.js';

export interface RescalingOptions extends LayerOptions {
  readonly scale: number;
  /** Default 0. */
  readonly offset?: number;
}

const rules = (): Rules<RescalingOptions> => ({ scale: required(finite), offset: finite, ...layerRules() });

/**
 * y = x · scale + offset. Shapes: [N,…] → the same.
 *
 * Images are scaled to 0 … 1 before the first layer already, unless the model's `preprocessing` says otherwise.
 * Throws: UsageError for options out of range.
 */
export function rescaling(options: RescalingOptions): Layer {
  checkOptions('layers.rescaling', options, rules());
  const { scale, offset = 0 } = options;
  return defineLayer(options, {
    className: 'Rescaling',
    config: { scale, offset },
    outputShape: ([x]) => x,
    call: ([x]) => rescale(x, scale, offset),
  });
}
