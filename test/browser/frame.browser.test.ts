/**
 * The page around the views, with a fake worker.
 *
 *   no WebGPU   a banner that says what still works; removed when there is a device
 *   lost        one banner whose button resumes; removed when the training continues
 *   device      its name, or that it is a CPU
 *   notes       one for a repeated text; errors stay, others disappear; announced immediately, or one after the other
 *   theme       the switch sets, stores and reports it; auto follows the system again
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installBanners } from '../../web/banners.js';
import { installDeviceLine } from '../../web/device_line.js';
import { element } from '../../web/elements.js';
import { installNotes } from '../../web/notes.js';
import type { DeviceInfo } from '../../web/protocol.js';
import { installThemeSwitch, onThemeChange } from '../../web/theme_switch.js';
import { type FakeApp, fakeApp, statusOf } from './fake_app.js';

const gpu: DeviceInfo = {
  name: 'Some GPU',
  vendor: 'maker',
  architecture: 'arch',
  family: 'gpu',
  subgroupSize: 32,
  hasTimestamps: true,
};

let app: FakeApp;
let root: HTMLElement;
beforeEach(() => {
  root = element('div');
  document.body.replaceChildren(root);
  app = fakeApp();
});
afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
  delete document.documentElement.dataset['theme'];
});

describe('banners', () => {
  beforeEach(() => installBanners(root, app));

  it('without WebGPU: what works, how to get it, why not', () => {
    app.state.device.set({ info: null, problem: 'The browser finds no adapter.' });
    expect(root.textContent).toContain('Training needs WebGPU, which is not available.');
    expect(root.textContent).toContain('You can still draw and get predictions');
    expect(root.textContent).toMatch(/Chrome and Edge.*113.*Firefox.*141.*Safari.*26/);
    expect(root.textContent).toContain('The browser finds no adapter.');
    app.state.device.set({ info: gpu, problem: null });
    expect(root.childElementCount).toBe(0);
  });

  it('a lost device: one banner, whose button resumes', async () => {
    app.state.status.set(statusOf('lost', { step: 150 }));
    app.state.status.set(statusOf('lost', { step: 150 }));
    expect(root.childElementCount).toBe(1);
    expect(root.textContent).toContain('You can resume from step 150.');
    const button = root.querySelector('button')!;
    expect(document.activeElement).toBe(button);
    button.click();
    expect(button.ariaDisabled).toBe('true');
    await expect.poll(() => button.ariaDisabled).toBe(null);
    expect(app.calls).toEqual([['training.resume']]);
    app.state.status.set(statusOf('training'));
    expect(root.childElementCount).toBe(0);
  });

  it('a device lost before the first checkpoint: says that the training starts again', () => {
    app.state.status.set(statusOf('lost', { step: 0 }));
    expect(root.textContent).toContain(
      'No checkpoint had been saved yet, so the training starts again at step 0.',
    );
    expect(root.querySelector('button')!.textContent).toBe('Start again');
  });

  it('a lost device: the message of the browser', () => {
    app.state.device.set({ info: gpu, problem: 'It was reset.' });
    app.state.status.set(statusOf('lost'));
    expect(root.querySelector('details')!.textContent).toBe('Details from the browserIt was reset.');
    app.state.device.set({ info: gpu, problem: null });
    expect(root.querySelector('details')!.hidden).toBe(true);
  });

  it('a device lost after the end of a training: nothing to resume', () => {
    app.state.status.set(statusOf('lost', { isUnderWay: false }));
    expect(root.textContent).toContain('Nothing of yours was lost.');
    expect(root.querySelector('button')!.textContent).toBe('Reconnect');
  });

  it('a device lost without a training: nothing was lost; a failed reconnect shows an error', async () => {
    app.answers['training.resume'] = () => {
      throw new Error('no device');
    };
    app.state.status.set(statusOf('lost', { settings: null, isUnderWay: false }));
    expect(root.textContent).toContain('Nothing of yours was lost.');
    root.querySelector('button')!.click();
    await expect.poll(() => app.said).toEqual(['no device']);
  });
});

it.each([
  [gpu, 'ready', 'Some GPU, through WebGPU'],
  [{ ...gpu, name: '' }, 'ready', 'GPU, through WebGPU'],
  [{ ...gpu, name: 'llvmpipe', family: 'software' }, 'ready', 'No GPU found: running on the CPU (slow)'],
  [null, 'absent', 'No WebGPU: predictions run in JavaScript'],
])('the device line %#', (info, state, words) => {
  const name = element('span', { id: 'device-name' });
  root.append(name);
  installDeviceLine(root, app);
  app.state.device.set({ info, problem: null });
  expect([root.dataset['state'], name.textContent]).toEqual([state, words]);
});

describe('notes', () => {
  const install = () => {
    const [spoken, atOnce] = [element('div'), element('div')];
    return { ...installNotes(root, spoken, atOnce), spoken, atOnce };
  };

  it('are one for the same text, and can be closed', () => {
    const { say } = install();
    say('Saved.');
    say('Opened.');
    say('Saved.');
    expect([...root.querySelectorAll('p')].map((each) => each.textContent)).toEqual(['Opened.', 'Saved.']);
    root.querySelector('button')!.click();
    expect(root.childElementCount).toBe(1);
  });

  it('disappear after a while, except errors', () => {
    vi.useFakeTimers();
    const { say } = install();
    say('Saved.');
    say('Broken.', 'error');
    vi.advanceTimersByTime(60_000);
    expect([...root.querySelectorAll('p')].map((each) => each.textContent)).toEqual(['Broken.']);
    expect(root.firstElementChild).toHaveProperty('dataset.level', 'error');
  });

  it('of errors are one per cause, removed when it is settled, also from the live region', () => {
    const { say, settle, atOnce } = install();
    const texts = () => [...root.querySelectorAll('p')].map((each) => each.textContent);
    say('No model.', 'error', 'model');
    say('Still no model.', 'error', 'model');
    say('No images.', 'error', 'images');
    expect(texts()).toEqual(['Still no model.', 'No images.']);
    settle('images');
    expect([texts(), atOnce.textContent]).toEqual([['Still no model.'], '']);
    settle('model');
    expect(texts()).toEqual([]);
  });

  it('are announced one after the other, only the last of many, and errors immediately', () => {
    vi.useFakeTimers();
    const { say, spoken, atOnce } = install();
    say('one');
    say('two');
    say('three');
    say('Broken.', 'error');
    expect([spoken.textContent, atOnce.textContent]).toEqual(['one', 'Broken.']);
    vi.advanceTimersByTime(2_000);
    expect(spoken.textContent).toBe('three');
    vi.advanceTimersByTime(2_000);
    say('four');
    expect(spoken.textContent).toBe('four');
    // The live region is cleared together with the note.
    vi.advanceTimersByTime(60_000);
    expect(spoken.textContent).toBe('');
  });
});

it('the theme switch sets, stores and reports the theme', () => {
  const { dataset } = document.documentElement;
  const radios = ['auto', 'light', 'dark'].map((value) =>
    element('input', { type: 'radio', name: 'theme', value }),
  );
  root.append(...radios);
  const listener = vi.fn<() => void>();
  onThemeChange(listener);
  installThemeSwitch(root);
  expect(radios.map(({ checked }) => checked)).toEqual([true, false, false]);
  radios[2]!.click();
  expect([dataset['theme'], localStorage.getItem('shadegrad.theme')]).toEqual(['dark', 'dark']);
  radios[0]!.click();
  expect([dataset['theme'], localStorage.getItem('shadegrad.theme')]).toEqual([undefined, null]);
  expect(listener).toHaveBeenCalledTimes(2);
});
