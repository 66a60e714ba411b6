/**
 * terminateOnNaN: every kind of f32 by its bits; stops once, with Keras's message; used again
 * warnOnDivergence: five batches in a row beyond ten times ln 10, one beyond a thousand times, by hand; leaps; no number; once, over a resume too
 * learningRateScheduler: epochs and rates it is given; the message; a resumed epoch; what it refuses
 */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { learningRateScheduler, terminateOnNaN, warnOnDivergence } from '../../src/nn/callbacks/index.js';
import { isNotFinite } from '../../src/nn/callbacks/terminate_on_nan.js';
import { keep, play, series } from './fake_training.js';

describe('terminateOnNaN', () => {
  it.each([
    ['quiet NaN', 0x7fc00000, true],
    ['negative quiet NaN', 0xffc00000, true],
    ['signalling NaN with the smallest payload', 0x7f800001, true],
    ['NaN with every bit', 0xffffffff, true],
    ['+∞', 0x7f800000, true],
    ['−∞', 0xff800000, true],
    ['the largest f32', 0x7f7fffff, false],
    ['the most negative f32', 0xff7fffff, false],
    ['0', 0, false],
    ['−0', 0x80000000, false],
    ['1', 0x3f800000, false],
    ['the smallest subnormal', 1, false],
  ])('%s', (_, bits, expected) => expect(isNotFinite(bits)).toBe(expected));

  it('stops after the batch, and says so once', async () => {
    const said: string[] = [];
    const callback = terminateOnNaN({ say: (text) => said.push(text) });
    const batches = series('loss', Array<number>(8).fill(1));
    const lossBits = (step: number) => (step >= 5 ? 0x7fc00000 : 0x3f800000);
    const { epochs } = await play(callback, series('loss', [1, 1, 1]), { batches, lossBits });
    expect(epochs).toBe(1);
    expect(said).toEqual(['Batch 5: Invalid loss, terminating training']);
    await play(callback, series('loss', [1]), { batches, lossBits });
    expect(said.length).toBe(2);
  });

  it('lets a finite loss pass', async () => {
    const callback = terminateOnNaN({ say: () => expect.unreachable() });
    const batches = series('loss', [1, 2]);
    expect((await play(callback, series('loss', [1, 1]), { batches, lossBits: () => 1 })).epochs).toBe(2);
  });
});

describe('warnOnDivergence', () => {
  /** The raw bits of a batch of four whose mean loss this is. */
  const bitsOf = (mean: number): number => new Uint32Array(Float32Array.of(4 * mean).buffer)[0]!;

  async function saidOf(losses: readonly number[], options: { kept?: ReturnType<typeof keep> } = {}) {
    const said: string[] = [];
    const callback = warnOnDivergence({ say: (text) => said.push(text) });
    const batches = series('loss', losses);
    const lossBits = (step: number): number => bitsOf(losses[step]!);
    const { epochs } = await play(callback, series('loss', [1]), { batches, lossBits, ...options });
    expect(epochs, 'it ends nothing').toBe(1);
    return { said, kept: keep(callback) };
  }

  it('says once that the loss is far beyond guessing, ln 10 = 2.303', async () => {
    const { said } = await saidOf([2.3, 23.1, 23.1, 23.1, 23.1, 1250, 1e30, 1e30]);
    expect(said).toEqual([
      'The loss has diverged to 1.25e+3 at step 6, where guessing gives 2.30: the learning rate is too large.',
    ]);
  });

  it('lets leaps pass, and large losses that are no larger than ten times that', async () => {
    expect((await saidOf([2.3, 2302, 80, 40, 30, 2.3, 500])).said).toEqual([]);
    expect((await saidOf(Array<number>(50).fill(23.02))).said).toEqual([]);
  });

  it('says at once that the loss is a thousand times that of guessing', async () => {
    const { said } = await saidOf([2.3, 2303, 2]);
    expect(said).toEqual([expect.stringContaining('to 2.30e+3 at step 2, where')]);
  });

  it.each([
    [NaN, 'NaN'],
    [Infinity, 'infinite'],
  ])('says once when the loss is %s', async (bad, what) => {
    expect((await saidOf([2.3, bad, bad])).said).toEqual([
      `The loss has been ${what} since step 2: the learning rate is too large.`,
    ]);
  });

  it('does not repeat itself when it is resumed', async () => {
    const { kept } = await saidOf([90, 90, 90, 90, 90]);
    expect((await saidOf([90, 90, 90, 90, 90], { kept })).said).toEqual([]);
    expect((await saidOf([NaN], { kept })).said).toHaveLength(1);
  });
});

describe('learningRateScheduler', () => {
  it('sets the rate of each epoch from the one before', async () => {
    const said: string[] = [];
    const asked: [number, number][] = [];
    const rateFor = (epoch: number, rate: number): number => {
      asked.push([epoch, rate]);
      return epoch < 2 ? rate : rate / 10;
    };
    const callback = learningRateScheduler(rateFor, { say: (text) => said.push(text) });
    const { rates } = await play(callback, series('loss', [1, 1, 1, 1]), { rate: 1e-3 });
    expect(rates).toEqual([1e-3, 1e-3, 1e-4, 1e-5]);
    expect(asked).toEqual([
      [0, 1e-3],
      [1, 1e-3],
      [2, 1e-3],
      [3, 1e-4],
    ]);
    expect(said[3]).toBe('Epoch 4: LearningRateScheduler setting learning rate to 1e-05.');
  });

  it('does not ask again for an epoch that is resumed', async () => {
    const half = (_: number, rate: number): number => rate / 2;
    const first = learningRateScheduler(half);
    const part = await play(first, series('loss', [1, 1]));
    expect(part.rates).toEqual([0.5, 0.25]);
    const rest = await play(learningRateScheduler(half), series('loss', [1, 1]), {
      rate: 0.25,
      firstEpoch: 1,
      kept: keep(first),
    });
    expect(rest.rates).toEqual([0.25, 0.125]);
  });

  it('refuses rates that are none, and a schedule', async () => {
    for (const rate of [Number.NaN, Infinity, '1' as unknown as number])
      await expect(
        play(
          learningRateScheduler(() => rate),
          series('loss', [1]),
        ),
      ).rejects.toThrow(UsageError);
    await expect(
      play(
        learningRateScheduler(() => Number.NaN),
        series('loss', [1]),
      ),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: learningRateScheduler: the rate of epoch 0 is NaN, expected a non-negative number.]`,
    );
    await expect(
      play(
        learningRateScheduler(() => 1),
        series('loss', [1]),
        { rate: () => 1 },
      ),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: learningRateScheduler: the learning rate is a schedule already, expected a number.]`,
    );
  });
});
