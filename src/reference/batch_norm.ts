/**
 * batch_norm in float64. Letters: x as rows of C channels (the last axis), m the rows that count, μ and v mean and
 * variance of a channel over them, σ = √(v + ε), x̂ = (x − μ)/σ.
 */
import { sizeOf } from '../engine/primitive.js';
import { stateWords } from '../state_words.js';
import { type Array64, type Arrays, fill64, map64 } from './array64.js';
import { type BatchNormAttributes, batchNormInference64 } from './batch_norm_inference.js';
import type { Reference } from './reference.js';

type Input = 'x' | 'gamma' | 'beta' | 'state';
type Output = 'y' | 'mean' | 'variance';

/** Rows that count: those of samples before the end of the epoch. */
export function rowsOf(x: Array64, state: Array64): number {
  const N = x.shape[0] as number;
  const left = (state.values[stateWords.epochSize] as number) - (state.values[stateWords.cursor] as number);
  return (Math.min(N, left) * sizeOf(x.shape)) / (N * (x.shape.at(-1) as number));
}

/** Σ over the rows that count, per channel. */
export function overRows(
  x: Array64,
  rows: number,
  term: (index: number, channel: number) => number,
): Array64 {
  const C = x.shape.at(-1) as number;
  return fill64([C], (c) => {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += term(r * C + c, c);
    return sum;
  });
}

const at = ({ values }: Array64, index: number): number => values[index] as number;

/** μ = Σ x / m;  v = Σ (x − μ)² / m */
export function batchStatistics64(x: Array64, state: Array64): { mean: Array64; variance: Array64 } {
  const m = rowsOf(x, state);
  const mean = map64(
    overRows(x, m, (i) => at(x, i)),
    (sum) => sum / m,
  );
  const variance = map64(
    overRows(x, m, (i, c) => (at(x, i) - at(mean, c)) ** 2),
    (sum) => sum / m,
  );
  return { mean, variance };
}

export function batchNorm64(
  { x, gamma, beta, state }: Arrays<Input>,
  attributes: BatchNormAttributes,
): Arrays<Output> {
  const statistics = batchStatistics64(x, state);
  return { y: batchNormInference64({ x, gamma, beta, ...statistics }, attributes), ...statistics };
}

/** dβ = Σ dy;  dγ = Σ dy·x̂;  dx = γ/σ · (dy − dβ/m − x̂·dγ/m) in the rows that count, else 0. */
function batchNormBackward64(
  { x, gamma, state }: Pick<Arrays<Input>, 'x' | 'gamma' | 'state'>,
  dy: Array64,
  { epsilon }: BatchNormAttributes,
): Record<'x' | 'gamma' | 'beta', Array64> {
  const C = x.shape.at(-1) as number;
  const m = rowsOf(x, state);
  const { mean, variance } = batchStatistics64(x, state);
  const sigma = map64(variance, (v) => Math.sqrt(v + epsilon));
  const normalised = map64(x, (value, i) => (value - at(mean, i % C)) / at(sigma, i % C));
  const dbeta = overRows(x, m, (i) => at(dy, i));
  const dgamma = overRows(x, m, (i) => at(dy, i) * at(normalised, i));
  const dx = map64(x, (_, i) => {
    const c = i % C;
    if (Math.floor(i / C) >= m) return 0;
    return (
      (at(gamma, c) / at(sigma, c)) * (at(dy, i) - at(dbeta, c) / m - (at(normalised, i) * at(dgamma, c)) / m)
    );
  });
  return { x: dx, gamma: dgamma, beta: dbeta };
}

export const batchNormReference: Reference<Input, Output, BatchNormAttributes> = {
  op: 'batch_norm',
  forward: (inputs, attributes) => batchNorm64(inputs, attributes),
  backward: (inputs, { y: dy }, attributes) => batchNormBackward64(inputs, dy, attributes),
};
