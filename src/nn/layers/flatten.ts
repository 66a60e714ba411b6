/** All axes of a sample made into one. */
import { sizeOf } from '../../engine/primitive.js';
import { flatten as flattenTensor } from '../../kernels/index.js';
import { checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';

/** Shapes: [N,…] → [N, product of the rest], in row-major (for images: NHWC) order. */
export function flatten(options: LayerOptions = {}): Layer {
  checkOptions('layers.flatten', options, layerRules());
  return {
    className: 'Flatten',
    name: options.name,
    inputShape: options.inputShape,
    config: {},
    outputShape: (inputShape) => [sizeOf(inputShape)],
    parameters: () => [],
    call: (x) => flattenTensor(x),
  };
}
