/**
 * The section Train, with a fake worker.
 *
 *   buttons    every phase enables the right ones; each calls the worker, but not again before the call has ended; shortcuts
 *   settings   a preset fills the fields, which stay editable; invalid values show an error and are not used; a running
 *              training shows its own settings and locks all but the rate, which goes to the worker; settings of an earlier
 *              visit are restored, unless the URL has others
 *   proposal   on a software adapter, once, only if the user has not changed a setting; declined with a button
 *   figures    speed, time left, progress bars
 *   curves     drawn when points arrive, once per frame, never without points; cursor by keys and pointer; table; a new training
 *   announced  one summary for many events
 *   machine    memory as bar and table
 *   files      custom images can be chosen once there are some; a model is downloaded, opened, reset; an error
 *   URL        settings are written to it and read from it
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DeviceInfo, EpochPoint, StepPoint } from '../../web/protocol.js';
import type { UndoOffers } from '../../web/protocol.js';
import { defaultSettings, proposalFor, withPreset } from '../../web/settings.js';
import { keepInAddress } from '../../web/settings_address.js';
import { Store } from '../../web/store.js';
import { trainingView } from '../../web/views/training.js';
import { type FakeApp, fakeApp, phases, statusOf } from './fake_app.js';

let app: FakeApp;
let root: HTMLElement;

beforeEach(() => {
  root = document.createElement('section');
  root.id = 'train';
  root.style.width = '640px';
  document.body.replaceChildren(root);
  app = fakeApp();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const gpu: DeviceInfo = {
  name: 'Some GPU',
  vendor: 'maker',
  architecture: 'arch',
  family: 'gpu',
  subgroupSize: 32,
  hasTimestamps: true,
};

/** Waits until all requested painting is done. */
async function painted(): Promise<void> {
  await new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
}

async function show(): Promise<void> {
  trainingView(root, app);
  app.state.device.set({ info: gpu, problem: null });
  await painted();
}

function button(name: string): HTMLButtonElement {
  const found = [...root.querySelectorAll('button')].find(({ textContent }) => textContent === name);
  if (!found) throw new Error(`there is no button '${name}'`);
  return found;
}

function field(name: string): HTMLInputElement & HTMLSelectElement {
  const found = root.querySelector(`[aria-label="${name}"]`);
  if (!found) throw new Error(`there is no field '${name}'`);
  return found as HTMLInputElement & HTMLSelectElement;
}

function write(name: string, value: string): void {
  const input = field(name);
  input.focus();
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

function press(key: string, options: KeyboardEventInit = {}, target: Element = document.body): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options });
  target.dispatchEvent(event);
  return event;
}

const enabled = (): string[] =>
  [...root.querySelectorAll('.training-controls button:not([hidden])')]
    .filter((one) => one.getAttribute('aria-disabled') !== 'true')
    .map(({ textContent }) => textContent ?? '');

const callsOf = (name: string): unknown[][] =>
  app.calls.filter(([called]) => called === name).map(([, ...given]) => given);

// ---- buttons ----

test('every phase enables the right buttons', async () => {
  await show();
  const found: Record<string, string[]> = {};
  for (const phase of phases) {
    app.state.status.set(statusOf(phase));
    await painted();
    found[phase] = enabled();
  }
  expect(found).toEqual({
    idle: ['Train'],
    loading: ['Stop'],
    compiling: ['Stop'],
    training: ['Pause', 'Stop'],
    validating: ['Pause', 'Stop'],
    paused: ['Resume', 'Step', 'Stop'],
    finished: ['Train again'],
    stopped: ['Train again'],
    lost: ['Resume', 'Stop'],
  });
});

test('a problem of a training is shown at its position, until another one begins', async () => {
  await show();
  const trouble = (): string[] =>
    [...document.querySelectorAll<HTMLElement>('.training-controls .note')]
      .filter(({ hidden }) => !hidden)
      .map(({ textContent }) => textContent);
  expect(trouble()).toEqual([]);
  app.state.status.set(statusOf('stopped', { trouble: 'The loss diverged.' }));
  await painted();
  expect(trouble()).toEqual(['The loss diverged.']);
  app.state.status.set(statusOf('loading'));
  await painted();
  expect(trouble()).toEqual([]);
});

