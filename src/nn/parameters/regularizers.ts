/** Penalties besides those of the built-in models, which are l2 of weights. Source: keras.regularizers for names and defaults. */
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { add, divide, fill, negate, scale, sqrt, square } from '../../kernels/arithmetic.js';
import { countedRows } from '../../kernels/counted_rows.js';
import { l2Penalty } from '../../kernels/l2_penalty.js';
import { matmul } from '../../kernels/matmul.js';
import { abs } from '../../kernels/rounding.js';
import { sum } from '../../kernels/sum.js';
import { type Rule, checkOptions, notNegative, oneOf } from '../../options.js';
import type { PenaltyFunction, RegularizerOption, StoredFunction } from './parameter_options.js';
import { ownFunction, ownFunctionRule } from '../files/own_functions.js';

type Resolved = Exclude<RegularizerOption, string | StoredFunction>;

const byName = { l1: { l1: 0.01 }, l2: { l2: 0.01 } } as const;

const expected =
  "'l1', 'l2', { l1, l2 }, { kind: 'orthogonal', factor, mode } or a function of a tensor, or null";

export const regularizerOptionRule = (): Rule => (value, who, name) => {
  if (value === null || typeof value === 'function') return undefined;
  if (typeof value === 'string') return Object.hasOwn(byName, value) ? undefined : expected;
  if (typeof value !== 'object' || Array.isArray(value)) return expected;
  if ('function' in value) return ownFunctionRule(value);
  const { kind, ...options } = value as { readonly kind?: unknown };
  if (kind !== undefined && kind !== 'orthogonal') return expected;
  const rules: Record<string, Rule> = kind
    ? { factor: notNegative, mode: oneOf(['rows', 'columns']) }
    : { l1: notNegative, l2: notNegative };
  checkOptions<object>(who, options, rules, `${name}.`);
  return undefined;
};

/** Without names of any kind. */
export function resolvedRegularizer(given: RegularizerOption): Resolved {
  if (typeof given === 'string') return byName[given];
  if (typeof given === 'object' && 'function' in given) return ownFunction(given) as PenaltyFunction;
  return given;
}

/** Throws: ShapeError if it does not suit the tensor, or a function returns no scalar. */
export function penaltyOf(x: Tensor, given: RegularizerOption): Tensor {
  const regularizer = resolvedRegularizer(given);
  if (typeof regularizer === 'function') return scalar(regularizer(x));
  if ('kind' in regularizer) return orthogonality(x, regularizer.factor ?? 0.01, regularizer.mode ?? 'rows');
  const { l1 = 0, l2 = 0 } = regularizer;
  if (l1 === 0) return l2Penalty(x, l2);
  const first = scale(sum(abs(x)), l1);
  return l2 === 0 ? first : add(first, l2Penalty(x, l2));
}

/**
 * The penalty of a layer's output per sample. Samples behind the end of the epoch do not count: they are 0 for the penalty.
 *
 *   y = penalty(x) / count
 */
export function activityPenaltyOf(x: Tensor, regularizer: RegularizerOption, state: Tensor): Tensor {
  const count = sum(countedRows(fill([x.shape[0]!], 1), state));
  return divide(penaltyOf(countedRows(x, state), regularizer), count);
}

function scalar(penalty: Tensor): Tensor {
  if (penalty?.shape?.length !== 0)
    throw new ShapeError(
      `regularizer: the function returned [${penalty?.shape?.join(',')}], expected a scalar, such as ops.sum(…).`,
    );
  return penalty;
}

/** Half the sum of |cosines| between rows or columns, per pair. */
function orthogonality(w: Tensor, factor: number, mode: 'rows' | 'columns'): Tensor {
  if (w.shape.length !== 2)
    throw new ShapeError(`orthogonal: the parameter is [${w.shape.join(',')}], expected two axes.`);
  const isRows = mode === 'rows';
  const count = w.shape[isRows ? 0 : 1] as number;
  const squares = sum(square(w), { axis: isRows ? 1 : 0, keepDims: true });
  const unit = divide(w, sqrt(add(squares, 1e-12)));
  const cosines = sum(abs(matmul(unit, unit, isRows ? { transposeB: true } : { transposeA: true })));
  // Without the cosines of each with itself.
  const between = add(cosines, negate(sum(square(unit))));
  return scale(between, factor / Math.max(1, count * (count - 1)));
}
