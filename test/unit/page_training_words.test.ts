/**
 * The page's texts about a training.
 * Position: every phase, and the values of both progress bars.
 * Announcements: at each change of phase except between training and validation, otherwise at most every ten seconds.
 * Numbers: losses, step times, bytes, times of day.
 */
import { expect, test } from 'vitest';
import type { Phase, TrainingStatus } from '../../web/protocol.js';
import { defaultSettings } from '../../web/settings.js';
import {
  Announcer,
  byteText,
  lossText,
  positionOf,
  progressOf,
  savedText,
  stepTime,
  summaryOf,
} from '../../web/views/training_words.js';
import { phases } from '../browser/fake_app.js';

/** A status in the second of five epochs. */
function statusOf(phase: Phase, changes: Partial<TrainingStatus> = {}): TrainingStatus {
  return {
    phase,
    settings: defaultSettings,
    step: 3_012,
    epoch: 1,
    stepInEpoch: 1_324,
    stepsPerEpoch: 1_688,
    epochs: 5,
    loss: 0.08123,
    accuracy: 0.9761,
    learningRate: 1e-3,
    isScheduled: true,
    imagesPerSecond: 1_000,
    stepMs: 32,
    etaSeconds: 172.4,
    progress: null,
    savedAt: null,
    trouble: null,
    isUnderWay: !['idle', 'finished', 'stopped'].includes(phase),
    ...changes,
  };
}

test('a device lost without a training', () => {
  for (const settings of [null, defaultSettings]) {
    const lost = statusOf('lost', { settings, isUnderWay: false });
    expect(positionOf(lost)).toBe('The graphics device was lost');
    expect(summaryOf(lost)).toBe('The graphics device was lost.');
  }
});

test('the position of a training', () => {
  const progress = { done: 12, total: 41 };
  const all = phases.map((phase) =>
    positionOf(statusOf(phase, ['loading', 'compiling', 'validating'].includes(phase) ? { progress } : {})),
  );
  expect(all).toMatchInlineSnapshot(`
    [
      "Ready",
      "Loading images · 12 bytes of 41 bytes",
      "Compiling kernels · 12 of 41",
      "Training · epoch 2 of 5 · step 1,324 of 1,688",
      "Validating · epoch 2 of 5 · 12 of 41",
      "Paused · epoch 2 of 5 · step 1,324 of 1,688",
      "Finished · 3,012 steps",
      "Stopped · 3,012 steps",
      "The graphics device was lost · epoch 2 of 5 · step 1,324 of 1,688",
    ]
  `);
  expect(positionOf(statusOf('loading'))).toBe('Loading images …');
  expect(positionOf(statusOf('finished', { step: 1 }))).toBe('Finished · 1 step');
  const unknown = { step: 0, stepInEpoch: 0, stepsPerEpoch: 0 };
  expect(positionOf(statusOf('lost', unknown))).toBe('The graphics device was lost · epoch 1 of 5');
});

test('an epoch is validated as long as its number counts', () => {
  const end = { step: 1_688, stepInEpoch: 1_688 };
  expect(positionOf(statusOf('validating', { ...end, epoch: 0 }))).toContain('epoch 1 of 5');
  expect(positionOf(statusOf('validating', { ...end, epoch: 1 }))).toContain('epoch 1 of 5');
  expect(positionOf(statusOf('training', end))).toContain('epoch 1 of 5 · step 1,688 of 1,688');
  expect(positionOf(statusOf('training', { ...end, epoch: 1, stepInEpoch: 0 }))).toContain('epoch 2 of 5');
});

test('after the last step the epoch is the last one', () => {
  const end = { epoch: 5, step: 8_440, stepInEpoch: 1_688 };
  expect(positionOf(statusOf('paused', end))).toContain('epoch 5 of 5');
  expect(positionOf(statusOf('validating', end))).toContain('epoch 5 of 5');
});

test('shares of the bars', () => {
  expect(progressOf(statusOf('training'))).toEqual({ all: 3_012 / 8_440, epoch: 1_324 / 1_688 });
  expect(progressOf(statusOf('validating', { progress: { done: 3, total: 4 } })).epoch).toBe(0.75);
  expect(progressOf(statusOf('compiling', { progress: { done: 1, total: 4 } }))).toEqual({
    all: null,
    epoch: 0.25,
  });
  expect(progressOf(statusOf('loading'))).toEqual({ all: null, epoch: null });
  const unplanned = { step: 0, stepsPerEpoch: 0, epochs: 0, stepInEpoch: 0 };
  expect(progressOf(statusOf('training', unplanned))).toEqual({ all: null, epoch: null });
});

test('announcements', () => {
  expect(phases.map((phase) => summaryOf(statusOf(phase)))).toMatchInlineSnapshot(`
    [
      "No training is running.",
      "Loading images.",
      "Compiling kernels.",
      "Training: epoch 2 of 5, 35 % done, loss 0.0812, accuracy 97.6 %, 2 min 52 s left.",
      "Validating: epoch 2 of 5, 35 % done, loss 0.0812, accuracy 97.6 %.",
      "Paused: epoch 2 of 5, 35 % done, loss 0.0812, accuracy 97.6 %.",
      "Finished: 3,012 steps done, loss 0.0812, accuracy 97.6 %.",
      "Stopped: 3,012 steps done, loss 0.0812, accuracy 97.6 %.",
      "The graphics device was lost. You can resume from step 3,012.",
    ]
  `);
});

test('an announcement at a change of phase, otherwise every ten seconds', () => {
  const announcer = new Announcer();
  const said = (phase: Phase, nowMs: number): boolean =>
    announcer.textFor(statusOf(phase), nowMs) !== undefined;
  expect(said('idle', 0)).toBe(false);
  expect(said('loading', 100)).toBe(true);
  expect(said('loading', 20_000)).toBe(false);
  expect(said('training', 20_100)).toBe(true);
  expect(said('training', 30_099)).toBe(false);
  expect(said('training', 30_100)).toBe(true);
  expect(said('validating', 31_000)).toBe(false);
  expect(said('training', 32_000)).toBe(false);
  expect(said('paused', 33_000)).toBe(true);
  expect(said('paused', 93_000)).toBe(false);
});

test('a training of an earlier visit is announced', () => {
  expect(new Announcer().textFor(statusOf('paused'), 0)).toBe(summaryOf(statusOf('paused')));
});

test('numbers', () => {
  expect(lossText(2.8396e17)).toBe('2.84e+17');
  expect([0.08123, 0.0004567, 12.5, Number.NaN, Infinity].map(lossText)).toEqual([
    '0.0812',
    '4.57e-4',
    '12.5000',
    'not finite',
    'not finite',
  ]);
  expect([2.486, 999.9, 1_432].map(stepTime)).toEqual([
    ['2.49', 'ms'],
    ['1,000', 'ms'],
    ['1.43', 's'],
  ]);
  expect([0, 1_023, 1_024, 1.5 * 2 ** 20, 3 * 2 ** 30, 2 ** 42].map(byteText)).toEqual([
    '0 bytes',
    '1,023 bytes',
    '1 KiB',
    '1.5 MiB',
    '3 GiB',
    '4,096 GiB',
  ]);
  expect(savedText(null)).toBe('nothing saved yet');
  expect(savedText(new Date(2026, 0, 2, 15, 4, 5).getTime(), 'en-GB')).toBe('saved at 15:04:05');
});