test('each button calls the worker', async () => {
  await show();
  app.state.status.set(statusOf('idle', { settings: null }));
  await painted();
  button('Train').click();
  app.state.status.set(statusOf('training'));
  await painted();
  button('Pause').click();
  app.state.status.set(statusOf('paused'));
  await painted();
  button('Step').click();
  await painted();
  button('Resume').click();
  button('Stop').click();
  await painted();
  expect(app.calls).toEqual([
    ['training.begin', defaultSettings],
    ['training.pause'],
    ['training.step'],
    ['training.resume'],
    ['training.stop'],
  ]);
});

test('during a call the button does not repeat it, and stop works', async () => {
  await show();
  let end: () => void = () => undefined;
  app.answers['training.begin'] = () => new Promise<void>((resolve) => (end = resolve));
  button('Train').click();
  button('Train').click();
  press('Enter', { ctrlKey: true });
  app.state.status.set(statusOf('loading'));
  await painted();
  button('Stop').click();
  expect(app.calls.map(([name]) => name)).toEqual(['training.begin', 'training.stop']);
  end();
  app.state.status.set(statusOf('finished'));
  await painted();
  expect(enabled()).toEqual(['Train again']);
});

test('a failed call shows an error, and can be repeated', async () => {
  await show();
  app.answers['training.begin'] = () => {
    throw new Error('no images');
  };
  button('Train').click();
  await painted();
  expect(app.said).toEqual(['no images']);
  expect(enabled()).toEqual(['Train']);
});

test('shortcuts with a modifier act like buttons; letters do nothing', async () => {
  await show();
  app.state.status.set(statusOf('paused'));
  await painted();
  for (const key of ['s', 't', 'p', ' ', 'Enter', '.']) expect(press(key).defaultPrevented, key).toBe(false);
  expect(app.calls).toEqual([]);
  press('Enter', { ctrlKey: true, shiftKey: true });
  await painted();
  press('Enter', { metaKey: true });
  press('.', { ctrlKey: true });
  expect(app.calls.map(([name]) => name)).toEqual(['training.step', 'training.resume', 'training.stop']);
});

test('without a device all buttons are disabled', async () => {
  trainingView(root, app);
  app.state.device.set({ info: null, problem: 'This browser has no WebGPU.' });
  await painted();
  expect(enabled()).toEqual([]);
  expect(root.textContent).toContain('Training needs WebGPU.');
});

// ---- settings ----

test('fields change the settings, and a preset changes the fields', async () => {
  await show();
  write('Batch size', '64');
  write('Number of images', '12,000');
  expect(app.settings.value).toEqual({ ...defaultSettings, batchSize: 64, limit: 12_000 });
  write('Recipe', 'corrected');
  expect(app.settings.value).toEqual(withPreset(defaultSettings, 'corrected'));
  expect(field('Batch size').value).toBe('86');
  expect(field('Model').value).toBe('paper');
  expect(field('Number of images').value).toBe('');
  write('Epochs', '3');
  expect(app.settings.value).toMatchObject({ preset: 'corrected', epochs: 3, batchSize: 86 });
});

test('invalid values show an error and are not used', async () => {
  await show();
  write('Batch size', '0');
  expect(app.settings.value).toEqual(defaultSettings);
  expect(field('Batch size').getAttribute('aria-invalid')).toBe('true');
  expect(root.querySelector(`#${field('Batch size').getAttribute('aria-describedby')}`)?.textContent).toBe(
    'an integer from 1 to 4,096',
  );
  button('Train').focus();
  button('Train').click();
  expect(app.calls).toEqual([]);
  expect(document.activeElement).toBe(field('Batch size'));
  write('Batch size', '16');
  expect(field('Batch size').hasAttribute('aria-invalid')).toBe(false);
  button('Train').click();
  expect(callsOf('training.begin')).toEqual([[{ ...defaultSettings, batchSize: 16 }]]);
});

test('Ctrl+Enter in a field uses the text in it', async () => {
  await show();
  const input = field('Epochs');
  input.focus();
  // As when typed: the browser fires `change` when the field loses focus.
  input.select();
  document.execCommand('insertText', false, '9');
  press('Enter', { ctrlKey: true }, input);
  expect(callsOf('training.begin')).toEqual([[{ ...defaultSettings, epochs: 9 }]]);
});

