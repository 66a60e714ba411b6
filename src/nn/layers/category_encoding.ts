/** Integers as rows of zeros and ones. */
import { max } from '../../kernels/max.js';
import { oneHot } from '../../kernels/one_hot.js';
import { sum } from '../../kernels/sum.js';
import { ShapeError } from '../../errors.js';
import { type Rules, checkOptions, count, oneOf, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface CategoryEncodingOptions extends LayerOptions {
  /** How many different integers there are: 0 to numTokens − 1. Others count nowhere. */
  readonly numTokens: number;
  /** A one per integer of the sample (`multiHot`, `oneHot` if it has a single one), or how often it occurs (`count`). Default: `multiHot`. */
  readonly outputMode?: 'oneHot' | 'multiHot' | 'count';
}

const rules = (): Rules<CategoryEncodingOptions> => ({
  numTokens: required(count),
  outputMode: oneOf(['oneHot', 'multiHot', 'count']),
  ...layerRules(),
});

/**
 * The integers of a sample, u32 or f32, as one row with an entry per possible integer. Shapes: [N,T] → [N,numTokens].
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have one axis per sample, or several integers with
 * `oneHot`.
 * Source: Keras, `CategoryEncoding`.
 */
export function categoryEncoding(options: CategoryEncodingOptions): Layer {
  checkOptions('layers.categoryEncoding', options, rules());
  const { numTokens, outputMode = 'multiHot' } = options;
  return makeLayer(options, {
    className: 'CategoryEncoding',
    config: { numTokens, outputMode },
    outputShape: ([x]) => {
      if (x.length !== 1 || (outputMode === 'oneHot' && x[0] !== 1))
        throw new ShapeError(
          `layers.categoryEncoding: the input is [${x.join(',')}] per sample, expected ${outputMode === 'oneHot' ? '[1]' : '[integers]'}.`,
        );
      return [numTokens];
    },
    call: ([x]) => {
      const rows = oneHot(x, numTokens);
      return outputMode === 'count' ? sum(rows, { axis: 1 }) : max(rows, { axis: 1 });
    },
  });
}
