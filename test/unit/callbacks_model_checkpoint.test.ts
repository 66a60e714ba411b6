/**
 * modelCheckpoint by hand: defaults; best only, both ways, NaN, equal values; a threshold; a missing metric;
 * by batches across epochs; names with fields, their formats (the texts printed by CPython 3) and mistakes; folders in
 * names; resumed; wrong use. callbacks_keras.test.ts compares it with Keras.
 */
import { describe, expect, it } from 'vitest';
import { fileName } from '../../src/nn/callbacks/file_name.js';
import { modelCheckpoint } from '../../src/nn/callbacks/index.js';
import { UsageError } from '../../src/errors.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { keep, play, series } from './fake_training.js';

const folder = memoryFolder();

describe('modelCheckpoint', () => {
  it('saves after each epoch, by default', async () => {
    const said: string[] = [];
    const callback = modelCheckpoint({ folder, say: (text) => said.push(text) });
    expect((await play(callback, series('loss', [1, 2]))).saved).toEqual(['weights', 'weights']);
    expect(said).toEqual([
      'Epoch 1: saving model to memory/weights.safetensors',
      'Epoch 2: saving model to memory/weights.safetensors',
    ]);
  });

  it('saves only what is better than the best, and says so as Keras does', async () => {
    const said: string[] = [];
    const callback = modelCheckpoint({
      folder,
      monitor: 'val_accuracy',
      saveBestOnly: true,
      say: (text) => said.push(text),
    });
    const values = [0.9, 0.9811, 0.9842, 0.9842, Number.NaN, 0.98];
    expect((await play(callback, series('val_accuracy', values))).saved).toEqual(['best', 'best', 'best']);
    expect(said).toEqual([
      'Epoch 1: val_accuracy improved from None to 0.90000, saving model to memory/best.safetensors',
      'Epoch 2: val_accuracy improved from 0.90000 to 0.98110, saving model to memory/best.safetensors',
      'Epoch 3: val_accuracy improved from 0.98110 to 0.98420, saving model to memory/best.safetensors',
      'Epoch 4: val_accuracy did not improve from 0.98420',
      'Epoch 5: val_accuracy did not improve from 0.98420',
      'Epoch 6: val_accuracy did not improve from 0.98420',
    ]);
  });

  it('does not take a NaN that comes first for the best', async () => {
    const callback = modelCheckpoint({ folder, saveBestOnly: true, name: '{epoch}' });
    expect((await play(callback, series('val_loss', [Number.NaN, 3, 4, 2]))).saved).toEqual(['2', '4']);
  });

  it('must beat initialValueThreshold, not meet it', async () => {
    const callback = modelCheckpoint({
      folder,
      saveBestOnly: true,
      name: '{epoch}',
      initialValueThreshold: 2,
    });
    expect((await play(callback, series('val_loss', [3, 2, 1]))).saved).toEqual(['3']);
  });

  it('keeps the best from one training to the next', async () => {
    const callback = modelCheckpoint({ folder, saveBestOnly: true, name: '{epoch}' });
    await play(callback, series('val_loss', [1]));
    expect((await play(callback, series('val_loss', [2, 0]))).saved).toEqual(['2']);
  });

  it('without the metric warns once and saves every time', async () => {
    const warnings: string[] = [];
    const callback = modelCheckpoint({ folder, saveBestOnly: true, warn: (text) => warnings.push(text) });
    expect((await play(callback, series('loss', [1, 2]))).saved).toEqual(['best', 'best']);
    expect(warnings).toMatchInlineSnapshot(`
      [
        "modelCheckpoint: 'val_loss' is not available, so every model is saved, not the best only.",
      ]
    `);
  });

  it('saves after every third batch, counted across epochs', async () => {
    const callback = modelCheckpoint({ folder, name: '{epoch:02d}-{batch:02d}-{loss:.1f}', saveFreq: 3 });
    const batches = series('loss', [4, 3, 2, 1]);
    const { saved } = await play(callback, series('loss', [0, 0, 0]), { batches });
    // Batches 3, 6, 9 and 12 of three epochs of four.
    expect(saved).toEqual(['01-03-2.0', '02-02-3.0', '03-01-4.0', '03-04-1.0']);
    expect(callback).toHaveProperty('onBatchBegin');
    expect(modelCheckpoint({ folder })).not.toHaveProperty('onBatchBegin');
    expect(modelCheckpoint({ folder })).not.toHaveProperty('onBatchEnd');
  });

  it.each([1, 2, 3])('decides the same when resumed after epoch %i', async (cut) => {
    const make = () => modelCheckpoint({ folder, saveBestOnly: true, name: '{epoch}' });
    const metrics = series('val_loss', [3, 2, 4, 1]);
    const first = make();
    const part = await play(first, metrics.slice(0, cut));
    const rest = await play(make(), metrics.slice(cut), { firstEpoch: cut, kept: keep(first) });
    expect([...part.saved, ...rest.saved]).toEqual(['1', '2', '4']);
  });

  it('counts batches on when resumed', async () => {
    const make = () => modelCheckpoint({ folder, name: '{epoch}-{batch}', saveFreq: 3 });
    const batches = series('loss', [1, 1]);
    const first = make();
    await play(first, series('loss', [1]), { batches });
    const rest = await play(make(), series('loss', [1]), { batches, firstEpoch: 1, kept: keep(first) });
    expect(rest.saved).toEqual(['2-1']);
  });

  it.each([0, -1, 1.5, 'batch' as 'epoch'])('refuses to save every %s', (saveFreq) => {
    expect(() => modelCheckpoint({ folder, saveFreq })).toThrow(UsageError);
  });

  it('says what is wrong', async () => {
    expect(() => modelCheckpoint({ folder, saveFreq: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: modelCheckpoint: saveFreq is 0, expected 'epoch' or a positive integer.]`,
    );
    expect(() =>
      modelCheckpoint({ folder, saveBestOnly: true, monitor: 'f1' }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: modelCheckpoint: mode is 'auto', which does not know whether 'f1' should rise or fall, expected 'min' or 'max'.]`,
    );
    const missing = modelCheckpoint({ folder, name: '{val_loss:.2f}' });
    await expect(play(missing, series('loss', [1]))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: modelCheckpoint: '{val_loss:.2f}' asks for 'val_loss', expected one of epoch, loss.]`,
    );
    const format = modelCheckpoint({ folder, name: '{loss:02d}' });
    await expect(play(format, series('loss', [1]))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: modelCheckpoint: '{loss:02d}' has the format '02d' for 'loss', expected .2f, 08.4f, .3e or the like.]`,
    );
  });
});

