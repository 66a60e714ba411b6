/** Shared by layers that normalise each sample on its own: statistics, γ and β, and axes. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { add, divide, multiply, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { mean } from '../../kernels/mean.js';
import { reshape } from '../../kernels/reshape.js';
import { type Rule, type Rules, either, flag, rule } from '../../options.js';
import {
  type ParameterOptions,
  type ParameterSpec,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';

/** (x − μ)/√(v + ε), with μ and v over the given axes. The mean comes first, so that a large one costs no digits. */
export function normalised(x: Tensor, axis: readonly number[], epsilon: number): Tensor {
  const centred = subtract(x, mean(x, { axis, keepDims: true }));
  const variance = mean(square(centred), { axis, keepDims: true });
  return divide(centred, sqrt(add(variance, epsilon)));
}

/** Whether a layer learns a shift β and a scale γ, and how. */
export interface Affine extends ParameterOptions<'gamma' | 'beta'> {
  /** Whether to learn a shift β. Default true. */
  readonly center?: boolean;
  /** Whether to learn a scale γ. Default true. */
  readonly scale?: boolean;
}

/** γ, initially 1, and β, initially 0. */
export function affineParameters(shape: Shape, options: Affine): ParameterSpec[] {
  const { center = true, scale = true } = options;
  return [
    ...(scale ? [{ name: 'gamma', shape, initializer: { kind: 'ones' } } as const] : []),
    ...(center ? [{ name: 'beta', shape, initializer: { kind: 'zeros' } } as const] : []),
  ].map((spec) => withParameterOptions(options, spec));
}

export const affineRules = (): Rules<Affine> => ({
  center: flag,
  scale: flag,
  ...parameterRules('gamma', 'beta'),
});

export function affineConfig(options: Affine): object {
  const { center = true, scale = true } = options;
  return { center, scale, ...parameterConfig(options, 'gamma', 'beta') };
}

/** γ·y + β, with both seen as `shape`, which broadcasts to y. */
export function affine(y: Tensor, parameters: Readonly<Record<string, Tensor>>, shape: Shape): Tensor {
  const { gamma, beta } = parameters;
  const scaled = gamma ? multiply(y, reshape(gamma, shape)) : y;
  return beta ? add(scaled, reshape(beta, shape)) : scaled;
}

const integer = (): Rule => rule('an integer', Number.isSafeInteger);

export const layerAxisRule = (): Rule =>
  either(
    integer(),
    rule(
      'a list of integers',
      (value) => Array.isArray(value) && value.length > 0 && value.every(Number.isSafeInteger),
    ),
  );

/**
 * The axes of a layer's option, sorted and counted with the batch, which is axis 0.
 *
 * Throws: ShapeError for an axis that the input does not have, for that of the batch, and for one given twice.
 */
export function sampleAxes(who: string, inputShape: Shape, axis: number | readonly number[]): number[] {
  const rank = inputShape.length + 1;
  const axes = [axis].flat().map((each) => {
    const at = each < 0 ? each + rank : each;
    if (at < 1 || at >= rank)
      throw new ShapeError(
        `${who}: axis is ${each} for an input of [${inputShape.join(',')}] per sample, expected ${inputShape.length === 0 ? 'one axis or more' : `1 to ${rank - 1}, or ${1 - rank} to -1; axis 0 is the batch`}.`,
      );
    return at;
  });
  const sorted = axes.toSorted((a, b) => a - b);
  const twice = sorted.find((each, i) => each === sorted[i - 1]);
  if (twice !== undefined)
    throw new ShapeError(`${who}: axis ${twice} is given twice, expected each axis once.`);
  return sorted;
}

/** The extents of a sample along `axes`, and 1 along the others: the shape that broadcasts to the input. */
export function alongAxes(inputShape: Shape, axes: readonly number[]): Shape {
  return inputShape.map((extent, i) => (axes.includes(i + 1) ? extent : 1));
}
