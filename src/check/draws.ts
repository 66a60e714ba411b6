/** Random operands, the same in every run. */
import { type Shape, sizeOf } from '../engine/primitive.js';
import { stateSize, stateWords } from '../kernels/step_state.js';
import { pcg4d, streams, uniform } from '../random.js';
import { type Array64, fill64 } from '../reference/array64.js';

/** Numbers in [0, 1) with 24 bits, in the order drawn. */
export type Random = () => number;

export function randomFrom(seed: number, index: number): Random {
  let count = 0;
  return () => uniform(pcg4d(seed, streams.test, index, count++)[0]);
}

/** An integer from `least` to `most`. */
export function wholeNumber(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function oneOf<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] as T;
}

export type Shapes<K extends string> = Readonly<Record<K, Shape>>;

/** How to draw an operand; the shapes of all operands of the case limit its indices. */
export type Draw = (random: Random, shape: Shape, all: Shapes<string>) => Array64;

/** Uniform in [−1, 1): sums stay small, and signs cancel as in a network. */
export const drawSigned = (random: Random, shape: Shape): Array64 => fill64(shape, () => 2 * random() - 1);

/** Uniform in [0.5, 2): for roots, logarithms and divisors. */
export const drawPositive = (random: Random, shape: Shape): Array64 =>
  fill64(shape, () => Math.fround(0.5 + 1.5 * random()));

/** Uniform in ±[0.1, 1.1), so that no step of a finite difference crosses a kink at 0. */
export const drawAwayFromZero = (random: Random, shape: Shape): Array64 =>
  fill64(shape, () => {
    const signed = 2 * random() - 1;
    return Math.fround(signed + Math.sign(signed + 1e-9) * 0.1);
  });

/** All different by at least 2⁻⁸, in random order, so that no step of a finite difference changes which is largest. */
export const drawDistinct = (random: Random, shape: Shape): Array64 => {
  const size = sizeOf(shape);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = wholeNumber(random, 0, i);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return fill64(shape, (index) => ((order[index] as number) - size / 2) / 256);
};

/** Few different values, so that most elements tie. */
export const drawTies = (random: Random, shape: Shape): Array64 =>
  fill64(shape, () => wholeNumber(random, -1, 1));

/** A step state; omitted words are 0. */
export function stateOf(words: Partial<Readonly<Record<keyof typeof stateWords, number>>>): Array64 {
  const values = new Float64Array(stateSize);
  for (const [name, value] of Object.entries(words))
    values[stateWords[name as keyof typeof stateWords]] = value;
  return { shape: [stateSize], dtype: 'u32', values };
}

/** The state of a step whose batch is full. */
export const wholeBatchState = (words: { readonly seed: number; readonly step: number }): Array64 =>
  stateOf({ ...words, epochSize: 0xffffffff });
