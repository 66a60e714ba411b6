/** Softmax over any axis. Apart from softmax.ts, so that a layer's softmax brings no other kernel. */
import { checkCall } from '../calls.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { exp } from './arithmetic.js';
import { type SoftmaxOptions, logSoftmaxFor, softmaxRules } from './log_softmax.js';
import { softmax as softmaxOverLast } from './softmax.js';

/**
 * Softmax over an axis.
 *
 *   y = exp(x − m) / Σ exp(x − m), m = max x along the axis
 *
 * NaN along the axis where it holds NaN or ∞, or only −∞, as in PyTorch.
 * Shapes: x any → y like x. Throws: ShapeError for an axis that x does not have, or for axes that are not adjacent.
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  checkTensors('softmax', { x });
  checkCall('softmax', options, softmaxRules);
  const { axis = -1 } = options;
  return axis === -1 || axis === x.shape.length - 1
    ? softmaxOverLast(x)
    : exp(logSoftmaxFor('softmax', x, options));
}
