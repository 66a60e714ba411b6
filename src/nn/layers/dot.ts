/** The scalar product of two inputs, such as the similarity of two embeddings. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { divide, multiply, sqrt, square } from '../../kernels/arithmetic.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, checkOptions, flag } from '../../options.js';
import { type Inputs, type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface DotOptions extends LayerOptions {
  /** Whether to divide by the lengths of both inputs: the cosine of the angle between them. Default false. */
  readonly normalize?: boolean;
}

const rules = (): Rules<DotOptions> => ({ normalize: flag, ...layerRules() });

/**
 * y[n] = Σ_k a[n,k]·b[n,k]. Shapes: two inputs [N,K] → [N,1]. NaN for inputs of length 0 that are normalised.
 *
 * Throws: UsageError for options out of range; ShapeError for other inputs. Source: Keras, of which this is the case of one axis.
 */
export function dot(options: DotOptions = {}): Layer {
  checkOptions('layers.dot', options, rules());
  const { normalize = false } = options;
  return makeLayer(options, {
    className: 'Dot',
    config: { normalize },
    takesSeveral: true,
    outputShape: (inputs) => {
      checkPair(inputs);
      return [1];
    },
    call: ([a, b]) => {
      const total = (x: Tensor): Tensor => sum(x, { axis: 1, keepDims: true });
      const product = total(multiply(a, b!));
      if (!normalize) return product;
      return divide(product, multiply(sqrt(total(square(a))), sqrt(total(square(b!)))));
    },
  });
}

function checkPair(inputs: Inputs<Shape>): void {
  const isPair = inputs.length === 2 && inputs[0].length === 1 && inputs[1]?.join() === inputs[0].join();
  if (!isPair)
    throw new ShapeError(
      `layers.dot: the inputs are ${inputs.map((shape) => `[${shape.join(',')}]`).join(' and ')} per sample, expected two of one axis and equal extents; put layers.flatten() before them.`,
    );
}
