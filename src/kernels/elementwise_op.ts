/**
 * Element-wise ops, each made from one line of WGSL and the gradients of its operands.
 * Letters: a, b, x the operands, y the result, dy its gradient.
 */
import { UsageError } from '../errors.js';
import type { Op } from '../engine/op.js';
import type { NoAttributes, Primitive } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { mapRecord } from '../engine/trace.js';
import { shown } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';
import { sumTo } from './sum.js';

type BinaryInputs = 'a' | 'b';

interface Binary {
  /** Shader files with functions that the expression calls. */
  readonly helpers?: readonly string[];
  readonly expression: (a: string, b: string) => string;
  /** The gradients, in the shape of y; null where they are 0. */
  readonly da: ((at: Operands) => Tensor) | null;
  readonly db: ((at: Operands) => Tensor) | null;
}

interface Operands {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
  readonly dy: Tensor;
}

/** An op on two tensors that broadcast; gradients of broadcast operands are summed over the broadcast axes. */
/* @__NO_SIDE_EFFECTS__ */
export function binary(
  name: string,
  { helpers = [], expression, da, db }: Binary,
): Op<BinaryInputs, 'y', NoAttributes> {
  const forward = elementwisePrimitive(`${name}/forward`, ['a', 'b'], {
    helpers,
    expression: ({ a, b }) => expression(a, b),
  });
  return {
    name,
    primitives: [forward],
    forward: (inputs) => runPrimitive(forward, inputs, {}),
    backward: ({ inputs: { a, b }, outputs: { y }, gradients }) => {
      const at: Operands = { a, b, y, dy: gradients.y as Tensor };
      return { a: da && (() => sumTo(da(at), a.shape)), b: db && (() => sumTo(db(at), b.shape)) };
    },
  };
}

interface Unary {
  readonly helpers?: readonly string[];
  readonly expression: (x: string) => string;
  /** null where it is 0. */
  readonly dx: ((at: { readonly x: Tensor; readonly y: Tensor; readonly dy: Tensor }) => Tensor) | null;
}

/** An op on one tensor. */
/* @__NO_SIDE_EFFECTS__ */
export function unary(name: string, { helpers = [], expression, dx }: Unary): Op<'x', 'y', NoAttributes> {
  return withNumbers<NoAttributes>(name, { scalars: [], helpers, expression, dx });
}

export type Numbers = Readonly<Record<string, number>>;

/** The numbers of a call as the WGSL that reads them. */
export type Texts<A> = Readonly<Record<keyof A & string, string>>;

interface WithNumbers<A extends Numbers> {
  readonly scalars: readonly (string & keyof A)[];
  readonly helpers?: readonly string[];
  readonly expression: (x: string, numbers: Texts<A>) => string;
  readonly dx:
    ((at: { readonly x: Tensor; readonly y: Tensor; readonly dy: Tensor }, numbers: A) => Tensor) | null;
}

/** An op on one tensor and numbers. */
/* @__NO_SIDE_EFFECTS__ */
export function withNumbers<A extends Numbers>(
  name: string,
  { scalars, helpers = [], expression, dx }: WithNumbers<A>,
): Op<'x', 'y', A> {
  const forward: Primitive<'x', 'y', A> = {
    ...elementwisePrimitive<'x', A>(`${name}/forward`, ['x'], {
      helpers,
      expression: ({ x }, numbers, _, scalar) => expression(x, textsOf(numbers, scalar)),
    }),
    scalars,
  };
  return {
    name,
    primitives: [forward],
    scalars,
    forward: (inputs, numbers) => runPrimitive(forward, inputs, numbers),
    backward: ({ inputs: { x }, outputs: { y }, attributes, gradients }) => ({
      x: dx && (() => dx({ x, y, dy: gradients.y as Tensor }, attributes)),
    }),
  };
}

export function textsOf<A extends Numbers>(numbers: A, scalar: (value: number) => string): Texts<A> {
  return mapRecord<keyof A & string, number, string>(numbers, scalar);
}

/** Throws: UsageError for a number that is not finite in f32. */
export function checkFinite(who: string, value: number): number {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    throw new UsageError(`${who}: ${shown(value)} is not a finite f32, expected a number within ±3.4e38.`);
  return value;
}
