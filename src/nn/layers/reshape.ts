/** The same values in another shape. */
import { type Shape, sizeOf } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { reshape as reshapeTensor } from '../../kernels/reshape.js';
import { type Rules, checkOptions, required, rule } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface ReshapeOptions extends LayerOptions {
  /** Without the batch axis; one extent may be −1 and is inferred. */
  readonly targetShape: readonly number[];
}

const isExtent = (value: unknown): boolean =>
  Number.isSafeInteger(value) && ((value as number) > 0 || value === -1);

const rules = (): Rules<ReshapeOptions> => ({
  targetShape: required(
    rule(
      'a list of positive integers, of which one may be −1',
      (value) =>
        Array.isArray(value) && value.every(isExtent) && value.filter((each) => each === -1).length <= 1,
    ),
  ),
  ...layerRules(),
});

/**
 * The values of a sample in the same order in another shape. Shapes: [N,…] → [N,…targetShape].
 *
 * Throws: UsageError for options out of range; ShapeError if the input has another number of values.
 * Source: Keras, `Reshape`.
 */
export function reshape(options: ReshapeOptions): Layer {
  checkOptions('layers.reshape', options, rules());
  const { targetShape } = options;
  const known = sizeOf(targetShape.filter((extent) => extent !== -1));
  const shapeOf = (x: Shape): Shape =>
    targetShape.map((extent) => (extent === -1 ? sizeOf(x) / known : extent));
  return makeLayer(options, {
    className: 'Reshape',
    config: { targetShape: [...targetShape] },
    outputShape: ([x]) => {
      const shape = shapeOf(x);
      if (sizeOf(shape) !== sizeOf(x) || !shape.every(Number.isInteger))
        throw new ShapeError(
          `layers.reshape: the input [${x.join(',')}] has ${sizeOf(x)} values per sample, which do not fill [${targetShape.join(',')}].`,
        );
      return shape;
    },
    call: ([x]) => reshapeTensor(x, [x.shape[0]!, ...shapeOf(x.shape.slice(1))]),
  });
}
