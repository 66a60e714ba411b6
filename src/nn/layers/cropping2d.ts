/** Images without rows and columns at their edges. */
import { ShapeError } from '../../errors.js';
import { slice } from '../../kernels/slice.js';
import { type Rules, checkOptions } from '../../options.js';
import { type Edges2d, checkImage, edgesOf, edgesRule } from './edges2d.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface Cropping2dOptions extends LayerOptions {
  /** Rows and columns that are removed. Default 0, as in Keras. */
  readonly cropping?: Edges2d;
}

const rules = (): Rules<Cropping2dOptions> => ({ cropping: edgesRule(), ...layerRules() });

/**
 * Removes rows and columns at the edges. Shapes: [N,H,W,C] → [N, H − top − bottom, W − left − right, C].
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample, or nothing would remain.
 * Source: Keras, `Cropping2D`.
 */
export function cropping2d(options: Cropping2dOptions = {}): Layer {
  checkOptions('layers.cropping2d', options, rules());
  const [rows, columns] = edgesOf(options.cropping ?? 0);
  return makeLayer(options, {
    className: 'Cropping2D',
    config: { cropping: [rows, columns] },
    outputShape: ([x]) => {
      const [H, W, C] = checkImage('layers.cropping2d', x);
      const [height, width] = [H - rows[0] - rows[1], W - columns[0] - columns[1]];
      if (height < 1 || width < 1)
        throw new ShapeError(
          `layers.cropping2d: the cropping [[${rows.join(',')}],[${columns.join(',')}]] leaves nothing of the input [${x.join(',')}].`,
        );
      return [height, width, C];
    },
    call: ([x]) => {
      const [N, H, W, C] = x.shape as [number, number, number, number];
      const size = [N, H - rows[0] - rows[1], W - columns[0] - columns[1], C];
      return slice(x, [0, rows[0], columns[0], 0], size);
    },
  });
}
