/** The numbers of small filters. Needs nothing of the engine, so that forms and addresses can be checked, too. */
import { UsageError } from '../errors.js';

/** Weights of the filters that have names, 3×3 row by row. */
export const filterKernels = {
  /** (1/16)·[1 2 1; 2 4 2; 1 2 1] */
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map((weight) => weight / 16),
  /** [0 −1 0; −1 5 −1; 0 −1 0] */
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
} as const;

/** Throws: UsageError unless the kernel is 9 or 25 numbers of an f32 and iterations a whole number from 1 on. */
export function checkFilter(who: string, kernel: readonly number[], iterations: number): void {
  const isSquare = kernel.length === 9 || kernel.length === 25;
  if (!isSquare || !kernel.every((weight) => Number.isFinite(Math.fround(weight))))
    throw new UsageError(
      `${who}: the kernel is [${kernel.join(',')}], expected 9 (3×3) or 25 (5×5) numbers.`,
    );
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new UsageError(`${who}: iterations is ${iterations}, expected a whole number from 1 on.`);
}