test('a running training shows its own settings, of which only the rate can be changed', async () => {
  await show();
  const own = { ...defaultSettings, epochs: 17, learningRate: 0.004 };
  app.state.status.set(statusOf('idle', { settings: null }));
  app.state.status.set(statusOf('training', { settings: own, learningRate: 0.00123 }));
  expect(field('Epochs').value).toBe('17');
  expect(field('Epochs').disabled).toBe(true);
  expect(field('Learning rate').value).toBe('0.004');
  expect(root.textContent).toContain('peak rate (cosine), in effect: 0.00123');
  expect(root.textContent).toContain('Setting a rate ends the cosine schedule.');
  write('Learning rate', '0.01');
  expect(callsOf('training.setLearningRate')).toEqual([[0.01]]);
  // After a reload too: only the status says which rate is in effect.
  app.state.status.set(statusOf('paused', { settings: own, learningRate: 5e-4, isScheduled: false }));
  expect(field('Learning rate').value).toBe('0.0005');
  expect(root.textContent).toContain('The rate is constant: setting it ended the cosine schedule.');
  button('Back to the cosine schedule').click();
  expect(callsOf('training.setLearningRate')).toEqual([[0.01], [null]]);
  expect(document.activeElement).toBe(field('Learning rate'));
  app.state.status.set(statusOf('paused', { settings: own, learningRate: 0.003 }));
  expect(field('Learning rate').value).toBe('0.004');
  app.state.status.set(statusOf('finished', { settings: own }));
  expect(field('Epochs').disabled).toBe(false);
  expect(field('Epochs').value).toBe('5');
  expect(field('Learning rate').value).toBe('0.002');
  expect(app.settings.value).toEqual(defaultSettings);
});

test('a rejected rate does not stay in the field', async () => {
  await show();
  app.state.status.set(statusOf('training'));
  app.answers['training.setLearningRate'] = () => {
    throw new Error('no');
  };
  write('Learning rate', '0.5');
  await expect.poll(() => field('Learning rate').value).toBe('0.002');
  expect(app.said).toEqual(['no']);
});

test('undo and redo name the action, and pass on the focus', async () => {
  await show();
  const none = { undo: null, redo: null };
  const offer = (model: UndoOffers['model']): void =>
    app.state.undo.set({ model, images: none, tuning: none });
  const row = root.querySelector<HTMLElement>('.training-model .undo')!;
  expect(row.hidden).toBe(true);
  offer({ undo: 'reset', redo: null });
  button('Undo Reset').focus();
  button('Undo Reset').click();
  offer({ undo: null, redo: 'reset' });
  expect(document.activeElement).toBe(button('Redo Reset'));
  await expect.poll(() => app.said).toEqual(['Undo Reset: done.']);
  button('Redo Reset').click();
  await expect.poll(() => callsOf('undo.redo')).toEqual([['model']]);
  // The button beside Train undoes what Train does.
  offer({ undo: 'train', redo: null });
  expect(row.hidden).toBe(true);
  expect(root.querySelector('.training-controls .undo')!.textContent).toContain('Undo new training');
});

test('text that is being edited stays when events arrive', async () => {
  await show();
  app.state.status.set(statusOf('idle', { settings: null }));
  app.state.status.set(statusOf('training'));
  field('Learning rate').value = '0.0';
  app.state.status.set(statusOf('training', { step: 151, learningRate: 9e-4 }));
  expect(field('Learning rate').value).toBe('0.0');
  expect(root.textContent).toContain('in effect: 9e-4');
});

test('a training of an earlier visit restores its settings, unless the URL contains some', async () => {
  await show();
  const earlier = { ...defaultSettings, model: 'simple' as const, seed: 3 };
  app.state.status.set(statusOf('paused', { settings: earlier }));
  expect(app.settings.value).toEqual(earlier);

  root.replaceChildren();
  app = fakeApp();
  app.settings.set({ ...defaultSettings, batchSize: 8 });
  await show();
  app.state.status.set(statusOf('paused', { settings: earlier }));
  expect(app.settings.value.batchSize).toBe(8);
});

test('a software adapter: fewer images are proposed, and declined', async () => {
  trainingView(root, app);
  app.state.device.set({ info: { ...gpu, family: 'software' }, problem: null });
  expect(app.settings.value).toEqual({ ...defaultSettings, ...proposalFor('software', 'small') });
  const proposal = root.querySelector<HTMLElement>('.training-proposal')!;
  expect(proposal.hidden).toBe(false);
  app.state.status.set(statusOf('training', { settings: app.settings.value }));
  expect(proposal.hidden).toBe(true);
  app.state.status.set(statusOf('finished'));
  expect(proposal.hidden).toBe(false);
  button('Use all images').click();
  expect(app.settings.value).toEqual(defaultSettings);
  expect(proposal.hidden).toBe(true);
});

