/** Shared by pooling layers: options, shape rule, and a function of windows. */
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { type PoolOptions, placementOf, poolRules } from '../../kernels/pool2d.js';
import { pair, windowAttributes, windowCounts } from '../../kernels/window.js';
import { type Rules, checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export type Pooling2dOptions = LayerOptions & PoolOptions;

const rules = (): Rules<Pooling2dOptions> => ({ ...poolRules(), ...layerRules() });

interface Pooling {
  readonly className: string;
  /** The name of the layer's function, for messages. */
  readonly who: string;
  pool(x: Tensor, options: PoolOptions): Tensor;
}

/**
 * A layer that pools windows. Shapes: [N,H,W,C] → [N,P,Q,C].
 *
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes per sample or is smaller
 * than the window.
 */
export function pooling2d({ className, who, pool }: Pooling, options: Pooling2dOptions): Layer {
  checkOptions(who, options, rules());
  const { poolSize = 2, strides = poolSize, padding = 'valid', ceilMode } = options;
  const window = pair(poolSize);
  return makeLayer(options, {
    className,
    // Only a ceilMode that is true, so that versions without it read all other files.
    config: {
      poolSize: [...window],
      strides: [...pair(strides)],
      padding,
      ...(ceilMode && { ceilMode }),
    },
    outputShape: ([x]) => {
      if (x.length !== 3)
        throw new ShapeError(
          `${who}: the input is [${x.join(',')}] per sample, expected [height,width,channels].`,
        );
      const image = [1, ...x];
      const attributes = windowAttributes(who, image, window, pair(strides), placementOf(options));
      return [...windowCounts(image, window, attributes), x[2] as number];
    },
    call: ([x]) => pool(x, { poolSize, strides, padding, ceilMode: ceilMode ?? false }),
  });
}
