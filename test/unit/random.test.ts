/**
 * Plan: pcg4d against values computed outside JavaScript and against the published formula in BigInt;
 * uniform's range and exactness; bounded draws unbiased, also where half of the words are skipped;
 * permutations are permutations, differ by seed, stream and epoch, are pinned, and give every order equally often;
 * no visible correlation between neighbouring counters.
 */
import { describe, it, expect } from 'vitest';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { boundedDraw, layerStream, pcg4d, permutation, streams, uniform } from '../../src/random.js';

/** The formula as published, in arithmetic that cannot overflow. */
function pcg4dInBigInt(...counter: number[]): number[] {
  const wrap = (value: bigint) => value & 0xffffffffn;
  let [x, y, z, w] = counter.map((word) => wrap(BigInt(word) * 1664525n + 1013904223n)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const mix = () => {
    x = wrap(x + y * w);
    y = wrap(y + z * x);
    z = wrap(z + x * y);
    w = wrap(w + y * z);
  };
  mix();
  x ^= x >> 16n;
  y ^= y >> 16n;
  z ^= z >> 16n;
  w ^= w >> 16n;
  mix();
  return [x, y, z, w].map(Number);
}

const word = fc.integer({ min: 0, max: 0xffffffff });

describe('pcg4d', () => {
  // Computed with Python's integers.
  it.each([
    [
      [0, 0, 0, 0],
      [0x0f02f829, 0x2d568769, 0x32b0c43b, 0xd32548ea],
    ],
    [
      [1, 2, 3, 4],
      [0x3622cd16, 0xf11471d8, 0xe1109b3f, 0x02b94c2f],
    ],
    [
      [42, 3, 0, 0],
      [0x97010fe1, 0xef4f332b, 0xfd13120f, 0x01e1ef49],
    ],
    [
      [42, 3, 0, 1],
      [0xac9a8d7a, 0x4aff9628, 0xaab09c4b, 0x325b1ab1],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x974ed892, 0xc015dc67, 0x9f955760, 0xa1bba208],
    ],
    [
      [0xdeadbeef, 5, 7, 123456789],
      [0x1772d379, 0x45f3ec20, 0xf66552fe, 0x54904b11],
    ],
  ] as [[number, number, number, number], number[]][])('of %j', (counter, expected) => {
    expect(pcg4d(...counter)).toEqual(expected);
  });

  it('equals the published formula for any counter', () => {
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        expect(pcg4d(a, b, c, d)).toEqual(pcg4dInBigInt(a, b, c, d));
      }),
    );
  });

  it('shows no correlation between neighbouring samples, epochs, streams or words', () => {
    const count = 20_000;
    // The correlation of independent uniforms has deviation 1/√count; 4.5 of those is one false alarm in 10^5.
    const limit = 4.5 / Math.sqrt(count);
    const draw = (da: number, dc: number, di: number, k: number) =>
      Array.from(
        { length: count },
        (_, i) => uniform(pcg4d(42, streams.dropout + da, 1 + dc, i + di)[k]!) - 0.5,
      );
    const base = draw(0, 0, 0, 0);
    const others = {
      sample: draw(0, 0, 1, 0),
      epoch: draw(0, 1, 0, 0),
      stream: draw(1, 0, 0, 0),
      word: draw(0, 0, 0, 1),
    };
    const mean = base.reduce((sum, value) => sum + value, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(limit / Math.sqrt(12));
    for (const [name, other] of Object.entries(others)) {
      const correlation = (base.reduce((sum, value, i) => sum + value * other[i]!, 0) / count) * 12;
      expect(Math.abs(correlation), name).toBeLessThan(limit);
    }
  });
});

describe('uniform', () => {
  it('is at least 0, below 1, and exact in f32', () => {
    expect(uniform(0)).toBe(0);
    expect(uniform(255)).toBe(0);
    expect(uniform(256)).toBe(2 ** -24);
    expect(uniform(0x80000000)).toBe(0.5);
    expect(uniform(0xffffffff)).toBe(1 - 2 ** -24);
    expect(Math.fround(uniform(0xffffffff))).toBe(uniform(0xffffffff));
  });
});

describe('boundedDraw', () => {
  it('skips words, also past the first four, when the bound is just above a half of 2^32', () => {
    // Computed with Python's integers.
    const drawn = Array.from({ length: 8 }, (_, i) => boundedDraw(2 ** 31 + 1, 1, streams.test, 0, i));
    expect(drawn).toEqual([
      51214712, 1721962802, 348030445, 52557414, 2000476609, 1242226588, 170804939, 1371025885,
    ]);
  });

  it('reaches both ends', () => {
    expect(boundedDraw(1, 7, 1, 0, 0)).toBe(0);
    expect(boundedDraw(2 ** 32, 7, 1, 0, 5)).toBe(pcg4d(7, 1, 0, 5)[0]);
    const seen = new Set(Array.from({ length: 200 }, (_, i) => boundedDraw(3, 7, 1, 0, i)));
    expect(seen).toEqual(new Set([0, 1, 2]));
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, NaN])('refuses the bound %d', (bound) => {
    expect(() => boundedDraw(bound, 0, 0, 0, 0)).toThrow(RangeError);
  });
});

describe('permutation', () => {
  it('is pinned: changing it changes every resumed run', () => {
    // Computed with Python's integers.
    expect([...permutation(12, 42, streams.shuffle, 0)]).toEqual([1, 10, 5, 4, 8, 3, 2, 7, 0, 6, 11, 9]);
    expect([...permutation(12, 42, streams.shuffle, 1)]).toEqual([1, 7, 6, 10, 0, 5, 11, 2, 3, 4, 8, 9]);
    const whole = permutation(60_000, 42, streams.shuffle, 7);
    expect(createHash('sha256').update(new Uint8Array(whole.buffer)).digest('hex')).toBe(
      'bb1ad982fe55d2e608285ed20c0c1133e035291a53f8af41c035539164fa49ad',
    );
  });

  it('holds every number once, for any size and key', () => {
    fc.assert(
      fc.property(fc.nat(300), word, fc.nat(255), fc.nat(1000), (count, seed, stream, epoch) => {
        const sorted = [...permutation(count, seed, stream, epoch)].sort((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('depends on seed, stream and epoch', () => {
    const of = (seed: number, stream: number, epoch: number) => permutation(50, seed, stream, epoch).join();
    const orders = [of(1, 3, 0), of(2, 3, 0), of(1, 4, 0), of(1, 3, 1)];
    expect(new Set(orders).size).toBe(4);
    expect(of(1, 3, 0)).toBe(orders[0]);
  });

  it('gives each of the 24 orders of four equally often', () => {
    const tries = 24_000;
    const counts = new Map<string, number>();
    for (let seed = 0; seed < tries; seed++) {
      const order = permutation(4, seed, streams.shuffle).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - tries / 24) ** 2 / (tries / 24), 0);
    // 23 degrees of freedom: 58 is passed by one fair generator in 10,000.
    expect(chiSquare).toBeLessThan(58);
  });
});

describe('streams', () => {
  it('are distinct and leave room for the layer', () => {
    const values = Object.values(streams);
    expect(new Set(values).size).toBe(values.length);
    expect(Math.max(...values)).toBeLessThan(256);
    expect(layerStream(streams.dropout, 0)).toBe(streams.dropout);
    expect(layerStream(streams.dropout, 3)).toBe(streams.dropout + 768);
  });
});