test('nothing is proposed if a setting was changed, or on a GPU', async () => {
  await show();
  expect(app.settings.value).toEqual(defaultSettings);
  root.replaceChildren();
  app = fakeApp();
  app.settings.set({ ...defaultSettings, model: 'mlp' });
  trainingView(root, app);
  app.state.device.set({ info: { ...gpu, family: 'software' }, problem: null });
  expect(app.settings.value).toEqual({ ...defaultSettings, model: 'mlp' });
});

// ---- figures ----

test('figures and bars', async () => {
  await show();
  app.state.status.set(statusOf('training', { savedAt: Date.now() }));
  app.state.epochs.set([{ epoch: 1, step: 100, logs: { val_accuracy: 0.9512 } }]);
  await painted();
  const figures: unknown = Object.fromEntries(
    [...root.querySelectorAll('.training-figures > div')].map((one) => [
      one.querySelector('dt')?.textContent,
      one.querySelector('dd')?.textContent?.trim(),
    ]),
  );
  expect(figures).toEqual({
    'Images per second': '1,234',
    Step: '25.9 ms',
    'Time left': '9 s',
    'Loss, this epoch': '0.2500',
    'Accuracy, this epoch': '90.0 %',
    'Validation accuracy': '95.12 %',
  });
  const bars = [...root.querySelectorAll('progress')].map(({ value, ariaLabel }) => [ariaLabel, value]);
  expect(bars).toEqual([
    ['Progress of the training', 0.3],
    ['Progress of the epoch', 0.5],
  ]);
  expect(root.querySelector('.training-saved')?.textContent).toMatch(/^saved at /);
});

// ---- curves ----

const points = (count: number, from = 1): StepPoint[] =>
  Array.from({ length: count }, (_, i) => ({ step: from + i, loss: 2 / (from + i), accuracy: 0.5 }));

const loss = (): HTMLElement => root.querySelector<HTMLElement>('.curve [role="slider"]')!;

function inkOn(pad: HTMLElement): number {
  const canvas = pad.querySelector('canvas')!;
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
}

test('curves are drawn when points arrive, once per frame, and never without points', async () => {
  await show();
  expect(loss().closest('[hidden]')).not.toBeNull();
  app.state.steps.set({ points: points(50), isFresh: true });
  await painted();
  await painted();
  expect(loss().closest('[hidden]')).toBeNull();
  expect(inkOn(loss())).toBeGreaterThan(200);
  const clear = vi.spyOn(CanvasRenderingContext2D.prototype, 'clearRect');
  for (let i = 0; i < 20; i++) app.state.steps.set({ points: points(1, 51 + i), isFresh: false });
  await painted();
  expect(clear).toHaveBeenCalledTimes(2);
  await painted();
  await painted();
  expect(clear).toHaveBeenCalledTimes(2);
});

test('keys and pointer move the cursor on both curves', async () => {
  await show();
  app.state.steps.set({ points: points(100), isFresh: true });
  app.state.epochs.set([{ epoch: 1, step: 60, logs: { val_loss: 0.5, val_accuracy: 0.75 } }]);
  await painted();
  const pad = loss();
  pad.focus();
  press('Home', {}, pad);
  expect(pad.getAttribute('aria-valuetext')).toBe('Step 1: training 2.0000, this batch 2.0000');
  press('ArrowRight', {}, pad);
  expect(pad.getAttribute('aria-valuenow')).toBe('2');
  press('PageUp', {}, pad);
  expect(pad.getAttribute('aria-valuenow')).toBe('12');
  press('End', {}, pad);
  expect(pad.getAttribute('aria-valuetext')).toMatch(
    /^Step 100: training .*, this batch 0\.0200, validation 0\.5000$/,
  );
  await painted();
  const readouts = (): string[] =>
    [...root.querySelectorAll('.curve-readout')].map(({ textContent }) => textContent ?? '');
  expect(readouts()[0]).toContain('step 100');
  expect(readouts()[1]).toContain('step 100');
  press('Escape', {}, pad);
  await painted();
  expect(readouts()[0]).not.toContain('step');

  const { left, width, top } = pad.getBoundingClientRect();
  pad.dispatchEvent(new PointerEvent('pointermove', { clientX: left + width - 6, clientY: top + 20 }));
  await painted();
  expect(readouts()[1]).toContain('step 100');
  pad.dispatchEvent(new PointerEvent('pointerleave'));
  await painted();
  expect(readouts()[1]).not.toContain('step');
});

