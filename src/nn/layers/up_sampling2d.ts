/** Images whose rows and columns are repeated or interpolated. */
import { resize } from '../../kernels/resize.js';
import { pair } from '../../kernels/window.js';
import { type Rules, checkOptions, oneOf, pixels } from '../../options.js';
import { checkImage } from './edges2d.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface UpSampling2dOptions extends LayerOptions {
  /** The factor for both directions, or [rows, columns]. Default 2. */
  readonly size?: number | readonly [number, number];
  /** Default: `nearest`, which repeats each pixel. */
  readonly interpolation?: 'nearest' | 'bilinear';
}

const rules = (): Rules<UpSampling2dOptions> => ({
  size: pixels,
  interpolation: oneOf(['nearest', 'bilinear']),
  ...layerRules(),
});

/**
 * Images that are several times larger. Shapes: [N,H,W,C] → [N, size₀·H, size₁·W, C].
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `UpSampling2D`.
 */
export function upSampling2d(options: UpSampling2dOptions = {}): Layer {
  checkOptions('layers.upSampling2d', options, rules());
  const { size = 2, interpolation = 'nearest' } = options;
  const [down, across] = pair(size);
  return makeLayer(options, {
    className: 'UpSampling2D',
    config: { size: [down, across], interpolation },
    outputShape: ([x]) => {
      const [H, W, C] = checkImage('layers.upSampling2d', x);
      return [down * H, across * W, C];
    },
    call: ([x]) => resize(x, [down * x.shape[1]!, across * x.shape[2]!], { method: interpolation }),
  });
}
