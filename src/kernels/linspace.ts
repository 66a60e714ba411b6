/** Numbers at equal distances. */
import { type Op, apply } from '../engine/op.js';
import type { Primitive } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { count as countRule, finite } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';

export type LinspaceAttributes = { readonly start: number; readonly step: number; readonly count: number };

export const linspaceForward: Primitive<never, 'y', LinspaceAttributes> = {
  ...elementwisePrimitive<never, LinspaceAttributes>('linspace/forward', [], {
    expression: (_, { start, step }, index, scalar) => `${scalar(start)} + f32(${index}) * ${scalar(step)}`,
  }),
  scalars: ['start', 'step'],
  shape: (_, { count }) => ({ y: [count] }),
};

export const linspaceOp: Op<never, 'y', LinspaceAttributes> = {
  name: 'linspace',
  primitives: [linspaceForward],
  scalars: ['start', 'step'],
  forward: (_, attributes) => runPrimitive(linspaceForward, {}, attributes),
  backward: () => ({}),
};

/**
 * Numbers at equal distances, both ends among them.
 *
 *   y[i] = start + i · (stop − start) / (count − 1)
 *
 * Shape: [count]. Throws: UsageError for numbers that are not finite, or a count that is not a positive integer.
 */
export function linspace(start: number, stop: number, count: number): Tensor {
  checkArgument('linspace', 'start', start, () => finite);
  checkArgument('linspace', 'stop', stop, () => finite);
  checkArgument('linspace', 'count', count, () => countRule);
  return apply(linspaceOp, {}, { start, step: (stop - start) / Math.max(1, count - 1), count }).y;
}