test('new numbers are not announced, but screen readers can read them at the cursor', async () => {
  await show();
  app.state.steps.set({ points: points(10), isFresh: true });
  await painted();
  const told = loss().getAttribute('aria-valuetext');
  app.state.steps.set({ points: points(10, 11), isFresh: false });
  await painted();
  expect(loss().getAttribute('aria-valuetext')).toBe(told);
  loss().focus();
  expect(loss().getAttribute('aria-valuetext')).toContain('Step 20:');
});

test('a new training starts with empty curves', async () => {
  await show();
  app.state.steps.set({ points: points(100), isFresh: true });
  app.state.steps.set({ points: points(3), isFresh: true });
  await painted();
  press('End', {}, loss());
  expect(loss().getAttribute('aria-valuenow')).toBe('3');
});

test('steps that are repeated after a loss of the device replace the earlier ones', async () => {
  await show();
  app.state.steps.set({ points: points(100), isFresh: true });
  app.state.steps.set({ points: [{ step: 80, loss: 7, accuracy: 0 }], isFresh: false });
  press('End', {}, loss());
  expect(loss().getAttribute('aria-valuetext')).toContain('Step 80:');
  expect(loss().getAttribute('aria-valuetext')).toContain('this batch 7.0000');
});

test('the table has the same numbers as the curves', async () => {
  await show();
  const epochs: EpochPoint[] = [
    {
      epoch: 1,
      step: 50,
      logs: { loss: 0.5, accuracy: 0.8, val_loss: 0.4, val_accuracy: 0.85, learning_rate: 1e-3 },
    },
    { epoch: 2, step: 100, logs: { loss: 0.25, accuracy: 0.9 } },
  ];
  app.state.steps.set({ points: points(100), isFresh: true });
  app.state.epochs.set(epochs);
  await painted();
  const details = [...root.querySelectorAll('details')].find((one) =>
    one.textContent?.includes('as a table'),
  )!;
  details.open = true;
  await painted();
  const rows = [...details.querySelectorAll('table')].map((table) =>
    [...table.querySelectorAll('tbody tr')].map((row) =>
      [...row.children].map(({ textContent }) => textContent),
    ),
  );
  expect(rows[0]).toEqual([
    ['1', '0.5000', '80.00 %', '0.4000', '85.00 %', '0.001'],
    ['2', '0.2500', '90.00 %', '–', '–', '–'],
  ]);
  expect(rows[1]?.[0]).toEqual(['1', '2.0000', '50.0 %']);
  expect(rows[1]?.at(-1)?.[0]).toBe('100');
});

// ---- announcements ----

test('many events give one summary', async () => {
  await show();
  const spoken = root.querySelector('[role="status"].sr-only')!;
  let changes = 0;
  new MutationObserver((records) => (changes += records.length)).observe(spoken, { childList: true });
  for (let i = 0; i < 40; i++)
    app.state.status.set(statusOf('training', { step: 150 + i, stepInEpoch: 50 + i }));
  await painted();
  expect(changes).toBe(1);
  expect(spoken.textContent).toBe(
    'Training: epoch 2 of 5, 30 % done, loss 0.2500, accuracy 90.0 %, 9.0 s left.',
  );
  app.state.status.set(statusOf('paused'));
  await painted();
  expect(changes).toBe(2);
});

// ---- the machine ----

test('memory as a bar and as a table', async () => {
  await show();
  app.state.memory.set({
    dispatches: 41,
    dispatchesWithoutFusion: 67,
    parameters: 23_002,
    parts: [
      { name: 'images', bytes: 3 * 2 ** 20 },
      { name: 'weights', bytes: 2 ** 20 },
    ],
    allocatedBytes: 4 * 2 ** 20,
    peakBytes: 5 * 2 ** 20,
    accumulation: 'Batch 512: 4 micro-batches of 128.',
  });
  const machine = root.querySelector<HTMLDetailsElement>('.training-machine')!;
  machine.open = true;
  const cells = [...machine.querySelectorAll('tbody tr')].map((row) =>
    [...row.children].map(({ textContent }) => textContent),
  );
  expect(cells).toEqual([
    ['images', '3 MiB', '75.0 %'],
    ['weights', '1 MiB', '25.0 %'],
  ]);
  const shares = [...machine.querySelectorAll<HTMLElement>('.memory-piece')].map(
    ({ style }) => style.flexGrow,
  );
  expect(shares).toEqual(['0.75', '0.25']);
  for (const words of [
    '5 MiB at the peak',
    '41 dispatches; without fusion it would have 67',
    '4 micro-batches',
    'Some GPU',
  ])
    expect(machine.textContent).toContain(words);
});

