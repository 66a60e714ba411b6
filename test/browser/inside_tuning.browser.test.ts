/**
 * The button that measures kernels (web/views/inside_tuning.ts), in Chromium with a fake worker:
 *   names the model and batch size, or why it is disabled; shows the stored choices, requested once per device
 *   a run: visible and announced progress, cancelled with the same button, then a text and a table; kernels are listed again
 *   no gain, slower, cancelled, an error; forgotten, without losing the focus
 *   axe finds no violation
 */
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TunedKernel, Tuning } from '../../web/protocol.js';
import { TuningPart } from '../../web/views/inside_tuning.js';
import { type FakeApp, fakeApp } from './fake_app.js';

const kernel = (primitive: string, chosen: string, gain: number): TunedKernel => ({
  primitive,
  shapes: '[8,28,28,1] [3,3,1,16]',
  variants: [
    { variant: 'gpu', ms: 2, problem: null },
    { variant: 'tiled', ms: 1.25, problem: null },
    { variant: 'wrong', ms: null, problem: 'it is off by 0.1' },
  ],
  chosen,
  gain,
});

const tuned: Tuning = {
  model: 'small',
  batchSize: 32,
  kernels: [kernel('conv2d/forward', 'gpu', 1), kernel('matmul/forward', 'tiled', 1.6)],
  step: { untunedMs: 20, tunedMs: 16 },
  outcome: 'stored',
};

let app: FakeApp;
let part: TuningPart;
let changes = 0;
let kept: { kernels: number; at: number | null } | null;
let end: (tuning: Tuning) => void;
let fail: (error: Error) => void;

