/** Axes and lists with one entry per axis, for ops that rearrange elements. */
import { ShapeError } from '../errors.js';
import { type Shape, type Spec, describe, sizeOf } from '../engine/primitive.js';
import { type Rule, list, rule } from '../options.js';

export const integerRule = (): Rule => rule('an integer', Number.isSafeInteger);
export const integersRule = (): Rule => list('a list of integers', integerRule());

/** The axis counted from the first one. Throws: ShapeError if x has no such axis. */
export function axisOf(who: string, x: Spec, axis: number): number {
  const rank = x.shape.length;
  if (axis < -rank || axis >= rank)
    throw new ShapeError(`${who}: axis ${axis} is not one of the ${rank} axes of x ${describe(x)}.`);
  return axis < 0 ? axis + rank : axis;
}

/** The most axes that the kernels with a constant per axis take. */
export const mostAxes = 4;

/** A constant of a shader with one number per axis; missing axes lead. */
export function perAxis(type: 'vec4u' | 'vec4i', values: readonly number[], missing: number): string {
  const lead = Array.from({ length: mostAxes - values.length }, () => missing);
  return `${type}(${[...lead, ...values].join(', ')})`;
}

/** The extents before an axis, of it, and after it, as one each. */
export function aroundAxis(shape: Shape, axis: number): [before: number, extent: number, after: number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis] as number, sizeOf(shape.slice(axis + 1))];
}
