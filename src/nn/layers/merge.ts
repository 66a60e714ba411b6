/** Shared by layers that merge their inputs element by element: the shape rule, and the alignment of axes. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { reshape } from '../../kernels/reshape.js';
import { checkOptions } from '../../options.js';
import { type Inputs, type Layer, type LayerOptions, makeLayer, layerRules, mapInputs } from './layer.js';

interface Merging {
  readonly className: string;
  /** The name of the layer's function, for messages. */
  readonly who: string;
  /** Default: any number. */
  readonly inputCount?: number;
  merge(inputs: Inputs<Tensor>): Tensor;
}

/**
 * A layer that merges its inputs element by element. Shapes: inputs [N,…] → their common shape: axes are aligned from the last
 * one, and an extent of 1 is repeated, as in Keras.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs do not fit.
 */
export function merging({ className, who, inputCount, merge }: Merging, options: LayerOptions): Layer {
  checkOptions(who, options, layerRules());
  return makeLayer(options, {
    className,
    config: {},
    takesSeveral: true,
    outputShape: (inputs) => {
      if (inputCount !== undefined && inputs.length !== inputCount)
        throw new ShapeError(`${who}: ${inputs.length} inputs were given, expected ${inputCount}.`);
      return inputs.reduce((merged, shape) => mergedShape(who, merged, shape));
    },
    call: (inputs) => {
      const rank = Math.max(...inputs.map(({ shape }) => shape.length));
      // The batch axis stays in front.
      const aligned = mapInputs(inputs, (x) => {
        const [batch, ...shape] = x.shape as [number, ...number[]];
        const missing = Array.from({ length: rank - x.shape.length }, () => 1);
        return missing.length === 0 ? x : reshape(x, [batch, ...missing, ...shape]);
      });
      return merge(aligned);
    },
  });
}

function mergedShape(who: string, a: Shape, b: Shape): Shape {
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  const lead = long.length - short.length;
  return long.map((extent, axis) => {
    const other = short[axis - lead] ?? 1;
    if (extent !== other && extent !== 1 && other !== 1)
      throw new ShapeError(
        `${who}: the inputs are [${a.join(',')}] and [${b.join(',')}] per sample, expected equal extents, or 1.`,
      );
    return Math.max(extent, other);
  });
}
