/**
 * The commands of the page (web/commands), without a page:
 *   training  which are enabled in every phase, with labels and keys; none without a device; train needs images
 *   running   one per cause at a time, except interrupting ones; an error is shown, and the command can be run again
 *   undo      labels and announcements name the action
 */
import { expect, test } from 'vitest';
import type { Phase, UndoOffers } from '../../web/protocol.js';
import { type Command, canRun, isBusy, labelOf, runCommand } from '../../web/commands/command.js';
import { reset } from '../../web/commands/model.js';
import { pause, primaryCommand, reconnect, resume, step, stop, train } from '../../web/commands/training.js';
import { stopTest, test as testModel, testProblem } from '../../web/commands/test.js';
import { undoCommand } from '../../web/commands/undo.js';
import { type FakeApp, fakeApp, phases, statusOf } from '../browser/fake_app.js';

const gpu = {
  name: 'gpu',
  vendor: '',
  architecture: '',
  family: 'gpu',
  subgroupSize: 32,
  hasTimestamps: false,
};

function appIn(phase?: Phase, changes: Parameters<typeof statusOf>[1] = {}): FakeApp {
  const app = fakeApp();
  app.state.device.set({ info: gpu, problem: null });
  if (phase) app.state.status.set(statusOf(phase, changes));
  return app;
}

const enabledIn = (app: FakeApp): string =>
  [primaryCommand(app), step, stop]
    .filter((command) => canRun(app, command))
    .map((command) => labelOf(app, command))
    .join(', ');

test('the enabled commands in each phase', () => {
  expect(phases.map((phase) => `${phase}: ${enabledIn(appIn(phase))}`)).toMatchInlineSnapshot(`
    [
      "idle: Train",
      "loading: Stop",
      "compiling: Stop",
      "training: Pause, Stop",
      "validating: Pause, Stop",
      "paused: Resume, Step, Stop",
      "finished: Train again",
      "stopped: Train again",
      "lost: Resume, Stop",
    ]
  `);
});

test('train is enabled before the first status, and after a loss without a training', () => {
  expect(enabledIn(appIn())).toBe('Train');
  const lost = { settings: null, isUnderWay: false };
  expect(enabledIn(appIn('lost', lost))).toBe('Train');
  expect(enabledIn(appIn('lost', { isUnderWay: false }))).toBe('Train again');
});

test('nothing is enabled without a device, nor train without images', () => {
  for (const phase of phases) {
    const app = appIn(phase);
    app.state.device.set({ info: null, problem: 'no WebGPU' });
    expect(enabledIn(app)).toBe('');
  }
  const app = appIn('idle');
  app.state.sets.set({ digits: 'not installed', fashion: null, custom: null });
  expect(enabledIn(app)).toBe('');
});

test('the label of reconnect says what happens next', () => {
  const label = (changes: Parameters<typeof statusOf>[1]): string =>
    labelOf(appIn('lost', changes), reconnect);
  expect([label({}), label({ step: 0 }), label({ isUnderWay: false })]).toEqual([
    'Resume',
    'Start again',
    'Reconnect',
  ]);
});

test('the one button of train, pause and resume has one shortcut, and no two buttons share one', () => {
  expect(pause.shortcut).toEqual(train.shortcut);
  expect(resume.shortcut).toEqual(train.shortcut);
  const shortcuts = [train, step, stop].map(({ shortcut }) => JSON.stringify(shortcut));
  expect(new Set(shortcuts).size).toBe(3);
});

test('one command per cause runs at a time, except an interrupting one', async () => {
  const app = appIn('paused');
  let end = (): void => undefined;
  app.answers['training.step'] = () => new Promise<void>((resolve) => (end = resolve));
  const stepped = runCommand(app, step, undefined);
  expect([step, resume, stop, reset].map((command) => isBusy(app, command))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  await runCommand(app, resume, undefined);
  await runCommand(app, stop, undefined);
  end();
  await stepped;
  await runCommand(app, resume, undefined);
  expect(app.calls.map(([name]) => name)).toEqual(['training.step', 'training.stop', 'training.resume']);
});

test('an error is shown, and the command can be run again', async () => {
  const app = appIn('idle');
  app.answers['training.begin'] = () => {
    throw new Error('no images');
  };
  await runCommand(app, train, undefined);
  await runCommand(app, train, undefined);
  expect(app.said).toEqual(['no images', 'no images']);
});

test('a disabled command does not run', async () => {
  const app = appIn('idle');
  await runCommand(app, step, undefined);
  expect(app.calls).toEqual([]);
});

test('undo names its action, before and after', async () => {
  const app = fakeApp();
  const none = { undo: null, redo: null };
  const offer = (model: UndoOffers['model']): void =>
    app.state.undo.set({ model, images: none, tuning: none });
  const undo = undoCommand('model', 'undo');
  const elsewhere = undoCommand('model', 'undo', (name) => name === 'stop');
  expect([canRun(app, undo), labelOf(app, undo)]).toEqual([false, '']);
  offer({ undo: 'reset', redo: null });
  expect([canRun(app, undo), labelOf(app, undo)]).toEqual([true, 'Undo Reset']);
  expect(canRun(app, elsewhere)).toBe(false);
  app.answers['undo.undo'] = () => offer({ undo: null, redo: 'reset' });
  await runCommand(app, undo, undefined);
  expect(app.calls).toEqual([['undo.undo', 'model']]);
  expect(app.said).toEqual(['Undo Reset: done.']);
});

test('a reset says that it can be undone, if there is something to restore', async () => {
  const app = fakeApp();
  await runCommand(app, reset, undefined);
  expect(app.said).toEqual(['Undo Reset restores the previous network, with its training.']);
});

test('a test needs a device', () => {
  const app = fakeApp();
  expect(testProblem(app)).toBe('Waiting for the graphics device.');
  expect(canRun(app, testModel)).toBe(false);
  expect(canRun(appIn('lost'), testModel)).toBe(false);
  const running = appIn('training');
  expect(canRun(running, testModel)).toBe(true);
  running.busy.set(new Set([testModel.cause]));
  const both: readonly Command<never>[] = [testModel, stopTest];
  expect(both.map((command) => canRun(running, command))).toEqual([false, true]);
});
