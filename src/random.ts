/**
 * Counter-based random numbers, the same on the host and in every shader.
 *
 * The generator has no state: a number is a hash of (seed, stream, epoch, index), so any number can be recomputed in
 * any order on any device. This makes a resumed run equal to an uninterrupted one. Shaders compute the same pcg4d;
 * the host uses this file for shuffles, splits and initial weights.
 *
 * Source: Jarzynski & Olano 2020, Hash Functions for GPU Rendering, JCGT 9(3), listing 8 (pcg4d).
 */

/** Four unsigned 32-bit words. */
export type Words = readonly [x: number, y: number, z: number, w: number];

/**
 * Purposes of random numbers. Two purposes with the same seed must not share numbers, so each has a stream. The
 * values are part of the run format (changing one changes every resumed run) and are never reused.
 * They stay below 256: bits 8–23 are the layer's (see `layerStream`), bits 24–31 count repeated draws.
 */
export const streams = {
  /** Assigns images to the parts of a split. */
  split: 1,
  /** Chooses the images of a limited set. */
  take: 2,
  /** The order of the images in an epoch. */
  shuffle: 3,
  /** Initial weights. */
  initialise: 4,
  dropout: 5,
  /** Rotation, shift, zoom, flips. */
  augment: 6,
  /** Where and how large an erased rectangle is. */
  erase: 7,
  /** Noise on the inputs. */
  noise: 8,
  /** Chooses the images of a grid in a report. */
  show: 9,
  /** Inputs of tests, gradient checks and benchmarks. */
  test: 10,
  /** Assigns images to folds of a cross-validation. */
  fold: 11,
  /** Noise of layers. */
  gaussian: 12,
  /** Which samples are mixed, and by which shares. */
  mix: 13,
  /** Layers that change images in training. */
  randomImages: 14,
} as const;

/**
 * The stream of one layer (or weight) among many with the same purpose.
 *
 *   stream = purpose + 256 · layer        (layer < 65,536)
 */
export function layerStream(purpose: number, layer: number): number {
  return (purpose | (layer << 8)) >>> 0;
}

/**
 * Hashes four words to four words, each output depending on every input.
 *
 * All arithmetic is modulo 2^32; arguments are taken modulo 2^32 too. By convention the arguments are
 * (seed, stream, epoch or step, sample or element).
 */
export function pcg4d(a: number, b: number, c: number, d: number): Words {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  let w = (Math.imul(d, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/**
 * A word as a number in [0, 1).
 *
 *   u = ⌊bits / 2^8⌋ · 2^−24        24 bits, so that f32 holds it exactly and never rounds up to 1
 */
export function uniform(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}

/**
 * An integer in [0, bound), each equally likely. Skips words at or above the largest multiple of `bound`, which
 * would favour small results.
 *
 * Domain: 1 ≤ bound ≤ 2^32.
 */
export function boundedDraw(
  bound: number,
  seed: number,
  stream: number,
  epoch: number,
  index: number,
): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
    throw new RangeError(`boundedDraw: bound must be an integer from 1 to 2^32, not ${bound}.`);
  }
  const limit = 2 ** 32 - (2 ** 32 % bound);
  // Four words per round, each skipped with probability below one half, so rounds are few.
  for (let round = 0; ; round++) {
    for (const word of pcg4d(seed, stream | (round << 24), epoch, index)) {
      if (word < limit) return word % bound;
    }
  }
}

/**
 * The numbers 0 … count−1 in random order (Fisher–Yates from the end, every order equally likely).
 *
 *   for i = count−1 … 1:  swap p[i] with p[j],  j = boundedDraw(i+1; seed, stream, epoch, i)
 */
export function permutation(count: number, seed: number, stream: number, epoch = 0): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = boundedDraw(i + 1, seed, stream, epoch, i);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
