/** Scales its input, for instance from bytes to a unit interval. */
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { add, multiply, scale as rescale } from '../../kernels/arithmetic.js';
import { equal } from '../../kernels/comparison.js';
import { linspace } from '../../kernels/linspace.js';
import { type Rule, type Rules, checkOptions, either, finite, list, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface RescalingOptions extends LayerOptions {
  /** One number, or one for each channel, the last axis. */
  readonly scale: number | readonly number[];
  /** Likewise. Default 0. */
  readonly offset?: number | readonly number[];
}

const perChannel = (): Rule => either(finite, list('a list of one for each channel', finite));

const rules = (): Rules<RescalingOptions> => ({
  scale: required(perChannel()),
  offset: perChannel(),
  ...layerRules(),
});

/**
 * y = x · scale + offset. Shapes: [N,…] → the same.
 *
 * Images are scaled to 0 … 1 before the first layer already, unless the model's `preprocessing` says otherwise.
 * Throws: UsageError for options out of range; ShapeError for lists that do not fit the channels.
 */
export function rescaling(options: RescalingOptions): Layer {
  checkOptions('layers.rescaling', options, rules());
  const { scale, offset = 0 } = options;
  return makeLayer(options, {
    className: 'Rescaling',
    config: { scale, offset },
    outputShape: ([x]) => {
      for (const [name, given] of Object.entries({ scale, offset }))
        if (typeof given !== 'number' && given.length !== x.at(-1))
          throw new ShapeError(
            `layers.rescaling: ${name} has ${given.length} numbers, but the input is [${x.join(',')}] per sample; expected one for each channel, the last axis.`,
          );
      return x;
    },
    call: ([x]) => {
      if (typeof scale === 'number' && typeof offset === 'number') return rescale(x, scale, offset);
      const scaled = typeof scale === 'number' ? rescale(x, scale) : multiply(x, vector(scale));
      return typeof offset === 'number' ? rescale(scaled, 1, offset) : add(scaled, vector(offset));
    },
  });
}

/** The numbers as a tensor, from expressions that are fused into the kernel that reads it. */
function vector(values: readonly number[]): Tensor {
  const place = linspace(0, values.length - 1, values.length);
  return values.map((value, i) => rescale(equal(place, i), value)).reduce((sum, each) => add(sum, each));
}
