/** Weights of small filters. Independent of the engine, so that forms and URLs can be checked with them. */
import { type Rule, check, count, finite, list } from '../options.js';

/** Weights of the named filters, 3×3 row by row. */
export const filterKernels = {
  /** (1/16)·[1 2 1; 2 4 2; 1 2 1] */
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map((weight) => weight / 16),
  /** [0 −1 0; −1 5 −1; 0 −1 0] */
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
} as const;

const kernelRule = (): Rule => list('9 (3×3) or 25 (5×5) finite numbers', finite, 9, 25);

/** Throws: UsageError unless the kernel is 9 or 25 finite f32 numbers and iterations a positive integer. */
export function checkFilter(who: string, kernel: readonly number[], iterations: number): void {
  check(who, 'kernel', kernel, kernelRule());
  check(who, 'iterations', iterations, count);
}
