/** Fully connected layer. */
import type { Shape } from '../../engine/pass.js';
import { ShapeError, UsageError } from '../../errors.js';
import { add, matmul } from '../../kernels/index.js';
import { type Activation, activate, checkActivation } from './activation.js';
import type { Layer, LayerOptions, ParameterSpec } from './layer.js';
import { type Regularizer, checkRegularizer, l2Of } from './regularizer.js';

export interface DenseOptions extends LayerOptions {
  readonly units: number;
  readonly activation?: Activation;
  readonly useBias?: boolean;
  /** Adds l2 · Σ kernel² to the loss. */
  readonly kernelRegularizer?: Regularizer | null;
}

/**
 * Fully connected layer.
 *
 *   y = activation(x · kernel + bias)
 *
 * Shapes: x [N,in], kernel [in,units], bias [units] → y [N,units]. First values: Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError when the input has more than one axis per sample.
 */
export function dense(options: DenseOptions): Layer {
  const { units, useBias = true, kernelRegularizer = null } = options;
  checkRegularizer('layers.dense', 'kernelRegularizer', kernelRegularizer);
  const activation = checkActivation('layers.dense', options.activation ?? 'linear');
  if (!Number.isInteger(units) || units < 1)
    throw new UsageError(`layers.dense: units is ${units}, expected a whole number from 1 on.`);
  const width = (inputShape: Shape): number => {
    if (inputShape.length !== 1)
      throw new ShapeError(
        `layers.dense: the input is [${inputShape.join(',')}] per sample, expected one axis; put layers.flatten() before it.`,
      );
    return inputShape[0] as number;
  };
  return {
    className: 'Dense',
    name: options.name,
    inputShape: options.inputShape,
    endsInSoftmax: activation === 'softmax',
    config: { units, activation, useBias, kernelRegularizer },
    outputShape: (inputShape) => {
      width(inputShape);
      return [units];
    },
    parameters: (inputShape) => {
      const fans = { fanIn: width(inputShape), fanOut: units };
      const kernel: ParameterSpec = {
        name: 'kernel',
        shape: [fans.fanIn, units],
        initializer: { kind: 'glorotUniform', ...fans },
        ...l2Of(kernelRegularizer),
      };
      const bias: ParameterSpec = { name: 'bias', shape: [units], initializer: { kind: 'zeros' } };
      return useBias ? [kernel, bias] : [kernel];
    },
    call: (x, { kernel, bias }, context) => {
      const y = matmul(x, kernel!);
      return activate(bias ? add(y, bias) : y, activation, context);
    },
  };
}
