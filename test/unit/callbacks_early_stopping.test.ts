/**
 * earlyStopping, epochs worked by hand against keras/src/callbacks/early_stopping.py:
 *   patience, also 0; the first epoch never stops; minDelta at and around its edge, its sign; modes
 *   baseline: reached, never reached, reached once; startFromEpoch
 *   restoring: stopped early, not stopped, never improved, NaN, interrupted; the messages
 *   NaN; a missing metric; used again; resumed, the best weights with it; wrong use
 */
import { describe, expect, it } from 'vitest';
import { earlyStopping } from '../../src/nn/callbacks/index.js';
import type { EarlyStoppingOptions } from '../../src/nn/callbacks/early_stopping.js';
import { keep, play, series } from './fake_training.js';

/** How many epochs are trained. */
async function epochs(
  values: readonly number[],
  options: EarlyStoppingOptions = {},
  monitor = 'val_loss',
): Promise<number> {
  return (await play(earlyStopping({ monitor, ...options }), series(monitor, values))).epochs;
}

/** Which epoch's weights remain, and what was said. */
async function restored(
  values: readonly number[],
  options: EarlyStoppingOptions = {},
  isInterrupted = false,
) {
  const said: string[] = [];
  const callback = earlyStopping({ restoreBestWeights: true, say: (text) => said.push(text), ...options });
  const { weights } = await play(callback, series('val_loss', values), { isInterrupted });
  return { weights, said };
}

