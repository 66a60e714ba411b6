/** Flattens all axes of a sample into one. */
import { sizeOf } from '../../engine/primitive.js';
import { flatten as flattenTensor } from '../../kernels/reshape.js';
import { checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

/** Shapes: [N,…] → [N, product of the other extents], in row-major order (for images: NHWC). */
export function flatten(options: LayerOptions = {}): Layer {
  checkOptions('layers.flatten', options, layerRules());
  return makeLayer(options, {
    className: 'Flatten',
    config: {},
    outputShape: ([x]) => [sizeOf(x)],
    call: ([x]) => flattenTensor(x),
  });
}