// ---- files ----

test('custom images can be chosen once there are some', async () => {
  await show();
  const option = field('Images').querySelector<HTMLOptionElement>('[value="custom"]')!;
  expect(option.disabled).toBe(true);
  app.state.sets.set({ digits: null, fashion: null, custom: null });
  expect(option.disabled).toBe(false);
});

test('missing images cannot be chosen, or used if the URL names them', async () => {
  await show();
  app.state.status.set(statusOf('idle', { settings: null }));
  const absent = 'Clothes are not installed. Run it.';
  app.state.sets.set({ digits: null, fashion: absent, custom: 'none of yours' });
  await painted();
  const fashion = field('Images').querySelector<HTMLOptionElement>('[value="fashion"]')!;
  const why = root.querySelector<HTMLElement>('#training-images-problem')!;
  expect([fashion.disabled, why.textContent, enabled()]).toEqual([true, '', ['Train']]);
  expect(root.textContent).toContain(absent);
  app.settings.set({ ...defaultSettings, dataset: 'fashion' });
  await painted();
  expect([fashion.disabled, why.textContent, enabled()]).toEqual([false, absent, []]);
  expect(button('Train').getAttribute('aria-describedby')).toBe(why.id);
  // After they have been installed.
  app.state.sets.set({ digits: null, fashion: null, custom: null });
  await painted();
  expect([why.textContent, enabled()]).toEqual(['', ['Train']]);
});

test('the model as a real file, with its name', async () => {
  await show();
  app.answers['models.download'] = () => ({ name: 'small.safetensors', bytes: Uint8Array.of(1, 2, 3) });
  const clicked: HTMLAnchorElement[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    clicked.push(this);
  });
  button('Download').click();
  await expect.poll(() => clicked).toHaveLength(1);
  expect(clicked[0]?.download).toBe('small.safetensors');
  const bytes = await (await fetch(clicked[0]!.href)).arrayBuffer();
  expect([...new Uint8Array(bytes)]).toEqual([1, 2, 3]);
});

test('models are opened and reset', async () => {
  await show();
  const input = root.querySelector<HTMLInputElement>('input[type="file"][accept]')!;
  const files = new DataTransfer();
  files.items.add(new File(['w'], 'mine.safetensors'));
  input.files = files.files;
  input.dispatchEvent(new Event('change'));
  await painted();
  app.answers['models.reset'] = () => {
    throw new Error('no model to go back to');
  };
  button('Reset').click();
  await painted();
  expect(app.calls.map(([name]) => name)).toEqual(['models.open', 'models.reset']);
  expect((callsOf('models.open')[0]![0] as File[]).map(({ name }) => name)).toEqual(['mine.safetensors']);
  expect(app.said).toEqual(['no model to go back to']);
  app.state.model.set({
    version: 1,
    name: 'small',
    origin: 'opened',
    parameterCount: 23_002,
    inputShape: [28, 28, 1],
    classNames: [],
    layers: [],
  });
  expect(root.textContent).toContain('small, 23,002 parameters, opened from a file.');
});

// ---- the URL ----

test('settings are written to the URL and read from it', () => {
  const { href, search } = location;
  try {
    history.replaceState(null, '', '?debug=2');
    const settings = new Store(defaultSettings);
    const notes: string[] = [];
    const entries = history.length;
    keepInAddress(settings, (text) => notes.push(text));
    settings.set({ ...defaultSettings, epochs: 7 });
    expect(location.search).toBe('?debug=2&epochs=7');
    expect(history.length).toBe(entries);
    history.replaceState(null, '', '?epochs=9&batch=zero');
    dispatchEvent(new PopStateEvent('popstate'));
    expect(settings.value).toEqual({ ...defaultSettings, epochs: 9 });
    expect(notes).toHaveLength(1);
    expect(location.search).toBe('?epochs=9');
  } finally {
    history.replaceState(null, '', href);
  }
  expect(location.search).toBe(search);
});