describe('earlyStopping', () => {
  it('stops at the first epoch that does not improve, by default', async () => {
    expect(await epochs([3, 2, 2, 1])).toBe(3);
    expect(await epochs([3, 2, 1])).toBe(3);
  });

  it('never stops in the first epoch', async () => {
    // NaN does not improve, but the first epoch passes; the second one stops.
    expect(await epochs([Number.NaN, Number.NaN, Number.NaN])).toBe(2);
  });

  it('waits for patience epochs in a row', async () => {
    expect(await epochs([3, 4, 4, 4, 4], { patience: 3 })).toBe(4);
    // The improvement to 2 restarts the waiting.
    expect(await epochs([3, 4, 4, 2, 3, 3, 3, 1], { patience: 3 })).toBe(7);
    // Patience 1 and 0 are the same.
    expect(await epochs([3, 3, 3], { patience: 1 })).toBe(2);
  });

  it('counts an improvement only beyond minDelta, whatever its sign', async () => {
    for (const minDelta of [0.25, -0.25]) {
      expect(await epochs([1, 0.75, 0], { minDelta })).toBe(2);
      expect(await epochs([1, 0.5, 0], { minDelta })).toBe(3);
      expect(await epochs([1, 1.25, 2], { minDelta, mode: 'max' })).toBe(2);
      expect(await epochs([1, 1.5, 2], { minDelta, mode: 'max' })).toBe(3);
    }
  });

  it('knows that losses fall and accuracies rise, and asks for others', async () => {
    expect(await epochs([1, 2, 3, 3], {}, 'val_accuracy')).toBe(4);
    expect(await epochs([1, 2, 3, 3], {}, 'accuracy')).toBe(4);
    expect(await epochs([1, 2, 3, 3], {}, 'loss')).toBe(2);
    for (const monitor of ['val_auc', 'digit_f1Score', 'topKCategoricalAccuracy'])
      expect([monitor, await epochs([1, 2, 3, 3], {}, monitor)]).toEqual([monitor, 4]);
    for (const monitor of ['val_rootMeanSquaredError', 'huber', 'digit_binaryCrossentropy'])
      expect([monitor, await epochs([1, 2, 3, 3], {}, monitor)]).toEqual([monitor, 2]);
    expect(await epochs([1, 2, 3, 3], { mode: 'max' }, 'f1')).toBe(4);
    expect(() => earlyStopping({ monitor: 'val_f1' })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: earlyStopping: mode is 'auto', which does not know whether 'val_f1' should rise or fall, expected 'min' or 'max'.]`,
    );
    // As earlier versions of Keras and habit have it.
    for (const [monitor, meant] of Object.entries({ val_acc: 'val_accuracy', acuracy: 'accuracy' }))
      expect(() => earlyStopping({ monitor })).toThrow(`did you mean '${meant}'?`);
  });

  it('takes an unknown mode for auto, with a warning', async () => {
    const warnings: string[] = [];
    const warn = (text: string): void => void warnings.push(text);
    expect(await epochs([1, 2, 3], { mode: 'down' as 'min', warn })).toBe(2);
    expect(warnings).toEqual(['earlyStopping: mode down is unknown, fallback to auto mode.']);
  });

  it('waits until the baseline is beaten, also through epochs that improve', async () => {
    // Epochs 1 to 4 improve and wait; the fifth, the first that does not improve, has waited long enough.
    const values = [4, 3, 2, 1, 1, 1];
    expect(await epochs(values, { patience: 2, baseline: 0.5 })).toBe(5);
    expect(await epochs(values, { patience: 2 })).toBe(6);
    // Beaten in epoch 2: waits again from there.
    expect(await epochs([4, 0.4, 1, 1, 1], { patience: 2, baseline: 0.5 })).toBe(4);
    // Met is not beaten.
    expect(await epochs([4, 0.5, 1, 1, 1], { patience: 2, baseline: 0.5 })).toBe(3);
  });

  it('does not look at the epochs before startFromEpoch', async () => {
    // The 1 of epoch 1 does not count: 3 is the best in epoch 3, and epoch 4 stops.
    expect(await epochs([1, 2, 3, 3, 3], { startFromEpoch: 2 })).toBe(4);
    expect(await epochs([1, 2, 3, 2, 1], { startFromEpoch: 2 })).toBe(5);
  });

  it('never takes NaN for an improvement, nor for a best value', async () => {
    expect(await epochs([2, Number.NaN, 1, Number.NaN], { patience: 2 })).toBe(4);
    expect(await epochs([2, Number.NaN, Number.NaN, 1], { patience: 2 })).toBe(3);
    // After NaN in the first epoch any number is an improvement.
    expect(await epochs([Number.NaN, 5, 4], { patience: 2 })).toBe(3);
  });

  it('restores the best weights when it stops', async () => {
    expect(await restored([3, 1, 2, 2], { patience: 2 })).toEqual({
      weights: 2,
      said: ['Epoch 4: early stopping', 'Restoring model weights from the end of the best epoch: 2.'],
    });
  });

  it('restores the best weights also when it does not stop', async () => {
    expect(await restored([3, 1, 2], { patience: 9 })).toEqual({
      weights: 2,
      said: ['Restoring model weights from the end of the best epoch: 2.'],
    });
  });

  it('restores the first of equal epochs', async () => {
    expect((await restored([3, 1, 1], { patience: 9 })).weights).toBe(2);
  });

  it('restores the first weights when nothing ever improved', async () => {
    expect((await restored([Number.NaN, Number.NaN, Number.NaN], { patience: 9 })).weights).toBe(1);
  });

  it('restores the best of the epochs that it looked at, whatever the baseline', async () => {
    expect((await restored([1, 5, 4, 6], { startFromEpoch: 1, patience: 9, baseline: 0 })).weights).toBe(3);
  });

  it('keeps the last weights without restoreBestWeights, or when interrupted', async () => {
    const said = ['Epoch 3: early stopping'];
    expect(await restored([3, 4, 4, 4], { patience: 2, restoreBestWeights: false })).toEqual({
      weights: 3,
      said,
    });
    expect(await restored([1, 2, 3], { patience: 9 }, true)).toEqual({ weights: 3, said: [] });
  });

  it('warns once of a missing metric and never stops', async () => {
    const warnings: string[] = [];
    const callback = earlyStopping({ restoreBestWeights: true, warn: (text) => warnings.push(text) });
    const { epochs, weights } = await play(callback, series('loss', [1, 2, 3]));
    expect([epochs, weights]).toEqual([3, 3]);
    expect(warnings).toMatchInlineSnapshot(`
      [
        "earlyStopping: 'val_loss' is not among the metrics (loss), so it never stops training.",
      ]
    `);
  });

  it('starts again when it is reused', async () => {
    const callback = earlyStopping({ patience: 2 });
    expect((await play(callback, series('val_loss', [1, 2]))).epochs).toBe(2);
    // 3 would be no improvement on the 1 of before.
    expect((await play(callback, series('val_loss', [3, 3, 3, 3]))).epochs).toBe(3);
  });

  it.each([1, 2, 3, 4])(
    'decides the same when resumed after epoch %i, and restores the same',
    async (cut) => {
      const make = (said: string[]) =>
        earlyStopping({ patience: 3, restoreBestWeights: true, say: (text) => said.push(text) });
      const metrics = series('val_loss', [3, 2, 4, 4, 4, 4]);
      const [saidWhole, saidRest]: [string[], string[]] = [[], []];
      const whole = await play(make(saidWhole), metrics);
      const first = make([]);
      await play(first, metrics.slice(0, cut), { isInterrupted: true });
      const rest = await play(make(saidRest), metrics.slice(cut), { firstEpoch: cut, kept: keep(first) });
      expect(cut + rest.epochs).toBe(whole.epochs);
      expect(rest.weights).toBe(2);
      expect(saidRest).toEqual(saidWhole);
    },
  );
});
