/** Compares the float64 references with central differences of themselves. */
import type { Array64 } from '../reference/array64.js';
import { attributesOf, casesOf, evaluate } from './evaluate.js';
import type { Evaluated, OpCheck } from './op_check.js';
import type { Row } from './row.js';

export interface Difference {
  readonly input: string;
  readonly index: number;
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic − numeric| / (10⁻⁵ + 10⁻³·|numeric|); above 1 the gradient is wrong. */
  readonly error: number;
}

/**
 * The largest disagreement between the float64 backward of a case and central differences of its forward.
 *
 *   dx ≈ (L(x + ε) − L(x − ε)) / 2ε,  L = Σ dy · y,  ε = 10⁻⁶
 *
 * In float64 the difference is accurate to about 10⁻⁹, far below the allowed 10⁻⁵ + 10⁻³·|dx|.
 * Checks at most `most` elements of each input, spread evenly.
 */
export function worstDifference(check: OpCheck, at: Evaluated, most = 40): Difference | undefined {
  const epsilon = 1e-6;
  const attributes = attributesOf(check, at.inputs, at.options);
  const forward = () => check.reference.forward(at.inputs, attributes);
  let worst: Difference | undefined;
  const loss = (): number =>
    Object.entries(forward()).reduce((sum, [name, y]) => {
      const dy = at.outputGradients[name] as Array64;
      return y.values.reduce((inner, value, i) => inner + value * (dy.values[i] as number), sum);
    }, 0);
  for (const [input, expected] of Object.entries(at.gradients)) {
    const { values } = at.inputs[input] as Array64;
    const step = Math.max(1, Math.floor(values.length / most));
    for (let index = 0; index < values.length; index += step) {
      const held = values[index] as number;
      values[index] = held + epsilon;
      const above = loss();
      values[index] = held - epsilon;
      const below = loss();
      values[index] = held;
      const numeric = (above - below) / (2 * epsilon);
      const analytic = expected?.value.values[index] as number;
      const error = Math.abs(analytic - numeric) / (1e-5 + 1e-3 * Math.abs(numeric));
      if (!worst || !(error <= worst.error)) worst = { input, index, analytic, numeric, error };
    }
  }
  return worst;
}

/** Compares the float64 backward with central differences of the float64 forward, in small and smooth cases. */
export function differenceRows(check: OpCheck): Row[] {
  if (!check.reference.backward) return [];
  return casesOf(check, 3, false).flatMap((given, index): Row[] => {
    const size = (at: Evaluated): number =>
      Object.values(at.inputs).reduce((sum, { values }) => sum + values.length, 0);
    const at = evaluate(check, given, index);
    if (given.isSmooth === false || size(at) > 1500) return [];
    const worst = worstDifference(check, at, 12);
    if (!worst) return [];
    return [
      {
        op: check.reference.op,
        primitive: 'differences',
        variant: 'float64',
        case: given.name,
        shapes: Object.values(given.inputs)
          .map((shape) => `[${shape.join(',')}]`)
          .join(' '),
        result: `d${worst.input}`,
        error: worst.error,
        at: `[${worst.index}] ${worst.analytic.toPrecision(7)} for ${worst.numeric.toPrecision(7)}`,
        // `worstDifference` returns errors in units of 10⁻⁵ + 10⁻³·|dx|.
        tolerance: 1,
        ok: worst.error <= 1,
      },
    ];
  });
}
