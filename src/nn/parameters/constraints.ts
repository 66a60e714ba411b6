/** What parameters are set to after each update. Source: keras.constraints for names and defaults. */
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { add, divide, multiply, scale, sqrt, square } from '../../kernels/arithmetic.js';
import { clip, minimum } from '../../kernels/extremes.js';
import { relu } from '../../kernels/relu.js';
import { sum } from '../../kernels/sum.js';
import { type Rule, countOrZero, either, list, notNegative, positive, within } from '../../options.js';
import type { Constraint, ConstraintName, StoredFunction } from './parameter_options.js';
import { kindRule } from './more_initializers.js';
import { ownFunction } from '../files/own_functions.js';

type ConstraintFunction = (w: Tensor) => Tensor;

/** The axes that a norm sums over. Default 0, the inputs of a unit. */
const axis = (): Rule => either(countOrZero, list('a list of axes', countOrZero));

const kinds: Readonly<Record<ConstraintName, () => Record<string, Rule>>> = {
  maxNorm: () => ({ maxValue: positive, axis: axis() }),
  minMaxNorm: () => ({ minValue: notNegative, maxValue: positive, rate: within(0, 1), axis: axis() }),
  nonNeg: () => ({}),
  unitNorm: () => ({ axis: axis() }),
};

export const constraintRule = (): Rule => {
  const rule = kindRule(kinds, 'a function of a tensor, or null');
  return (...args) => (args[0] === null ? undefined : rule(...args));
};

export function constraintOf(given: ConstraintName | Constraint | StoredFunction): Constraint {
  if (typeof given === 'string') return { kind: given };
  if (typeof given === 'object' && 'function' in given) return ownFunction(given) as ConstraintFunction;
  return given;
}

/** Avoids a division by 0. */
const epsilon = 1e-7;

/**
 * The parameter as the constraint wants it.
 *
 *   maxNorm:    w · min(‖w‖, max) / (ε + ‖w‖)
 *   minMaxNorm: w · (rate · clip(‖w‖, min, max) + (1 − rate) · ‖w‖) / (ε + ‖w‖)
 *   unitNorm:   w / (ε + ‖w‖)
 *   nonNeg:     max(w, 0)
 *
 * Throws: ShapeError if a function returns another shape.
 */
export function constrained(w: Tensor, constraint: Constraint): Tensor {
  if (typeof constraint === 'function') {
    const result = constraint(w);
    if (result?.shape?.join() !== w.shape.join())
      throw new ShapeError(
        `constraint: the function returned [${result?.shape?.join(',')}], expected [${w.shape.join(',')}], like its argument.`,
      );
    return result;
  }
  if (constraint.kind === 'nonNeg') return relu(w);
  const norm = sqrt(sum(square(w), { axis: constraint.axis ?? 0, keepDims: true }));
  const divisor = add(norm, epsilon);
  if (constraint.kind === 'unitNorm') return divide(w, divisor);
  if (constraint.kind === 'maxNorm')
    return multiply(w, divide(minimum(norm, constraint.maxValue ?? 2), divisor));
  const { minValue = 0, maxValue = 1, rate = 1 } = constraint;
  const clipped = clip(norm, minValue, maxValue);
  const wanted = rate === 1 ? clipped : add(scale(clipped, rate), scale(norm, 1 - rate));
  return multiply(w, divide(wanted, divisor));
}
