/**
 * Memory, without a device:
 *   the LRU cache: what goes first, what counts as use
 *   the pool: sizes, the bound, who goes first, what is larger than the bound
 *   tidy: what is freed and what stays, by the form of the result; nested; keep; exceptions; promises; recordings
 *   the symbol of `using`
 */
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../src/engine/buffer_pool.js';
import { LruCache } from '../../src/engine/lru.js';
import { Resource, disposeSymbol } from '../../src/engine/resource.js';
import { keep, outsideTidy, tidy, track } from '../../src/engine/tidy.js';

describe('the LRU cache', () => {
  it('lets go what was used longest ago', () => {
    const cache = new LruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect([...cache]).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
    cache.set('a', 4);
    cache.set('d', 5);
    expect([cache.get('a'), cache.has('c'), cache.size]).toEqual([4, false, 2]);
  });
});

describe('the pool', () => {
  const buffer = (size: number): GPUBuffer => ({ size }) as GPUBuffer;
  function pool(most: number) {
    const dropped: number[] = [];
    return {
      dropped,
      pool: new BufferPool(
        () => most,
        ({ size }) => dropped.push(size),
      ),
    };
  }

  it('gives out what has the size, the last that came first', () => {
    const { pool: it } = pool(100);
    const [one, other] = [buffer(10), buffer(10)];
    it.give(one);
    it.give(other);
    it.give(other);
    expect([it.count(10), it.bytes]).toEqual([2, 20]);
    expect([it.take(20), it.take(10), it.take(10), it.take(10)]).toEqual([undefined, other, one, undefined]);
    expect(it.bytes).toBe(0);
  });

  it('holds no more than its bound', () => {
    const { pool: it, dropped } = pool(25);
    for (const size of [10, 11, 4]) it.give(buffer(size));
    expect(dropped).toEqual([]);
    it.give(buffer(12));
    expect([dropped, it.bytes]).toEqual([[10, 11], 16]);
    it.give(buffer(26));
    expect([dropped, it.bytes]).toEqual([[10, 11, 26], 16]);
    it.clear();
    expect([dropped, it.bytes]).toEqual([[10, 11, 26, 4, 12], 0]);
  });
});

class Made extends Resource {
  isDisposed = false;

  constructor() {
    super();
    track(this);
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

describe('tidy', () => {
  it('frees all but what is returned', () => {
    const before = new Made();
    const made: Made[] = [];
    const make = (): Made => {
      made.push(new Made());
      return made.at(-1)!;
    };
    const result = tidy(() => {
      make();
      return {
        one: make(),
        more: [make(), { deep: new Map([['x', make()]]) }, new Set([make()])],
        before,
        none: null,
      };
    });
    expect(made.map(({ isDisposed }) => isDisposed)).toEqual([true, false, false, false, false]);
    expect([result.one.isDisposed, before.isDisposed]).toEqual([false, false]);
    expect(tidy(() => 3)).toBe(3);
  });

  it('follows a structure that holds itself', () => {
    const result = tidy(() => {
      const loop: { x: Made; self?: object } = { x: new Made() };
      loop.self = loop;
      return loop;
    });
    expect(result.x.isDisposed).toBe(false);
  });

  it('hands what it returns to the tidy around it', () => {
    let inner: Made | undefined;
    const outer = tidy(() => {
      inner = tidy(() => new Made());
      expect(inner.isDisposed).toBe(false);
      return new Made();
    });
    expect([inner!.isDisposed, outer.isDisposed]).toEqual([true, false]);
  });

  it('spares what keep takes out, from all around', () => {
    let kept: Made | undefined;
    tidy(() => tidy(() => void (kept = keep(new Made()))));
    expect(kept!.isDisposed).toBe(false);
    const free = new Made();
    expect(keep(free)).toBe(free);
  });

  it('frees all when the function throws', () => {
    const made: Made[] = [];
    const failing = (): void => {
      made.push(keep(new Made()), new Made());
      throw new RangeError('no');
    };
    expect(() => tidy(failing)).toThrow(RangeError);
    expect(made.map(({ isDisposed }) => isDisposed)).toEqual([false, true]);
    // Nothing of it is left for what comes.
    expect(tidy(() => new Made()).isDisposed).toBe(false);
    expect(new Made().isDisposed).toBe(false);
  });

  it('refuses a function that continues after it returned', async () => {
    let made: Made | undefined;
    const work = async (): Promise<void> => {
      made = new Made();
      await Promise.resolve();
      throw new Error('ignored');
    };
    expect(() => tidy(work)).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: tidy: the function returned a promise, expected tensors: tidy frees what was made as soon as the function returns. Await outside of it, and in asynchronous code write \`using\` or call dispose().]`,
    );
    expect(made!.isDisposed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve));
  });

  it('leaves alone what is made for later', () => {
    const made: Made[] = [];
    tidy(() => {
      outsideTidy(() => {
        made.push(new Made());
        tidy(() => made.push(new Made()));
      });
    });
    expect(made.map(({ isDisposed }) => isDisposed)).toEqual([false, false]);
  });
});

it('the symbol of `using` disposes', () => {
  const made = new Made();
  made[Symbol.dispose]();
  expect(made.isDisposed).toBe(true);
  expect(disposeSymbol).toBe(Symbol.dispose);
  let inside: Made | undefined;
  {
    using one = new Made();
    inside = one;
    expect(one.isDisposed).toBe(false);
  }
  expect(inside.isDisposed).toBe(true);
});
