/** Images of a given size. */
import { resize } from '../../kernels/resize.js';
import { type Rules, checkOptions, count, oneOf, required } from '../../options.js';
import { checkImage } from './edges2d.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface ResizingOptions extends LayerOptions {
  readonly height: number;
  readonly width: number;
  /** Default: `bilinear`. */
  readonly interpolation?: 'nearest' | 'bilinear';
}

const rules = (): Rules<ResizingOptions> => ({
  height: required(count),
  width: required(count),
  interpolation: oneOf(['nearest', 'bilinear']),
  ...layerRules(),
});

/**
 * Images resized to height × width, without regard to their aspect. Shapes: [N,H,W,C] → [N,height,width,C].
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `Resizing`.
 */
export function resizing(options: ResizingOptions): Layer {
  checkOptions('layers.resizing', options, rules());
  const { height, width, interpolation = 'bilinear' } = options;
  return makeLayer(options, {
    className: 'Resizing',
    config: { height, width, interpolation },
    outputShape: ([x]) => [height, width, checkImage('layers.resizing', x)[2]],
    call: ([x]) => resize(x, [height, width], { method: interpolation }),
  });
}
