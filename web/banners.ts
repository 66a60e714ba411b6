/** Banners at the top of the page: there is no WebGPU, or the device was lost. */
import { grouped } from '../src/report/charts/numbers.js';
import type { App } from './app.js';
import { reconnect } from './commands/training.js';
import { element } from './elements.js';
import { commandButton } from './views/command_button.js';

/** Browsers that enable WebGPU by default. Source: caniuse.com/webgpu, and the release notes of the browsers. */
const browsersWithWebGpu =
  'WebGPU works in Chrome and Edge 113 or later (newer versions on Linux and some phones), in Firefox 141 or later on Windows and 145 or later on macOS, and in Safari 26 or later.';

export function installBanners(root: HTMLElement, app: App): void {
  root.setAttribute('role', 'region');
  root.setAttribute('aria-label', 'Warnings');
  installAbsent(root, app);
  installLost(root, app);
}

function installAbsent(root: HTMLElement, { state }: App): void {
  const problem = element('p');
  const banner = bannerOf(
    'warning',
    element('p', {}, element('strong', {}, 'Training needs WebGPU, which is not available.')),
    element('p', {}, browsersWithWebGpu),
    element('p', {}, 'You can still draw and get predictions: the built-in model runs in JavaScript.'),
    element('details', {}, element('summary', {}, 'Details from the browser'), problem),
  );
  state.device.listen((device) => {
    if (!device || device.info) return banner.remove();
    problem.textContent = device.problem;
    root.append(banner);
  });
}

function installLost(root: HTMLElement, app: App): void {
  const { state } = app;
  const kept = element('p');
  const problem = element('p');
  const details = element(
    'details',
    { hidden: true },
    element('summary', {}, 'Details from the browser'),
    problem,
  );
  const button = commandButton(app, () => reconnect, { kind: 'small' }).root;
  const banner = bannerOf(
    'error',
    element('p', {}, element('strong', {}, 'The graphics device was lost.')),
    kept,
    details,
  );
  banner.append(button);
  // The browser's message arrives with the device event, before or after the phase changes.
  state.device.listen((device) => {
    problem.textContent = device?.problem ?? '';
    details.hidden = problem.textContent === '';
  });
  let before: Element | null = null;
  const leave = (): void => {
    const hadFocus = button === document.activeElement;
    banner.remove();
    if (hadFocus && before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
  state.status.listen((status) => {
    if (status?.phase !== 'lost') return leave();
    const why = 'Its driver was restarted, or the browser took it away.';
    const isSaved = status.step > 0;
    kept.textContent = !status.isUnderWay
      ? `${why} Nothing of yours was lost.`
      : isSaved
        ? `${why} You can resume from step ${grouped(status.step)}.`
        : `${why} No checkpoint had been saved yet, so the training starts again at step 0.`;
    if (banner.isConnected) return;
    root.append(banner);
    before = document.activeElement;
    button.focus({ preventScroll: true });
  });
}

function bannerOf(level: 'warning' | 'error', ...content: readonly HTMLElement[]): HTMLElement {
  return element(
    'div',
    { class: 'note', role: 'alert', 'data-level': level },
    element('div', {}, ...content),
  );
}
