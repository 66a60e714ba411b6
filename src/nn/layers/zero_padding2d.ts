/** Zeros around images. */
import { pad } from '../../kernels/pad.js';
import { type Rules, checkOptions } from '../../options.js';
import { type Edges2d, checkImage, edgesOf, edgesRule } from './edges2d.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface ZeroPadding2dOptions extends LayerOptions {
  /** Rows and columns of zeros. Default 1. */
  readonly padding?: Edges2d;
}

const rules = (): Rules<ZeroPadding2dOptions> => ({ padding: edgesRule(), ...layerRules() });

/**
 * Adds rows and columns of zeros. Shapes: [N,H,W,C] → [N, top + H + bottom, left + W + right, C].
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `ZeroPadding2D`.
 */
export function zeroPadding2d(options: ZeroPadding2dOptions = {}): Layer {
  checkOptions('layers.zeroPadding2d', options, rules());
  const [rows, columns] = edgesOf(options.padding ?? 1);
  return makeLayer(options, {
    className: 'ZeroPadding2D',
    config: { padding: [rows, columns] },
    outputShape: ([x]) => {
      const [H, W, C] = checkImage('layers.zeroPadding2d', x);
      return [rows[0] + H + rows[1], columns[0] + W + columns[1], C];
    },
    call: ([x]) => pad(x, [[0, 0], rows, columns, [0, 0]]),
  });
}
