/** Tensors on the host, in float64. */
import { type DType, type Shape, type Spec, sizeOf } from '../engine/primitive.js';

export interface Array64 extends Spec {
  readonly values: Float64Array;
}

/** Tensors by the names of operands or results. */
export type Arrays<K extends string> = Readonly<Record<K, Array64>>;

export function array64(shape: Shape, values: ArrayLike<number>, dtype: DType = 'f32'): Array64 {
  return { shape, dtype, values: Float64Array.from(values) };
}

export function zeros64(shape: Shape): Array64 {
  return { shape, dtype: 'f32', values: new Float64Array(sizeOf(shape)) };
}

/** Fills a tensor from a function of its flat index. */
export function fill64(shape: Shape, value: (index: number) => number, dtype: DType = 'f32'): Array64 {
  return { shape, dtype, values: Float64Array.from({ length: sizeOf(shape) }, (_, index) => value(index)) };
}

export function map64(x: Array64, fn: (value: number, index: number) => number): Array64 {
  return { shape: x.shape, dtype: x.dtype, values: x.values.map(fn) };
}

/** Whether `value` replaces the maximum so far: it is larger, or the first NaN. */
export function exceeds64(value: number, largest: number): boolean {
  return (value > largest || Number.isNaN(value)) && !Number.isNaN(largest);
}

/** The index along each axis of the element at a flat index. */
export function indicesOf(shape: Shape, flat: number): number[] {
  const indices: number[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] as number;
    indices[axis] = rest % extent;
    rest = Math.floor(rest / extent);
  }
  return indices;
}

/** The flat index of the element with these indices. */
export function flatOf(shape: Shape, indices: readonly number[]): number {
  return indices.reduce((flat, index, axis) => flat * (shape[axis] as number) + index, 0);
}
