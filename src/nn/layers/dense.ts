/** Fully connected layer. */
import type { Shape } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { add } from '../../kernels/arithmetic.js';
import { matmul } from '../../kernels/matmul.js';
import { reshape } from '../../kernels/reshape.js';
import { type Rules, checkOptions, count, flag, required } from '../../options.js';
import { type Activation, activate, activationRule } from './activation_registry.js';
import { type Layer, type LayerOptions, type ParameterSpec, makeLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';

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
 * Shapes: x [N,…,in], kernel [in,units], bias [units] → y [N,…,units], along the last axis. Initial values: Glorot uniform,
 * zeros.
 * Throws: UsageError for options out of range, ShapeError if the input has no axis per sample.
 */
export function dense(options: DenseOptions): Layer {
  checkOptions('layers.dense', options, rules());
  const { units, activation = 'linear', useBias = true, kernelRegularizer = null } = options;
  const width = (inputShape: Shape): number => {
    const last = inputShape.at(-1);
    if (last === undefined)
      throw new ShapeError('layers.dense: the input has no axis per sample, expected one or more.');
    return last;
  };
  return makeLayer(options, {
    className: 'Dense',
    config: { units, activation, useBias, kernelRegularizer, ...parameterConfig(options, 'kernel', 'bias') },
    outputShape: ([x]) => {
      width(x);
      return [...x.slice(0, -1), units];
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
      // Rows of many matrices are rows of one matrix.
      const y =
        x.shape.length === 2
          ? matmul(x, kernel!)
          : reshape(matmul(reshape(x, [-1, x.shape.at(-1) as number]), kernel!), [
              ...x.shape.slice(0, -1),
              units,
            ]);
      return activate(activation, bias ? add(y, bias) : y);
    },
  });
}
