/** All axes of a sample made into one. */
import { sizeOf } from '../../engine/primitive.js';
import { flatten as flattenTensor } from '../../kernels/index.js';
import { checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, defineLayer, layerRules } from './layer.js';

/** Shapes: [N,…] → [N, product of the rest], in row-major (for images: NHWC) order. */
export function flatten(options: LayerOptions = {}): Layer {
  checkOptions('layers.flatten', options, layerRules());
  return defineLayer(options, {
    className: 'Flatten',
    config: {},
    outputShape: ([x]) => [sizeOf(x)],
    call: ([x]) => flattenTensor(x),
  });
}
