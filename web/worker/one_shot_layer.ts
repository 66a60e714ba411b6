/**
 * The one-shot correction of a dense layer in closed form, on the host: no steps, no learning rate, no gradient.
 *
 * A row φ is the layer's input for an image, with a 1 appended if the layer has a bias. The rows are the image to learn,
 * augmented copies of it, and images whose outputs should stay. V holds the wanted change of each row's outputs: eₗ − pᵢ
 * for the image and its copies, where pᵢ are the row's probabilities, and 0 for all others.
 *
 *   Δ = argmin Σᵢ ‖Δᵀφᵢ − vᵢ‖² + ρ·‖Δ‖² = Φᵀ (ΦΦᵀ + ρI)⁻¹ V,    ρ = ridge · mean ‖φᵢ‖²
 *   W ← W + t·Δ with the least t ≥ 0 for which softmax((W + tΔ)ᵀφ₀)[l] ≥ sureFrom
 *
 * Sources: Meng et al. 2022, Locating and editing factual associations in GPT (an edit that changes a layer's output for
 * other keys as little as possible, given their second moments; here, the rows themselves); Saunders et al. 1998, Ridge
 * regression learning algorithm in dual variables.
 */
import { type Array64, fill64, map64, zeros64 } from '../../src/reference/array64.js';
import { matmul64 } from '../../src/reference/matmul.js';
import { softmax64 } from '../../src/reference/softmax.js';

export interface LayerCorrection {
  /** [rows,inputs]: the image to learn, then its copies, then the images whose outputs should stay. */
  readonly features: Array64;
  /** [inputs,classes], the bias as its last row. */
  readonly weights: Array64;
  readonly label: number;
  /** How many rows should get `label`: the image and its copies. */
  readonly targets: number;
}

export interface CorrectedLayer {
  /** [inputs,classes] */
  readonly weights: Array64;
  /** [rows,classes], with the weights before and after the correction. */
  readonly logits: { readonly before: Array64; readonly after: Array64 };
}

/** The image counts as learned when its label has this probability. With a lower threshold, similar images stay wrong. */
export const sureFrom = 0.9;
/**
 * As a share of the rows' mean square. The rows stand for similar images, so the fit need not be exact. For digits,
 * anything from 0.003 to 0.03 works as well.
 */
const ridge = 0.01;
/** Beyond this scale the layer cannot separate the image from the others: their outputs change with it. */
const mostScale = 2 ** 12;

const plain = { transposeA: false, transposeB: false } as const;

/**
 * Shapes: features [R,I], weights [I,K] → weights [I,K]. Solves a system of R equations with R²·I/2 + R³/6 multiplications.
 * Undefined if no change of this layer gives the image its label, or if values are not finite.
 */
export function correctedLayer({
  features,
  weights,
  label,
  targets,
}: LayerCorrection): CorrectedLayer | undefined {
  const before = matmul64(features, weights, plain);
  const classes = weights.shape[1] as number;
  const wanted = map64(softmax64(before), (share, i) => {
    if (i >= targets * classes) return 0;
    return (i % classes === label ? 1 : 0) - share;
  });
  const factors = solved(ridgedGram(features), wanted);
  const change = matmul64(features, factors, { ...plain, transposeA: true });
  const moved = matmul64(features, change, plain);
  const scale = leastScale(before.values.subarray(0, classes), moved.values.subarray(0, classes), label);
  if (scale === undefined) return undefined;
  const changed = (from: Array64, by: Array64): Array64 =>
    map64(from, (value, i) => value + scale * (by.values[i] as number));
  return { weights: changed(weights, change), logits: { before, after: changed(before, moved) } };
}

/** ΦΦᵀ + ρI. It is symmetric, so only one half is computed: this is the most expensive part. */
function ridgedGram({ shape, values }: Array64): Array64 {
  const [rows, inputs] = shape as [number, number];
  const gram = zeros64([rows, rows]);
  let trace = 0;
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * inputs, (i + 1) * inputs);
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0, at = j * inputs; k < inputs; k++, at++)
        dot += (row[k] as number) * (values[at] as number);
      gram.values[i * rows + j] = gram.values[j * rows + i] = dot;
      if (i === j) trace += dot;
    }
  }
  for (let i = 0; i < rows; i++) gram.values[i * (rows + 1)]! += (ridge * trace) / rows;
  return gram;
}

/**
 * X of A·X = B, by Cholesky's A = L·Lᵀ.
 *
 * Shapes: A [n,n] symmetric and positive definite, B [n,k] → X [n,k].
 */
function solved(a: Array64, b: Array64): Array64 {
  const [n, k] = b.shape as [number, number];
  const lower = zeros64(a.shape).values;
  const at = (row: number, column: number): number => lower[row * n + column] as number;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = a.values[i * n + j] as number;
      for (let m = 0; m < j; m++) rest -= at(i, m) * at(j, m);
      lower[i * n + j] = i === j ? Math.sqrt(rest) : rest / at(j, j);
    }
  }
  const x = b.values.slice();
  for (let column = 0; column < k; column++) {
    const rest = (i: number, from: number, to: number, factor: (m: number) => number): number => {
      let value = x[i * k + column] as number;
      for (let m = from; m < to; m++) value -= factor(m) * (x[m * k + column] as number);
      return value / at(i, i);
    };
    for (let i = 0; i < n; i++) x[i * k + column] = rest(i, 0, i, (m) => at(i, m));
    for (let i = n - 1; i >= 0; i--) x[i * k + column] = rest(i, i + 1, n, (m) => at(m, i));
  }
  return { ...b, values: x };
}

/** Doubling, then bisection: the label's probability grows with t if its logit grows most. */
function leastScale(logits: Float64Array, moved: Float64Array, label: number): number | undefined {
  const isSure = (scale: number): boolean => {
    const at = fill64([logits.length], (i) => (logits[i] as number) + scale * (moved[i] as number));
    return (softmax64(at).values[label] as number) >= sureFrom;
  };
  if (isSure(0)) return 0;
  let most = 1;
  while (!isSure(most)) {
    most *= 2;
    if (most > mostScale) return undefined;
  }
  let least = 0;
  // 24 halvings give the precision of f32, the type of the weights.
  for (let i = 0; i < 24; i++) {
    const middle = (least + most) / 2;
    if (isSure(middle)) most = middle;
    else least = middle;
  }
  return most;
}