describe('names', () => {
  it.each([
    ['{epoch:02d}-{val_loss:.2f}', '07-0.12'],
    ['{epoch}', '7'],
    ['{epoch:4d}', '   7'],
    ['{epoch:5}', '    7'],
    ['{epoch:.2f}', '7.00'],
    ['{epoch:010.3e}', '07.000e+00'],
    ['{val_loss}', '0.125'],
    ['{val_loss:f}', '0.125000'],
    ['{val_loss:08.3f}', '0000.125'],
    ['{val_loss:.1e}', '1.2e-01'],
    ['{neg:07.2f}', '-001.50'],
    ['{one}', '1.0'],
    ['{{x}}', '{x}'],
    ['deep/er/{epoch}', 'deep/er/7'],
    ['plain', 'plain'],
  ])('%s is %s', (template, name) => {
    expect(fileName(template, { epoch: 7 }, { val_loss: 0.125, neg: -1.5, one: 1 })).toBe(name);
  });

  it.each(['{epoch:.2d}', '{val_loss:d}', '{val_loss:.2}', '{val_loss:s}', '{val_loss:,}', '{batch}', '{}'])(
    '%s is refused',
    (template) => {
      expect(() => fileName(template, { epoch: 7 }, { val_loss: 0.125 })).toThrow(UsageError);
    },
  );
});
