/** Fully connected layer. */
import type { Shape } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { add } from '../../kernels/arithmetic.js';
import { matmul } from '../../kernels/matmul.js';
import { type Rules, checkOptions, count, flag, required } from '../../options.js';
import { type Activation, activationRule, activations } from './activation.js';
import { type Layer, type LayerOptions, type ParameterSpec, defineLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from './parameter_options.js';

export interface DenseOptions extends LayerOptions, ParameterOptions<'kernel' | 'bias'> {
  readonly units: number;
  readonly activation?: Activation;
  readonly useBias?: boolean;
}

const rules = (): Rules<DenseOptions> => ({
  units: required(count),
  activation: activationRule(),
  useBias: flag,
  ...parameterRules('kernel', 'bias'),
  ...layerRules(),
});

/**
 * Fully connected layer.
 *
 *   y = activation(x · kernel + bias)
 *
 * Shapes: x [N,in], kernel [in,units], bias [units] → y [N,units]. Initial values: Glorot uniform, zeros.
 * Throws: UsageError for options out of range, ShapeError if the input has more than one axis per sample.
 */
export function dense(options: DenseOptions): Layer {
  checkOptions('layers.dense', options, rules());
  const { units, activation = 'linear', useBias = true, kernelRegularizer = null } = options;
  const width = (inputShape: Shape): number => {
    if (inputShape.length !== 1)
      throw new ShapeError(
        `layers.dense: the input is [${inputShape.join(',')}] per sample, expected one axis; put layers.flatten() before it.`,
      );
    return inputShape[0] as number;
  };
  return defineLayer(options, {
    className: 'Dense',
    config: { units, activation, useBias, kernelRegularizer, ...parameterConfig(options, 'kernel', 'bias') },
    outputShape: ([x]) => {
      width(x);
      return [units];
    },
    parameters: ([x]) => {
      const fans = { fanIn: width(x), fanOut: units };
      const kernel: ParameterSpec = {
        name: 'kernel',
        shape: [fans.fanIn, units],
        initializer: { kind: 'glorotUniform', ...fans },
        decay: true,
      };
      const bias: ParameterSpec = { name: 'bias', shape: [units], initializer: { kind: 'zeros' } };
      return (useBias ? [kernel, bias] : [kernel]).map((spec) => withParameterOptions(options, spec));
    },
    call: ([x], { kernel, bias }) => {
      const y = matmul(x, kernel!);
      return activations[activation](bias ? add(y, bias) : y);
    },
  });
}
