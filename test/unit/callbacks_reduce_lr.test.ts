/**
 * reduceLrOnPlateau, epochs worked by hand against keras/src/callbacks/reduce_lr_on_plateau.py:
 *   patience, also 0 and the reset after a reduction; factor; minLr reached and passed
 *   minDelta at and around its edge, both modes; mode auto by "acc" in the name; an unknown mode
 *   cooldown: epochs that do not count, an improvement in it
 *   NaN never improves, not even as the first value; a missing metric warns once
 *   the message; used again; resumed; wrong use
 */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { reduceLrOnPlateau } from '../../src/nn/callbacks/index.js';
import type { ReduceLrOnPlateauOptions } from '../../src/nn/callbacks/reduce_lr_on_plateau.js';
import { keep, play, series } from './fake_training.js';

/** The rate in each epoch, beginning with 1. */
async function rates(
  values: readonly number[],
  options: ReduceLrOnPlateauOptions = {},
  monitor = 'val_loss',
): Promise<unknown[]> {
  const callback = reduceLrOnPlateau({ monitor, factor: 0.5, ...options });
  return (await play(callback, series(monitor, values))).rates;
}

describe('reduceLrOnPlateau', () => {
  it('has the defaults of Keras', async () => {
    // Ten epochs without improvement by more than 1e-4: lowered to a tenth after the eleventh.
    const callback = reduceLrOnPlateau();
    const { rates } = await play(callback, series('val_loss', [1, ...Array<number>(11).fill(0.99995)]));
    expect(rates).toEqual([...Array<number>(11).fill(1), 0.1]);
  });

  it('waits for patience epochs, then starts waiting again', async () => {
    // best 3 after epoch 1; epochs 2 and 3 do not improve: halved; so again after 4 and 5.
    expect(await rates([3, 3, 3, 3, 3, 3], { patience: 2 })).toEqual([1, 1, 1, 0.5, 0.5, 0.25]);
  });

  it('with patience 0 or 1 lowers after every epoch without improvement', async () => {
    for (const patience of [0, 1]) expect(await rates([3, 4, 2, 2], { patience })).toEqual([1, 1, 0.5, 0.5]);
  });

  it('starts waiting again after an improvement', async () => {
    expect(await rates([3, 3, 2, 2, 2, 2], { patience: 2 })).toEqual([1, 1, 1, 1, 1, 0.5]);
  });

  it('counts an improvement only beyond minDelta, not at it', async () => {
    // 0.75 is 0.25 below 1, no more; 0.5 is more.
    expect(await rates([1, 0.75, 1], { patience: 1, minDelta: 0.25 })).toEqual([1, 1, 0.5]);
    expect(await rates([1, 0.5, 1], { patience: 1, minDelta: 0.25 })).toEqual([1, 1, 1]);
    expect(await rates([1, 1.25, 1], { patience: 1, minDelta: 0.25, mode: 'max' })).toEqual([1, 1, 0.5]);
    expect(await rates([1, 1.5, 1], { patience: 1, minDelta: 0.25, mode: 'max' })).toEqual([1, 1, 1]);
  });

  it('improves upwards for names with "acc" and downwards for others', async () => {
    const falling = [3, 2, 1];
    expect(await rates(falling, { patience: 1 }, 'val_accuracy')).toEqual([1, 1, 0.5]);
    expect(await rates(falling, { patience: 1 }, 'my_acc')).toEqual([1, 1, 0.5]);
    expect(await rates(falling, { patience: 1 }, 'top_two')).toEqual([1, 1, 1]);
    expect(await rates(falling, { patience: 1, mode: 'min' }, 'val_accuracy')).toEqual([1, 1, 1]);
    expect(await rates(falling, { patience: 1, mode: 'max' })).toEqual([1, 1, 0.5]);
  });

  it('takes an unknown mode for auto, with a warning', async () => {
    const warnings: string[] = [];
    const mode = 'down' as 'min';
    expect(await rates([1, 2, 3], { patience: 1, mode, warn: (text) => warnings.push(text) })).toEqual([
      1, 1, 0.5,
    ]);
    expect(warnings).toEqual(['reduceLrOnPlateau: mode down is unknown, fallback to auto mode.']);
  });

  it('does not count the epochs of a cooldown', async () => {
    // Lowered after epoch 2; epoch 3 leaves 1 epoch of cooldown, epoch 4 none but counts itself: patience 1.
    expect(await rates([3, 3, 3, 3, 3, 3], { patience: 1, cooldown: 2 })).toEqual([
      1, 1, 0.5, 0.5, 0.25, 0.25,
    ]);
    // Without cooldown each of these epochs lowers.
    expect(await rates([3, 3, 3, 3], { patience: 1 })).toEqual([1, 1, 0.5, 0.25]);
  });

  it('notes an improvement in a cooldown', async () => {
    // 2 in the cooldown becomes the best, so that 2.5 later is no improvement on it.
    expect(await rates([3, 3, 2, 2.5, 2.5], { patience: 1, cooldown: 2 })).toEqual([1, 1, 0.5, 0.5, 0.25]);
  });

  it('does not lower below minLr, and says nothing when it is there', async () => {
    const said: string[] = [];
    const options = { patience: 1, minLr: 0.4, say: (text: string) => said.push(text) };
    expect(await rates([3, 3, 3, 3], options)).toEqual([1, 1, 0.5, 0.4]);
    expect(said).toEqual([
      'Epoch 2: ReduceLROnPlateau reducing learning rate to 0.5.',
      'Epoch 3: ReduceLROnPlateau reducing learning rate to 0.4.',
    ]);
  });

  it('says the rate as Python does', async () => {
    const said: string[] = [];
    const callback = reduceLrOnPlateau({ monitor: 'loss', patience: 1, say: (text) => said.push(text) });
    await play(callback, series('loss', [1, 1, 1]), { rate: 1e-3 });
    expect(said).toEqual([
      'Epoch 2: ReduceLROnPlateau reducing learning rate to 0.0001.',
      'Epoch 3: ReduceLROnPlateau reducing learning rate to 1e-05.',
    ]);
  });

  it('never takes NaN for an improvement, nor for a best value', async () => {
    expect(await rates([Number.NaN, Number.NaN, 1, 0.5, 0.5], { patience: 2 })).toEqual([
      1, 1, 0.5, 0.5, 0.5,
    ]);
    expect(await rates([1, Number.NaN, 0.5, Number.NaN], { patience: 1 })).toEqual([1, 1, 0.5, 0.5]);
  });

  it('warns once about a missing metric and continues', async () => {
    const warnings: string[] = [];
    const callback = reduceLrOnPlateau({ patience: 0, warn: (text) => warnings.push(text) });
    expect((await play(callback, series('loss', [3, 3, 3]))).rates).toEqual([1, 1, 1]);
    expect(warnings).toMatchInlineSnapshot(`
      [
        "reduceLrOnPlateau: 'val_loss' is not among the metrics (loss), so the learning rate is not reduced.",
      ]
    `);
  });

  it('starts again when it is reused', async () => {
    const callback = reduceLrOnPlateau({ patience: 2, factor: 0.5 });
    const once = await play(callback, series('val_loss', [1, 1]));
    // 5 would be no improvement on 1.
    const again = await play(callback, series('val_loss', [5, 5, 5, 5]));
    expect([once.rates, again.rates]).toEqual([
      [1, 1],
      [1, 1, 1, 0.5],
    ]);
  });

  it.each([1, 2, 3, 4, 5])('decides the same when resumed after epoch %i', async (cut) => {
    const make = () => reduceLrOnPlateau({ patience: 2, factor: 0.5, cooldown: 1, monitor: 'loss' });
    const metrics = series('loss', [3, 3, 3, 3, 3, 2, 3, 3, 3]);
    const whole = await play(make(), metrics);
    const first = make();
    const part = await play(first, metrics.slice(0, cut));
    // The rate that the next epoch would have had.
    const rate = whole.rates[cut]!;
    const rest = await play(make(), metrics.slice(cut), { rate, firstEpoch: cut, kept: keep(first) });
    expect([...part.rates, ...rest.rates]).toEqual(whole.rates);
    expect(whole.rates).toEqual([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
  });

  it('refuses a factor that does not lower, and a schedule', async () => {
    for (const factor of [1, 2, Number.NaN]) expect(() => reduceLrOnPlateau({ factor })).toThrow(UsageError);
    expect(() => reduceLrOnPlateau({ factor: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: reduceLrOnPlateau: factor is 1, expected a number in [0, 1).]`,
    );
    await expect(
      play(reduceLrOnPlateau(), series('val_loss', [1]), { rate: () => 1 }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: reduceLrOnPlateau: the learning rate is a schedule, expected a number that can be lowered.]`,
    );
  });
});
