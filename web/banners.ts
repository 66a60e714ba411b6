/** What must not be missed, above everything else: that there is no WebGPU, or that the device is gone. */
import type { App } from './app.js';
import { element, enable, onPress } from './elements.js';

/** Where WebGPU is, by default. Source: caniuse.com/webgpu, and the release notes of the browsers. */
const browsersWithWebGpu =
  'WebGPU is in Chrome and Edge since version 113 (on Linux and some phones later), in Firefox since 141 on Windows and 145 on macOS, in Safari since 26.';

export function installBanners(root: HTMLElement, app: App): void {
  root.setAttribute('role', 'region');
  root.setAttribute('aria-label', 'Warnings');
  installAbsent(root, app);
  installLost(root, app);
}

function installAbsent(root: HTMLElement, { heard }: App): void {
  const problem = element('p');
  const banner = bannerOf(
    'warning',
    element('p', {}, element('strong', {}, 'No WebGPU, so no training here.')),
    element('p', {}, browsersWithWebGpu),
    element(
      'p',
      {},
      'Drawing and predicting work all the same, with the model that came with this page, computed in JavaScript.',
    ),
    element('details', {}, element('summary', {}, 'What this browser says'), problem),
  );
  heard.device.listen((device) => {
    if (!device || device.info) return banner.remove();
    problem.textContent = device.problem;
    root.append(banner);
  });
}

function installLost(root: HTMLElement, { heard, worker, attempt }: App): void {
  const kept = element('p');
  const goOn = element('button', { type: 'button', class: 'button small' }, 'Go on');
  const banner = bannerOf(
    'error',
    element('p', {}, element('strong', {}, 'The graphics device is gone.')),
    kept,
  );
  banner.append(goOn);
  let before: Element | null = null;
  const leave = (): void => {
    const hadFocus = goOn === document.activeElement;
    banner.remove();
    if (hadFocus && before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
  heard.status.listen((status) => {
    if (status?.phase !== 'lost') return leave();
    const why = 'Its driver was restarted, or the browser took it away.';
    kept.textContent = status.canGoOn
      ? `${why} What was saved at step ${status.step} is kept; the training can go on from there.`
      : `${why} Nothing of yours was lost.`;
    if (banner.isConnected) return;
    root.append(banner);
    before = document.activeElement;
    goOn.focus({ preventScroll: true });
  });
  onPress(goOn, () => {
    enable(goOn, false);
    // Nothing to wait for: `attempt` says what goes wrong.
    void attempt(() => worker.training.resume()).finally(() => enable(goOn, true));
  });
}

function bannerOf(level: 'warning' | 'error', ...content: readonly HTMLElement[]): HTMLElement {
  return element(
    'div',
    { class: 'note', role: 'alert', 'data-level': level },
    element('div', {}, ...content),
  );
}