beforeEach(() => {
  app = fakeApp();
  changes = 0;
  kept = null;
  app.answers['tuning.stored'] = async () => kept;
  app.answers['tuning.run'] = async () =>
    new Promise<Tuning>((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
  part = new TuningPart(app, () => changes++);
  document.body.append(part.root);
});
afterEach(() => part.root.remove());

const button = (name: string): HTMLButtonElement =>
  [...part.root.querySelectorAll('button')].find(({ textContent }) => textContent === name)!;
const words = (): string => part.root.querySelector('[role="status"]')!.textContent;
const asked = (name: string): unknown[][] =>
  app.calls.filter(([called]) => called === name).map((call) => [...call]);
const progress = (): HTMLProgressElement => part.root.querySelector('progress')!;
const keptRow = (): HTMLElement => button('Forget').parentElement!;

type Tell = (done: number, total: number, primitive: string | null) => void;
async function running(): Promise<Tell> {
  part.look(undefined);
  button('Tune for this device').click();
  await expect.poll(() => asked('tuning.run').length).toBe(1);
  return asked('tuning.run')[0]![2] as Tell;
}

test('names what it measures, following the settings', async () => {
  part.look(undefined);
  expect(part.root.textContent).toContain('for Small in batches of 32 as set under Train');
  app.settings.set({ ...app.settings.value, model: 'paper', batchSize: 1024 });
  expect(part.root.textContent).toContain('for Paper in batches of 1,024 as set under Train');
  const about = button('Tune for this device').getAttribute('aria-describedby');
  expect(document.getElementById(about!)!.textContent).toMatch(/^Measures which variant/);
});

test('without a device says why, and makes no calls', async () => {
  part.look('The graphics device was lost');
  expect(part.root.textContent).toContain('The graphics device was lost, so there is nothing to measure on.');
  expect(button('Tune for this device').getAttribute('aria-disabled')).toBe('true');
  button('Tune for this device').click();
  expect(app.calls).toEqual([]);
  part.look(undefined);
  expect(button('Tune for this device').getAttribute('aria-disabled')).toBeNull();
});

test('the stored choices are requested once per device, and shown', async () => {
  kept = { kernels: 12, at: Date.UTC(2026, 10, 22, 12) };
  expect(keptRow().hidden).toBe(true);
  for (let i = 0; i < 3; i++) part.look(undefined);
  await expect.poll(() => keptRow().hidden).toBe(false);
  expect(asked('tuning.stored')).toHaveLength(1);
  expect(keptRow().textContent).toMatch(/^The choices for 12 kernels are stored, last measured on .*2026/);
  part.look('The graphics device was lost');
  part.look(undefined);
  await expect.poll(() => asked('tuning.stored').length).toBe(2);
});

test('a double click counts as one click', async () => {
  part.look(undefined);
  const tune = button('Tune for this device');
  for (const detail of [1, 2]) tune.dispatchEvent(new MouseEvent('click', { detail }));
  await expect.poll(() => asked('tuning.run').length).toBe(1);
  expect(asked('tuning.cancel')).toHaveLength(0);
});

test('a run: its progress, then its outcome', async () => {
  kept = { kernels: 2, at: null };
  const tell = await running();
  expect(asked('tuning.run')[0]![1]).toEqual(app.settings.value);
  expect(words()).toBe('Measuring …');
  expect(progress().hidden).toBe(false);
  expect(progress().hasAttribute('value')).toBe(false);
  tell(1, 4, 'matmul/forward');
  expect(progress().value).toBe(0.25);
  expect(progress().getAttribute('aria-valuetext')).toBe('1 of 4 kernels measured, now matmul/forward');
  tell(4, 4, null);
  expect(part.root.textContent).toContain('Comparing the whole step');
  // Announced once, not for every kernel.
  expect(words()).toBe('Measuring …');

  end(tuned);
  await expect
    .poll(words)
    .toBe(
      '1 of 2 kernels has a faster variant here. The training step takes 16.0 ms instead of 20.0 ms. New trainings will use these kernels; a running one keeps its own.',
    );
  expect(progress().hidden).toBe(true);
  expect(button('Tune for this device')).toBeDefined();
  const rows = [...part.root.querySelectorAll('tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) =>
      [...cell.childNodes].map(({ textContent }) => textContent).join(' | '),
    ),
  );
  const left = 'wrong was rejected: it is off by 0.1';
  expect(rows).toEqual([
    [`matmul/forward | [8,28,28,1] [3,3,1,16] | ${left}`, 'gpu', '2.00', 'tiled', '1.25', 'tiled', '1.60 ×'],
    [`conv2d/forward | [8,28,28,1] [3,3,1,16] | ${left}`, 'gpu', '2.00', 'tiled', '1.25', 'gpu', ''],
  ]);
  await expect.poll(() => keptRow().textContent).toBe('The choices for 2 kernels are stored.Forget');
  expect(changes).toBe(1);
});

test('is cancelled with the same button, after the current kernel', async () => {
  const tell = await running();
  tell(1, 4, 'matmul/forward');
  const cancel = button('Cancel');
  cancel.focus();
  cancel.click();
  await expect.poll(() => asked('tuning.cancel').length).toBe(1);
  expect(words()).toBe('Cancelling after the current kernel …');
  expect(cancel.getAttribute('aria-disabled')).toBe('true');
  cancel.click();
  end({ ...tuned, step: null, outcome: 'cancelled' });
  await expect.poll(words).toBe('Cancelled after 2 kernels. Nothing has changed.');
  expect(asked('tuning.cancel')).toHaveLength(1);
  expect(part.root.querySelector<HTMLElement>('.scroll')!.hidden).toBe(true);
  expect(changes).toBe(0);
  expect(document.activeElement).toBe(button('Tune for this device'));
});

test.each<[outcome: string, tuning: Partial<Tuning>, words: RegExp, changes: number]>([
  [
    'nothing to choose',
    { kernels: [], step: null, outcome: 'nothing' },
    /^No kernel of Small has more than one variant to choose from on this device\.$/,
    0,
  ],
  [
    'the table is right everywhere',
    { kernels: [kernel('conv2d/forward', 'gpu', 1)], step: null },
    /^None of 1 kernel has a variant that is clearly faster than the default: tuning gains nothing here\.$/,
    1,
  ],
  [
    'slower together',
    { step: { untunedMs: 20, tunedMs: 22 }, outcome: 'slower' },
    /^1 of 2 kernels has a faster variant here\. But the training step as a whole is slower with them, 22\.0 ms instead of 20\.0 ms, so nothing has changed\./,
    0,
  ],
  [
    'kept nowhere',
    { outcome: 'unkept' },
    /This browser cannot store them: they are used until the page is closed\.$/,
    1,
  ],
])('%s', async (_, changed, expected, changesWanted) => {
  await running();
  end({ ...tuned, ...changed });
  await expect.poll(words).toMatch(expected);
  expect(changes).toBe(changesWanted);
});

test('errors are shown, and it can be repeated', async () => {
  await running();
  fail(new Error('tuning: the graphics device was lost.'));
  await expect.poll(() => app.said).toEqual(['tuning: the graphics device was lost.']);
  expect(words()).toBe('');
  expect(progress().hidden).toBe(true);
  expect(button('Tune for this device').getAttribute('aria-disabled')).toBeNull();
});

test('is forgotten, and the focus moves to another button', async () => {
  kept = { kernels: 12, at: null };
  part.look(undefined);
  await expect.poll(() => keptRow().hidden).toBe(false);
  app.answers['tuning.forget'] = () => app.state.tuned.set(null);
  button('Forget').focus();
  button('Forget').click();
  await expect.poll(() => keptRow().hidden).toBe(true);
  expect(asked('tuning.forget')).toHaveLength(1);
  expect(words()).toBe('Forgotten: new trainings will use the default kernels.');
  expect(document.activeElement).toBe(button('Tune for this device'));
  expect(changes).toBe(1);
});

test('shows what another tab has stored or forgotten', async () => {
  part.look(undefined);
  app.state.tuned.set({ kernels: 3, at: null });
  expect(keptRow().textContent).toBe('The choices for 3 kernels are stored.Forget');
  app.state.tuned.set(null);
  expect(keptRow().hidden).toBe(true);
});

test('axe finds no violation, during a run and after it', async () => {
  kept = { kernels: 12, at: 0 };
  const tell = await running();
  tell(1, 4, 'matmul/forward');
  const violations = async (): Promise<string[]> => {
    // On the page, this heading is below higher ones.
    const found = await axe.run(part.root, { rules: { 'heading-order': { enabled: false } } });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };
  expect(await violations()).toEqual([]);
  end(tuned);
  await expect.poll(() => keptRow().hidden).toBe(false);
  expect(await violations()).toEqual([]);
});
